from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from golden_records import quarantine
from golden_records.change import Change
from golden_records.entities import ENTITIES
from golden_records.errors import RejectedRecord
from golden_records.models import CustomerRecord, ProjectFact, ProjectRecord, QuarantinedRow, QuarantineState
from golden_records.quarantine import AlreadyResolved, UnknownColumn, UnknownQuarantinedRow
from golden_records.sources import SourceRecordDraft, StoreOutcome, store, understand
from tests.factories import a_change, a_source
from tests.golden_records.importing import HEADER, a_mapped_source, imported

pytestmark = pytest.mark.django_db

CUSTOMER = ENTITIES["customer"]


@pytest.fixture(autouse=True)
def mapped() -> None:
    a_mapped_source()


def quarantined(tmp_path: Path, line: str) -> QuarantinedRow:
    """The row of a file that could not be taken."""
    path = tmp_path / "accounts.csv"
    path.write_text(f"{HEADER}\n{line}\n", encoding="utf-8")
    imported(path)
    return QuarantinedRow.objects.latest("id")


def kept(**attributes: object) -> QuarantinedRow:
    """A record that a program sent and that could not be taken."""
    draft = SourceRecordDraft(CUSTOMER, a_source(), "0042", attributes=attributes)
    with pytest.raises(RejectedRecord) as caught:
        understand(draft)
    return quarantine.keep(draft, caught.value, change=a_change("sent"))


def test_a_mended_row_becomes_the_record_it_should_have_been(tmp_path: Path) -> None:
    row = quarantined(tmp_path, "1,Acme,Lyon,good,2025-03-01")
    steward = User.objects.create_user("grace")
    change = Change(actor="steward:grace", reason="asked the client", user_id=steward.pk)
    replay = quarantine.mend_and_replay(row.pk, {"Note": "8"}, change=change)
    assert replay.outcome is StoreOutcome.CREATED
    record = CustomerRecord.objects.get()
    assert (record.legal_name, str(record.satisfaction), record.payload["Note"]) == ("Acme", "8.00", "8")
    row.refresh_from_db()
    assert (row.state, row.resolved_by, row.resolved_at) == (QuarantineState.REPLAYED, steward, change.at)
    latest = row.history.latest()
    assert (latest.actor, latest.history_change_reason, latest.history_user) == ("steward:grace", "asked the client", steward)


def test_a_correction_that_is_not_enough_is_kept_and_what_is_still_wrong_is_told(tmp_path: Path) -> None:
    row = quarantined(tmp_path, "1,Acme,Lyon,good,yesterday")
    replay = quarantine.mend_and_replay(row.pk, {"Note": "8"}, change=a_change())
    assert replay.outcome is None
    row.refresh_from_db()
    assert (row.state, row.payload["Note"]) == (QuarantineState.OPEN, "8")
    assert [problem["field"] for problem in row.problems] == ["updated_at"]
    assert quarantine.mend_and_replay(row.pk, {"Changed": "2025-03-01"}, change=a_change()).outcome is StoreOutcome.CREATED


def test_a_replayed_row_never_replaces_what_is_newer(tmp_path: Path) -> None:
    dated, undated = quarantined(tmp_path, "1,Old,Lyon,good,2025-03-01"), quarantined(tmp_path, "2,Old,Lyon,bad,")
    path = tmp_path / "newer.csv"
    path.write_text(f"{HEADER}\n1,New,Lyon,7,2025-04-01\n2,New,Lyon,7,\n", encoding="utf-8")
    imported(path)
    for row in (dated, undated):
        assert quarantine.mend_and_replay(row.pk, {"Note": "8"}, change=a_change()).outcome is StoreOutcome.STALE
    assert set(CustomerRecord.objects.values_list("legal_name", flat=True)) == {"New"}
    assert not QuarantinedRow.objects.filter(state=QuarantineState.OPEN).exists()


def test_an_undated_row_replaces_what_was_there_before_it_came(tmp_path: Path) -> None:
    draft = SourceRecordDraft(CUSTOMER, a_source(), "2", attributes={"legal_name": "Before"})
    earlier = Change(actor="command:test", reason="earlier", at=a_change().at - timedelta(days=1))
    store(CUSTOMER, [understand(draft)], change=earlier)
    row = quarantined(tmp_path, "2,After,Lyon,bad,")
    assert quarantine.mend_and_replay(row.pk, {"Note": ""}, change=a_change()).outcome is StoreOutcome.UPDATED
    assert CustomerRecord.objects.get().legal_name == "After"


def test_cells_that_do_not_fit_the_header_are_not_taken_by_trying_again(tmp_path: Path) -> None:
    row = quarantined(tmp_path, "1,Acme,Industries,Lyon,7,2025-03-01")
    assert [replay.outcome for replay in quarantine.replay([row.pk], change=a_change())] == [None]
    corrections = {"Name": "Acme, Industries", "City": "Lyon", "Note": "7", "Changed": "2025-03-01"}
    assert quarantine.mend_and_replay(row.pk, corrections, change=a_change()).outcome is StoreOutcome.CREATED
    assert CustomerRecord.objects.get().city == "Lyon"


def test_a_correction_of_a_column_that_is_not_there_is_refused_with_a_suggestion(tmp_path: Path) -> None:
    row = quarantined(tmp_path, "1,Acme,Lyon,good,2025-03-01")
    with pytest.raises(UnknownColumn) as caught:
        quarantine.mend_and_replay(row.pk, {"Nota": "8"}, change=a_change())
    assert "Note" in caught.value.remedy


def test_a_row_is_resolved_once(tmp_path: Path) -> None:
    row = quarantined(tmp_path, "1,Acme,Lyon,good,2025-03-01")
    dismissed = quarantine.dismiss(row.pk, change=a_change("a test customer"))
    assert dismissed.state == QuarantineState.DISMISSED
    assert row.history.latest().history_change_reason == "a test customer"
    with pytest.raises(AlreadyResolved):
        quarantine.mend_and_replay(row.pk, {"Note": "8"}, change=a_change())
    with pytest.raises(UnknownQuarantinedRow):
        quarantine.dismiss(row.pk + 1, change=a_change())


def test_what_a_steward_dealt_with_does_not_come_back_with_the_same_file(tmp_path: Path) -> None:
    row = quarantined(tmp_path, "1,Acme,Lyon,good,2025-03-01")
    quarantine.dismiss(row.pk, change=a_change())
    assert quarantined(tmp_path, "1,Acme,Lyon,good,2025-03-01").state == QuarantineState.DISMISSED
    assert QuarantinedRow.objects.count() == 1


def test_a_rejected_record_of_a_program_waits_once_and_is_mended_in_the_names_of_the_data_dictionary() -> None:
    row, same = kept(legal_name="Acme", satisfaction="good"), kept(legal_name="Acme", satisfaction="good")
    assert (row.pk, row.external_id, row.payload_is_mapped, row.job_id) == (same.pk, "0042", True, None)
    assert row.history.count() == 1
    assert quarantine.mend_and_replay(row.pk, {"satisfaction": "8", "city": "Lyon"}, change=a_change()).outcome is StoreOutcome.CREATED
    record = CustomerRecord.objects.get()
    assert (record.external_id, record.city, record.payload["satisfaction"]) == ("0042", "Lyon", "8")


def test_a_wrong_external_id_can_be_mended() -> None:
    row = kept(legal_name="Acme", satisfaction="good")
    quarantine.mend_and_replay(row.pk, {"satisfaction": "8", "external_id": "0043"}, change=a_change())
    assert CustomerRecord.objects.get().external_id == "0043"


def test_figures_that_came_before_their_project_are_replayed_after_it(tmp_path: Path) -> None:
    facts, projects = tmp_path / "facts.csv", tmp_path / "projects.csv"
    facts.write_text("Project,Month,Revenue,Hours\nP-1,2025-03-15,1200.50,80\n", encoding="utf-8")
    imported(facts, entity="project_fact")
    row = QuarantinedRow.objects.get()
    assert (row.entity, row.problems[0]["field"], row.problems[0]["remedy"]) == (
        "project_fact",
        "project",
        "Import projects first, then replay.",
    )
    projects.write_text("Code,Title,Account\nP-1,Bridge,0042\n", encoding="utf-8")
    imported(projects, entity="project")
    assert [replay.outcome for replay in quarantine.replay([row.pk], change=a_change())] == [StoreOutcome.CREATED]
    assert ProjectFact.objects.get().record == ProjectRecord.objects.get()
