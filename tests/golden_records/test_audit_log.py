"""Nobody rewrites what was told and done: the database refuses, and the chain tells where somebody did all the same."""

import json
import random
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any, Final

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from golden_records import auditing, chain_checks, protection, sealing
from golden_records.auditing import Reading
from golden_records.chain import AUDIT, FEED
from golden_records.models import AuditEntry, AuditSeal, ChangeEvent, EmptiedEntry, Erasure, Seal, SourceSystem, UnsealedEntry
from golden_records.models.golden import new_canonical_id
from golden_records.source_systems import save_source
from tests.factories import a_change, a_record

pytestmark = pytest.mark.django_db

TAMPERINGS: Final = 100
ADDRESS: Final = ["email", "city"]


@pytest.fixture
def entries() -> list[AuditEntry]:
    """Ten entries of different kinds, sealed."""
    for number in range(8):
        read = Reading("customer", [new_canonical_id()], ADDRESS, subject=f"crm/{number}", content={"records": number})
        auditing.reading(read, change=a_change(f"reading {number}"))
    for code in ("crm", "erp"):
        save_source(code, {"name": code.upper(), "trust": 50}, change=a_change("the first source"))
    sealing.seal(AUDIT)
    return list(AuditEntry.objects.order_by("pk"))


def offences() -> list[dict[str, Any]]:
    return [dict(offence.ids) for check in chain_checks.checks_of(AUDIT) for offence in check.find()]


def test_the_log_of_an_undisturbed_service_holds(entries: list[AuditEntry]) -> None:
    assert [entry.seal.seq for entry in entries] == list(range(1, 11))
    assert offences() == []
    assert not UnsealedEntry.objects.exists()


def test_whatever_has_a_history_and_says_what_is_told_of_it_is_told(entries: list[AuditEntry]) -> None:
    del entries
    save_source("crm", {"name": "CRM", "trust": 90}, change=a_change("it was cleaned"))
    last = AuditEntry.objects.latest("pk")
    assert (last.action, last.kind, last.reason) == ("changed", "sourcesystem", "it was cleaned")
    assert last.content == {"code": "crm", "name": "CRM", "trust": 90, "country": "FR", "owner": "", "is_active": True}
    assert last.subject == str(SourceSystem.objects.get(code="crm").pk)


def _replaced(text: str, generator: random.Random) -> str:
    """Give the text with one byte of it changed."""
    place = generator.randrange(len(text))
    return text[:place] + chr(ord(text[place]) ^ 1) + text[place + 1 :]


def _tamper(generator: random.Random, entry: AuditEntry) -> None:
    columns: dict[str, Callable[[], Any]] = {
        "actor": lambda: _replaced(entry.actor, generator),
        "reason": lambda: _replaced(str(entry.reason), generator),
        "correlation_id": lambda: _replaced(entry.correlation_id, generator),
        "subject": lambda: _replaced(str(entry.subject), generator),
        "salt": lambda: _replaced(str(entry.salt), generator),
        "kind": lambda: _replaced(entry.kind, generator),
        "attributes": lambda: [_replaced(name, generator) for name in entry.attributes or ()],
        "at": lambda: entry.at + timedelta(microseconds=1),
        "action": lambda: "deleted",
    }
    column = generator.choice([*columns, "hash", "digest"])
    if column in columns:
        AuditEntry.objects.filter(pk=entry.pk).update(**{column: columns[column]()})
        return
    kept = bytearray(getattr(entry.seal, column))
    kept[generator.randrange(len(kept))] ^= 1 << generator.randrange(8)
    AuditSeal.objects.filter(entry=entry).update(**{column: bytes(kept)})


@pytest.mark.parametrize("seed", range(TAMPERINGS))
def test_a_single_byte_that_was_changed_is_found_where_it_is(entries: list[AuditEntry], seed: int) -> None:
    generator = random.Random(seed)  # noqa: S311  # picks places, keeps no secret
    entry = generator.choice(entries)
    with protection.unprotected():
        _tamper(generator, AuditEntry.objects.select_related("seal").get(pk=entry.pk))
    assert entry.seal.seq in {found.get("seq") for found in offences()}


def test_an_entry_that_was_removed_is_missed(entries: list[AuditEntry]) -> None:
    with protection.unprotected():
        AuditSeal.objects.filter(entry=entries[4]).delete()
        AuditEntry.objects.filter(pk=entries[4].pk).delete()
    assert {"seq": 6} in offences()


def test_entries_that_changed_places_are_found(entries: list[AuditEntry]) -> None:
    one, other = entries[2].seal, entries[6].seal
    with protection.unprotected():
        AuditSeal.objects.filter(seq__in=(one.seq, other.seq)).delete()
        for seal, entry in ((one, entries[6]), (other, entries[2])):
            AuditSeal.objects.create(seq=seal.seq, entry=entry, digest=seal.digest, hash=seal.hash, sealed_at=seal.sealed_at)
    assert {3, 7} <= {found["seq"] for found in offences()}


def test_an_entry_that_was_put_in_is_found(entries: list[AuditEntry]) -> None:
    last = entries[-1]
    put_in = AuditEntry.objects.create(at=last.at, actor="steward:nobody", action="read", kind="customer", correlation_id="x", salt="y")
    assert offences() == [{"entry": put_in.pk}], "it never came to the sealer"
    AuditSeal.objects.create(seq=11, entry=put_in, digest=last.seal.digest, hash=last.seal.hash, sealed_at=last.seal.sealed_at)
    assert offences() == [{"seq": 11, "entry": put_in.pk}]


def test_what_is_erased_is_told_and_the_chain_holds(entries: list[AuditEntry]) -> None:
    entry = entries[3]
    emptied = {"subject": None, "content": None, "reason": None, "salt": None}
    AuditEntry.objects.filter(pk=entry.pk).update(**emptied)
    assert offences() == [{"seq": 4, "entry": entry.pk}]
    told = {"golden_id": new_canonical_id(), "when_sent_again": "new", "actor": "steward:a", "correlation_id": "x", "at": timezone.now()}
    EmptiedEntry.objects.create(pk=entry.pk, erasure=Erasure.objects.create(entity="customer", reason="asked for", **told))
    assert offences() == []


@pytest.mark.parametrize("column", ["actor", "reason", "at", "salt"])
def test_the_database_refuses_to_change_an_entry(entries: list[AuditEntry], column: str) -> None:
    value = timezone.now() if column == "at" else "another"
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEntry.objects.filter(pk=entries[0].pk).update(**{column: value})


def test_the_database_refuses_to_remove_or_to_seal_anew(entries: list[AuditEntry]) -> None:
    a_record("1", legal_name="Acme")
    sealing.seal(FEED)
    for attempt in (
        lambda: AuditSeal.objects.filter(entry=entries[0]).delete(),
        lambda: AuditSeal.objects.filter(entry=entries[0]).update(hash=b"\0" * 32),
        lambda: Seal.objects.update(hash=b"\0" * 32),
        lambda: Seal.objects.all().delete(),
        lambda: ChangeEvent.objects.update(actor="somebody else"),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            attempt()


def test_a_database_that_does_not_refuse_is_found() -> None:
    (check,) = [check for check in chain_checks.CHECKS if check.name == "append-only"]
    assert list(check.find()) == []
    with protection.unprotected():
        assert {offence.ids["table"] for offence in check.find()} == {
            model._meta.db_table for model in (ChangeEvent, Seal, AuditEntry, AuditSeal)
        }
    assert list(check.find()) == []


def _verified(*options: str) -> str:
    out = StringIO()
    call_command("verify_audit", *options, stdout=out)
    return out.getvalue()


def test_the_command_says_that_all_holds(entries: list[AuditEntry]) -> None:
    del entries
    told = _verified()
    assert "OFFENCE" not in told
    assert told.count("holds") == len(chain_checks.CHECKS)


def test_the_command_names_what_does_not(entries: list[AuditEntry]) -> None:
    with protection.unprotected():
        AuditEntry.objects.filter(pk=entries[5].pk).update(actor="somebody")
    with pytest.raises(CommandError, match="1 offence") as raised:
        _verified()
    assert raised.value.returncode == 1


def test_a_tail_that_was_cut_off_is_found_by_a_head_kept_elsewhere(entries: list[AuditEntry], tmp_path: Path) -> None:
    head = tmp_path / "head.json"
    call_command("audit_head", "--output", str(head))
    assert json.loads(head.read_text(encoding="utf-8"))["chains"]["audit log"]["seq"] == 10
    assert "OFFENCE" not in _verified("--against", str(head))
    with protection.unprotected():
        AuditSeal.objects.filter(seq__gt=8).delete()
        AuditEntry.objects.filter(pk__in=[entry.pk for entry in entries[8:]]).delete()
    assert offences() == [], "the chain alone can't tell"
    with pytest.raises(CommandError, match="1 offence"):
        _verified("--against", str(head))


def test_a_file_that_is_no_head_is_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_text("[]", encoding="utf-8")
    with pytest.raises(CommandError, match="audit_head"):
        _verified("--against", str(wrong))


@pytest.mark.only_on("postgresql")
def test_the_tables_can_not_be_truncated(entries: list[AuditEntry]) -> None:
    del entries
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            cursor.execute(f"TRUNCATE {AuditSeal._meta.db_table}")
