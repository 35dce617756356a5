"""Statements that the database is handed without waiting for it."""

import pytest
from django.db import IntegrityError, transaction

from golden_records import bulk
from golden_records.models import UnsealedEvent

pytestmark = pytest.mark.django_db


def test_what_was_handed_over_is_written_when_the_block_ends() -> None:
    with transaction.atomic(), bulk.without_waiting():
        bulk.insert(UnsealedEvent, [{"event_id": 1}])
        bulk.insert(UnsealedEvent, [{"event_id": 2}])
    assert set(UnsealedEvent.objects.values_list("event_id", flat=True)) == {1, 2}


def test_a_question_inside_is_answered_with_what_was_handed_over_before() -> None:
    with transaction.atomic(), bulk.without_waiting():
        bulk.insert(UnsealedEvent, [{"event_id": 1}])
        assert UnsealedEvent.objects.get().event_id == 1


def test_an_error_comes_before_the_transaction_ends_and_takes_all_of_it_back() -> None:
    with pytest.raises(IntegrityError):
        _insert_twice()
    assert not UnsealedEvent.objects.exists()


def _insert_twice() -> None:
    with transaction.atomic(), bulk.without_waiting():
        bulk.insert(UnsealedEvent, [{"event_id": 1}])
        bulk.insert(UnsealedEvent, [{"event_id": 1}])
