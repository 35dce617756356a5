"""Tombstones: a record is recognised by one, and nothing can be read from it."""

from typing import Any

import pytest

from golden_records.entities import entity_type
from golden_records.models import WhenSentAgain
from golden_records.payloads import LONGEST_EXTERNAL_ID
from golden_records.tombstones import suppressing, tombstone_of

CUSTOMER, PROJECT = entity_type("customer"), entity_type("project")
NAME = ("crm", "0042")


def test_a_tombstone_depends_on_entity_type_source_id_and_key(settings: Any) -> None:
    made = {tombstone_of(CUSTOMER, NAME, WhenSentAgain.SUPPRESS)}
    made |= {tombstone_of(CUSTOMER, name, WhenSentAgain.SUPPRESS) for name in (("crm", "0043"), ("erp", "0042"))}
    made |= {tombstone_of(PROJECT, NAME, WhenSentAgain.SUPPRESS)}
    settings.SECRET_KEY = "another"
    made |= {tombstone_of(CUSTOMER, NAME, WhenSentAgain.SUPPRESS)}
    assert len(made) == 5


def test_a_record_is_recognised_under_a_key_of_before(settings: Any) -> None:
    before = tombstone_of(CUSTOMER, NAME, WhenSentAgain.SUPPRESS)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    assert before in suppressing(CUSTOMER, NAME)
    assert tombstone_of(CUSTOMER, NAME, WhenSentAgain.SUPPRESS) != before


@pytest.mark.parametrize("how", WhenSentAgain)
def test_a_tombstone_fits_in_the_place_of_an_id_also_with_a_number_after_it(how: WhenSentAgain) -> None:
    assert len(tombstone_of(CUSTOMER, ("x" * 30, "x" * 200), how)) + 20 < LONGEST_EXTERNAL_ID
