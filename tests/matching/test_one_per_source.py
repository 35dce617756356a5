"""A source that has each customer once: two of its records are two, whatever they say, unless a person says otherwise."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from golden_records.models import CustomerRecord
from matching.models import MatchRun, ReviewTask
from matching.verifying import verify
from tests.matching.conftest import ACME, Submit
from tests.matching.joining import clusters_by

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_crm_has_each_once")]

Match = Callable[[str], MatchRun]


@pytest.fixture
def _crm_has_each_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    with clusters_by("one_per_source: [crm]", monkeypatch, tmp_path):
        yield


def offences() -> list[str]:
    return [finding.check.name for finding in verify() if finding.count]


def test_twins_of_that_source_are_two_and_nobody_is_asked(submitted: Submit) -> None:
    assert submitted("crm", "1", **ACME).canonical_id != submitted("crm", "2", **ACME).canonical_id
    assert not ReviewTask.objects.exists()
    assert not offences()


def test_a_record_of_another_source_joins_one_of_them_and_a_third_is_asked_about(submitted: Submit) -> None:
    first, twin = submitted("crm", "1", **ACME), submitted("erp", "2", **ACME)
    assert first.canonical_id == twin.canonical_id
    assert submitted("crm", "3", **ACME).canonical_id != first.canonical_id
    assert [task.kind for task in ReviewTask.objects.all()] == ["possible_duplicate"]


def test_a_run_says_the_same(submitted: Submit, matched: Match) -> None:
    for source, external_id in (("crm", "1"), ("erp", "2"), ("crm", "3")):
        submitted(source, external_id, **ACME)
    before = dict(CustomerRecord.objects.values_list("external_id", "golden_id"))
    matched("customer")
    assert dict(CustomerRecord.objects.values_list("external_id", "golden_id")) == before
    assert len(set(before.values())) == 2
    assert not offences()
