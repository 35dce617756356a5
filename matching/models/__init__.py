"""The tables of matching: configs, blocking keys, runs, decisions, review tasks and judgements.

Records are named by entity type and id: one table serves every entity type, and a judgement outlives any link.
"""

from matching.models.configs import BlockingKey, CommonKey, MatchConfigVersion
from matching.models.decisions import MatchDecision, Outcome
from matching.models.learning import CheckedPair, CheckKind, CheckSample, LearningState, LearningWork, QualityReport
from matching.models.reports import ReportFormat, ReportJob, ReportPart, ReportState
from matching.models.review import WITHIN_ONE, Judgement, JudgementValue, ReviewTask, TaskKind, TaskState
from matching.models.runs import ChunkKind, MatchAttempt, MatchRun, Pulse, RunChunk, RunKind, RunState
from matching.models.stewarding import (
    Bulk,
    BulkAct,
    FourEyesRule,
    Proposal,
    ProposalState,
    ReasonCode,
    SavedView,
    TaskClaim,
)

__all__ = [
    "WITHIN_ONE",
    "BlockingKey",
    "Bulk",
    "BulkAct",
    "CheckKind",
    "CheckSample",
    "CheckedPair",
    "ChunkKind",
    "CommonKey",
    "FourEyesRule",
    "Judgement",
    "JudgementValue",
    "LearningState",
    "LearningWork",
    "MatchAttempt",
    "MatchConfigVersion",
    "MatchDecision",
    "MatchRun",
    "Outcome",
    "Proposal",
    "ProposalState",
    "Pulse",
    "QualityReport",
    "ReasonCode",
    "ReportFormat",
    "ReportJob",
    "ReportPart",
    "ReportState",
    "ReviewTask",
    "RunChunk",
    "RunKind",
    "RunState",
    "SavedView",
    "TaskClaim",
    "TaskKind",
    "TaskState",
]
