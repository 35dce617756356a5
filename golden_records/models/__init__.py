"""The tables of what the firm knows."""

from golden_records.models.access import AccessLimit
from golden_records.models.attributes import (
    CustomerAttributes,
    CustomerKind,
    ProjectAttributes,
    ProjectFactAttributes,
)
from golden_records.models.audit import AuditAction, AuditEntry, AuditSeal, UnsealedEntry
from golden_records.models.endorsements import Endorsement
from golden_records.models.erasures import EmptiedEntry, EmptiedEvent, Erasure, WhenSentAgain
from golden_records.models.events import ChangeEvent, EventType, Seal, UnsealedEvent
from golden_records.models.golden import GoldenCustomer, GoldenProject, GoldenRecord, GoldenState, MergeReceipt
from golden_records.models.hierarchy import HierarchyProgress, Parentage, ParentOrigin, ParentState
from golden_records.models.imports import ImportJob, ImportState, QuarantinedRow, QuarantineState
from golden_records.models.lookups import AnyOf, Given
from golden_records.models.moves import MoveKind, MoveReceipt
from golden_records.models.overrides import Override, OverrideEnd, OverrideLife, OverrideState
from golden_records.models.records import (
    CustomerRecord,
    LinkSource,
    MatchState,
    ProjectFact,
    ProjectRecord,
    RecordState,
    SourceRecord,
)
from golden_records.models.remapping import MappingRun, MappingRunKind
from golden_records.models.rules import Confirmation, RulesRun, RulesRunKind, SurvivorshipVersion
from golden_records.models.sources import SourceMapping, SourceSystem
from golden_records.models.stepwise import StepwiseState
from golden_records.models.webhooks import (
    DeadLetterState,
    DeliveryKind,
    WebhookDeadLetter,
    WebhookDelivery,
    WebhookProgress,
    WebhookSecret,
    WebhookSubscription,
)

__all__ = [
    "AccessLimit",
    "AnyOf",
    "AuditAction",
    "AuditEntry",
    "AuditSeal",
    "ChangeEvent",
    "Confirmation",
    "CustomerAttributes",
    "CustomerKind",
    "CustomerRecord",
    "DeadLetterState",
    "DeliveryKind",
    "EmptiedEntry",
    "EmptiedEvent",
    "Endorsement",
    "Erasure",
    "EventType",
    "Given",
    "GoldenCustomer",
    "GoldenProject",
    "GoldenRecord",
    "GoldenState",
    "HierarchyProgress",
    "ImportJob",
    "ImportState",
    "LinkSource",
    "MappingRun",
    "MappingRunKind",
    "MatchState",
    "MergeReceipt",
    "MoveKind",
    "MoveReceipt",
    "Override",
    "OverrideEnd",
    "OverrideLife",
    "OverrideState",
    "ParentOrigin",
    "ParentState",
    "Parentage",
    "ProjectAttributes",
    "ProjectFact",
    "ProjectFactAttributes",
    "ProjectRecord",
    "QuarantineState",
    "QuarantinedRow",
    "RecordState",
    "RulesRun",
    "RulesRunKind",
    "Seal",
    "SourceMapping",
    "SourceRecord",
    "SourceSystem",
    "StepwiseState",
    "SurvivorshipVersion",
    "UnsealedEntry",
    "UnsealedEvent",
    "WebhookDeadLetter",
    "WebhookDelivery",
    "WebhookProgress",
    "WebhookSecret",
    "WebhookSubscription",
    "WhenSentAgain",
]
