"""A key that very many records share brings no candidates and holds nobody up."""

from collections.abc import Iterable

import pytest
from django.utils import timezone

from golden_records.entities import EntityType
from matching import keys, runs, verifying
from matching.keys import KeyChange
from matching.locks import MatchGuard
from matching.models import BlockingKey, CommonKey
from tests.matching.conftest import CUSTOMER, Submit

pytestmark = pytest.mark.django_db

_LIMIT = 3
_KEY = (6, 4711)


def _joins(record: int) -> set[int]:
    """A record gets the key; gives the records that it finds under it."""
    old, common = keys.known_keys(CUSTOMER, record, [_KEY])
    found = keys.exchange_keys(CUSTOMER, record, KeyChange(old, [_KEY], common), limits=[_LIMIT] * 10)
    return set(found)


def test_the_record_that_makes_a_key_common_finds_nobody_under_it_nor_does_any_after_it() -> None:
    assert [_joins(record) for record in range(1, 6)] == [set(), {1}, {1, 2}, set(), set()]
    assert BlockingKey.objects.count() == 5, "they are counted all the same"
    assert CommonKey.objects.values_list("rule", "key").get() == _KEY


def test_a_common_key_stays_so_until_a_matching_run_looks_again() -> None:
    for record in range(1, 5):
        _joins(record)
    BlockingKey.objects.filter(record_id__lt=4).delete()
    assert _joins(5) == set()
    keys.forget_common_keys(CUSTOMER)
    assert _joins(6) == {4, 5}


def test_a_common_key_is_not_locked(submitted: Submit, monkeypatch: pytest.MonkeyPatch) -> None:
    submitted("crm", "1", legal_name="Lefebvre Menuiserie", phone="+33 1 42 68 53 17")
    _all_are_common()
    asked: list[int] = []
    take = MatchGuard.keys

    def noted(guard: MatchGuard, entity: EntityType, wanted: Iterable[int]) -> None:
        asked.extend(wanted)
        take(guard, entity, wanted)

    monkeypatch.setattr(MatchGuard, "keys", noted)
    answer = submitted("erp", "2", legal_name="Lefebvre Menuiserie", phone="+33 1 42 68 53 17")
    assert asked == []
    assert answer.outcome == "created"


def test_a_run_finds_what_was_missed_while_a_key_was_taken_for_common(submitted: Submit) -> None:
    told = {"legal_name": "Lefebvre Menuiserie", "registration_id": "732829320", "city": "Lyon", "country": "FR"}
    submitted("crm", "1", **told)
    _all_are_common()
    submitted("erp", "2", **told)
    runs.work_on(runs.start(CUSTOMER, actor="test").pk)
    assert CommonKey.objects.count() == 0
    assert [finding.check.name for finding in verifying.verify() if finding.count] == []


def _all_are_common() -> None:
    found = BlockingKey.objects.values_list("entity", "rule", "key")
    CommonKey.objects.bulk_create([CommonKey(entity=entity, rule=rule, key=key, since=timezone.now()) for entity, rule, key in found])
