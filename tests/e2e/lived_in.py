"""An installation that people have worked in, so that no page of it is empty: through the same doors as they use."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final
from uuid import UUID

import yaml
from django.contrib.auth.models import User
from django.db import transaction
from django.test import override_settings

from api.keys import create_key
from api.models import ApiKey
from golden_records import sealing
from golden_records.change import Change
from golden_records.entities import entity_type
from golden_records.importing import ImportOptions, import_file
from golden_records.models import MoveReceipt
from golden_records.overriding import Wish
from golden_records.publishing import document_in_force
from golden_records.source_systems import save_mapping
from matching import endorsing, overriding, regrouping, rehearsing, review, rule_runs, runs
from matching.models import JudgementValue, ReviewTask, TaskState
from matching.regroup_plan import Regrouping, RegroupKind
from matching.regroup_preview import look
from matching.reporting import ask_for
from matching.reports.jobs import Asker
from matching.reports.registry import REPORTS
from tests.factories import a_source
from tests.golden_records.importing import CUSTOMERS, customers_csv
from tests.golden_records.webhooks.receiver import ALLOWED, receiving, replies
from tests.golden_records.webhooks.stories import AN_UPDATE, delivered_in_turns, endpoint, happened

_CUSTOMER: Final = entity_type("customer")
_KEY: Final = "loader"


def live_in(person: User) -> UUID:
    """Let a steward do a bit of everything, once; the golden customer with most of a past."""
    if ApiKey.objects.filter(name=_KEY).exists():
        return MoveReceipt.objects.order_by("-pk")[0].from_id

    def by(reason: str) -> Change:
        return Change(actor=f"steward:{person.username}", reason=reason, user_id=person.pk)

    golden_id = _a_past(by)
    _answers(person)
    _rows_in_quarantine(by)
    _configs_and_rules(by)
    with transaction.atomic():
        create_key(name=_KEY, source="web", scopes=["ingest"], change=by("for the nightly load"))
    _a_webhook()
    _reports(person, golden_id)
    sealing.seal()
    return golden_id


def _a_past(by: Callable[[str], Change]) -> UUID:
    """Overridden, confirmed, split, put together again and split once more."""
    golden = _CUSTOMER.goldens.filter(state="active", member_count__gte=2).order_by("-member_count", "-completeness", "pk").first()
    record_id = _CUSTOMER.records.filter(golden_id=golden.pk).order_by("-pk").values_list("pk", flat=True).first()

    def split(reason: str) -> int:
        wish = Regrouping(RegroupKind.SPLIT, golden.pk, record_ids=(record_id,))
        seen = look(_CUSTOMER, wish, change=by(reason)).fingerprint
        return regrouping.carry_out(_CUSTOMER, wish, fingerprint=seen, change=by(reason)).pk

    overriding.override(_CUSTOMER, golden.pk, Wish("segment", {"segment": "Key account"}), change=by("agreed with sales"))
    overriding.override(_CUSTOMER, golden.pk, Wish("industry", {"industry": "Energy"}), change=by("as the register says"))
    version = _CUSTOMER.goldens.values_list("version", flat=True).get(pk=golden.pk)
    endorsing.confirm(_CUSTOMER, golden.pk, version=version, change=by("checked with the register on the phone"))
    regrouping.undo_move(split("the subsidiary in Lyon is a firm of its own"), change=by("it was merged into the mother in 2025"))
    split("the register says that they are two after all")
    return UUID(str(golden.pk))


def _answers(person: User) -> None:
    tasks = list(ReviewTask.objects.filter(state=TaskState.OPEN, kind="possible_match").order_by("-pk")[:3])
    for task, answer in zip(tasks, (JudgementValue.SAME, JudgementValue.DIFFERENT, JudgementValue.SAME), strict=False):
        review.decide(task.pk, answer=answer, user=person, comment="seen in the register")
    review.undo(tasks[-1].pk, user=person)


def _rows_in_quarantine(by: Callable[[str], Change]) -> None:
    source = a_source("web")
    save_mapping(source, "customer", CUSTOMERS, change=by("the web shop's columns"))
    with tempfile.TemporaryDirectory() as folder:
        path = customers_csv(Path(folder) / "web-customers.csv", 6, bad_every=3)
        import_file(source, "customer", path, change=by("import of web-customers.csv"), options=ImportOptions())
    runs.work_on(runs.start(_CUSTOMER, actor="command:match").pk)


def _configs_and_rules(by: Callable[[str], Change]) -> None:
    number, document = document_in_force(_CUSTOMER)
    rule_runs.work_on(rule_runs.publish(_CUSTOMER, document, based_on=number, change=by("as agreed")).pk, seconds=20)
    wished = yaml.safe_load(rehearsing.text_in_force(_CUSTOMER))
    wished["thresholds"]["auto"] = 0.7
    config = rehearsing.read(_CUSTOMER, yaml.safe_dump(wished))
    runs.work_on(rehearsing.start(_CUSTOMER, config, change=by("fewer questions")).pk)


def _a_webhook() -> None:
    # What happened so far has its place: the endpoint hears only what comes.
    sealing.seal()
    with override_settings(WEBHOOK_ALLOWED_NETWORKS=[f"{ALLOWED}/32"]), receiving() as receiver:
        subscribed = endpoint(receiver)
        receiver.reply = replies(422, b"unknown field")
        happened(AN_UPDATE)
        delivered_in_turns(subscribed)


def _reports(person: User, golden_id: UUID) -> None:
    asker = Asker(actor=f"steward:{person.username}", user_id=person.pk, with_values=True, with_readings=True)
    ask_for(REPORTS["changes"], "html", {"entity": "customer"}, by=asker)
    ask_for(REPORTS["dossier"], "csv", {"entity": "customer", "canonical_id": str(golden_id)}, by=asker)
