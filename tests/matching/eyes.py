"""What stories about four eyes and confirmed golden records need: rules, marks, and what is done by hand."""

from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from golden_records.change import Change
from golden_records.entities import entity_type
from golden_records.models import Endorsement, GoldenCustomer, SourceRecord
from matching import endorsing, regrouping, steward_settings
from matching.models import FourEyesRule
from matching.regroup_plan import Regrouping, RegroupKind
from matching.regroup_preview import look
from matching.stewards import by_steward
from tests.factories import a_change

CUSTOMER = entity_type("customer")


def a_rule(entity: str = "", value_from: int | None = None, *, is_active: bool = True, only_confirmed: bool = False) -> FourEyesRule:
    """A four-eyes rule, made as an administrator makes it."""
    rule = FourEyesRule(
        entity=entity, value_from=value_from, only_confirmed=only_confirmed, is_active=is_active, reason="agreed with audit"
    )
    with transaction.atomic():
        steward_settings.keep(rule, change=a_change())
    return rule


def home(record: SourceRecord) -> UUID:
    """The golden customer that a record was made in."""
    return UUID(str(record.golden_id))


def said(user: User, reason: str = "I called them") -> Change:
    """A change of a steward's, with why."""
    return by_steward(user, reason)


def confirm(record: SourceRecord, user: User, reason: str = "I called them") -> Endorsement:
    """Confirm a golden customer as one does who looks at it now."""
    version = GoldenCustomer.objects.get(pk=home(record)).version
    return endorsing.confirm(CUSTOMER, home(record), version=version, change=said(user, reason))


def by_hand(wish: Regrouping, user: User, *, overrules: bool = False) -> Any:
    """Look at what would be done to golden customers, and do it."""
    change = said(user, "told by the customer")
    seen = look(CUSTOMER, wish, change=change)
    return regrouping.carry_out(CUSTOMER, wish, fingerprint=seen.fingerprint, change=change, overrules=overrules)


def merge(one: SourceRecord, other: SourceRecord, user: User, *, overrules: bool = False) -> Any:
    """Merge two golden customers by hand."""
    return by_hand(Regrouping(RegroupKind.MERGE, home(one), home(other)), user, overrules=overrules)
