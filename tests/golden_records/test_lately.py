"""What was read lately is believed for a second, and no longer."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from golden_records.errors import UnknownSource
from golden_records.lately import BELIEVED_SECONDS, MOST, Lately
from golden_records.models import SourceSystem
from golden_records.source_systems import known_sources, lately_known_source


def test_what_was_read_is_believed_for_a_second() -> None:
    now = 1_000.0
    lately = Lately[str, int](clock=lambda: now)
    lately.remember("a", 1)
    now += BELIEVED_SECONDS
    assert (lately.get("a"), lately.get("b")) == (1, None)
    now += 0.01
    assert lately.get("a") is None


def test_the_memory_is_bounded() -> None:
    lately = Lately[int, int]()
    for number in range(3 * MOST):
        lately.remember(number, number)
    assert (lately.get(0), lately.get(3 * MOST - 1)) == (None, 3 * MOST - 1)


@pytest.mark.django_db
def test_a_source_is_asked_for_once_a_second_and_one_that_is_new_is_found_at_once() -> None:
    with pytest.raises(UnknownSource):
        lately_known_source("crm")
    SourceSystem.objects.create(code="crm", name="CRM", country="FR")
    with CaptureQueriesContext(connection) as queries:
        assert {lately_known_source("crm").country for _ in range(3)} == {"FR"}
    assert len(queries) == 1
    SourceSystem.objects.update(country="DE")
    known_sources.forget()
    assert lately_known_source("crm").country == "DE"
