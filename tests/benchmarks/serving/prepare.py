"""A command of the benchmarks: load firms from CRM, match them, and print a key that may do everything."""

import sys

from django.db import connection, transaction

from api.keys import create_key
from api.scopes import INGEST, READ
from golden_records import sources
from golden_records.change import Change
from golden_records.entities import entity_type
from golden_records.models import SourceSystem
from golden_records.sources import SourceRecordDraft
from matching import runs
from tests.benchmarks.serving.firms import firm

CHUNK = 2_000
CHANGE = Change(actor="command:benchmark", reason="benchmark")


def load(count: int) -> str:
    """Load `count` firms as CRM has them, each with its golden record; gives the key."""
    customer = entity_type("customer")
    crm = SourceSystem.objects.create(code="crm", name="CRM", trust=60)
    SourceSystem.objects.create(code="erp", name="ERP", trust=80)
    for first in range(0, count, CHUNK):
        drafts = [SourceRecordDraft(customer, crm, str(number), firm(number, "crm")) for number in range(first, min(first + CHUNK, count))]
        with transaction.atomic():
            sources.store(customer, [sources.understand(draft) for draft in drafts], change=CHANGE)
    runs.work_on(runs.start(customer, actor=CHANGE.actor).pk)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    return create_key(name="benchmark", source=None, scopes=[INGEST, READ], change=CHANGE).secret


if __name__ == "__main__":
    print(load(int(sys.argv[1])))
