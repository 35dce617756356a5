from itertools import pairwise

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from golden_records import merging, selectors
from golden_records.entities import ENTITIES
from golden_records.errors import UnknownGoldenRecord
from golden_records.models.golden import new_canonical_id
from golden_records.sources import SourceRecordDraft, store, understand
from tests.factories import a_change, a_record, a_source, into

pytestmark = pytest.mark.django_db

CUSTOMER, PROJECT = ENTITIES["customer"], ENTITIES["project"]


def test_a_canonical_id_answers_with_one_statement_also_when_it_is_retired() -> None:
    one, other = a_record("1", legal_name="Acme"), a_record("2", legal_name="Acme SA")
    merging.merge(CUSTOMER, survivor_id=one.golden_id, absorbed_id=other.golden_id, change=a_change(), terms=merging.Terms({}))
    for asked, followed in ((one.golden_id, False), (other.golden_id, True)):
        with CaptureQueriesContext(connection) as queries:
            view = selectors.golden(CUSTOMER, asked)
        assert (view.golden.pk, view.asked_id, view.followed) == (one.golden_id, asked, followed)
        assert len(queries) == 1


def test_a_long_chain_of_successors_is_followed_to_its_end() -> None:
    records = [a_record(str(number), legal_name="Acme") for number in range(5)]
    for older, newer in pairwise(records):
        merging.merge(CUSTOMER, survivor_id=newer.golden_id, absorbed_id=older.golden_id, change=a_change(), terms=merging.Terms({}))
    assert {selectors.golden(CUSTOMER, record.golden_id).golden.pk for record in records} == {records[-1].golden_id}


def test_an_id_that_never_was_is_unknown() -> None:
    with pytest.raises(UnknownGoldenRecord):
        selectors.golden(CUSTOMER, new_canonical_id())


def test_lineage_tells_the_winner_and_what_the_others_say() -> None:
    a_source("erp", trust=90)
    crm = a_record("1", legal_name="Acme", phone="+33472000000")
    erp = into(a_record("9", source="erp", legal_name="Acme Industries", phone="+33472000000"), crm.golden_id)
    lineage = selectors.lineage(CUSTOMER, selectors.golden(CUSTOMER, crm.golden_id).golden)
    name = lineage["legal_name"]
    assert (name.value, name.record_id, name.source, name.rule, name.rules) == (
        "Acme Industries",
        erp.pk,
        "erp",
        "most_trusted",
        "customer-1",
    )
    assert [(each.record_id, each.source, each.value, each.agrees) for each in name.others] == [(crm.pk, "crm", "Acme", False)]
    assert lineage["phone"].rule == "agreement"
    assert [each.agrees for each in lineage["phone"].others] == [True]
    assert (lineage["city"].value, lineage["city"].record_id, lineage["city"].others) == (None, None, ())


def test_the_members_come_with_their_sources_in_two_statements_less_than_one_each() -> None:
    one = a_record("1", legal_name="Acme")
    into(a_record("9", source="erp", legal_name="Acme"), one.golden_id)
    golden = selectors.golden(CUSTOMER, one.golden_id).golden
    with CaptureQueriesContext(connection) as queries:
        assert [(record.source.code, record.external_id) for record in selectors.members(golden)] == [("crm", "1"), ("erp", "9")]
    assert len(queries) == 1


def test_many_source_ids_are_resolved_in_one_statement_per_entity_type() -> None:
    customer, project = a_record("0042", legal_name="Acme"), a_record("P-1", entity="project", title="Bridge")
    same_id = a_record("0042", source="erp", legal_name="Other")
    waiting = SourceRecordDraft(CUSTOMER, a_source(), "new", attributes={"legal_name": "Waiting"})
    store(CUSTOMER, [understand(waiting)], change=a_change())
    asked = [
        ("crm", "customer", "0042"),
        ("erp", "customer", "0042"),
        ("crm", "project", "P-1"),
        ("crm", "customer", "new"),
        ("crm", "customer", "none"),
    ]
    with CaptureQueriesContext(connection) as queries:
        found = selectors.resolve(asked)
    assert found == dict(zip(asked[:4], [customer.golden_id, same_id.golden_id, project.golden_id, None], strict=True))
    assert len(queries) == 2
    assert selectors.resolve([]) == {}


def test_a_reference_is_looked_up_in_the_source_whose_record_won() -> None:
    a_source("erp", trust=90)
    ours, theirs = a_record("7", legal_name="Ours"), a_record("7", source="erp", legal_name="Theirs")
    project = a_record("P-1", entity="project", title="Bridge", customer="7")
    golden = selectors.golden(PROJECT, project.golden_id).golden
    assert selectors.resolve_reference(PROJECT, golden, "customer") == ours.golden_id
    into(a_record("P-9", source="erp", entity="project", title="Bridge", customer="7"), project.golden_id)
    golden = selectors.golden(PROJECT, project.golden_id).golden
    assert selectors.resolve_reference(PROJECT, golden, "customer") == theirs.golden_id


def test_references_of_many_golden_records_take_one_statement() -> None:
    customer = a_record("7", legal_name="Acme")
    rows = [a_record(f"P-{number}", entity="project", title="Bridge", customer=str(number)) for number in range(6, 9)]
    goldens = [selectors.golden(PROJECT, row.golden_id).golden for row in rows]
    with CaptureQueriesContext(connection) as queries:
        found = selectors.references_of(PROJECT, goldens)
    assert [found[row.golden_id]["customer"] for row in rows] == [None, customer.golden_id, None]
    assert len(queries) == 1
