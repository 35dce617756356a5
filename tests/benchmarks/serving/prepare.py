"""A command of the benchmarks: firms from CRM with their golden records, and a key that may do everything.

The first firms are loaded and matched the ordinary way, all others copied in beside them. What is there already is kept.
Prints JSON: the key, and how many records came beside the firms in earlier runs.
"""

import json
import secrets
import sys

from django.db import transaction

from api.keys import create_key
from api.scopes import INGEST, READ
from golden_records import sources
from golden_records.change import Change
from golden_records.entities import entity_type
from golden_records.models import SourceSystem
from golden_records.sources import SourceRecordDraft
from matching import runs
from tests.benchmarks.serving.firms import firm
from tests.benchmarks.serving.grow import grow

LOADED = 2_000
CHUNK = 1_000
CHANGE = Change(actor="command:benchmark", reason="benchmark")


def prepare(count: int) -> dict[str, object]:
    """Make the firms; gives a key for all sources, one of the CRM alone, and how many other records there are."""
    customer = entity_type("customer")
    if not SourceSystem.objects.exists():
        load(min(count, LOADED))
    grow(count)
    key, own_key = (
        create_key(name=f"benchmark-{secrets.token_hex(8)}", source=source, scopes=[INGEST, READ], change=CHANGE).secret
        for source in (None, "crm")
    )
    return {"key": key, "own_key": own_key, "beside": customer.records.count() - count}


def load(count: int) -> None:
    """Load `count` firms as CRM has them, each with its golden record."""
    customer = entity_type("customer")
    crm = SourceSystem.objects.create(code="crm", name="CRM", trust=60)
    SourceSystem.objects.create(code="erp", name="ERP", trust=80)
    for first in range(0, count, CHUNK):
        drafts = [SourceRecordDraft(customer, crm, str(number), firm(number, "crm")) for number in range(first, min(first + CHUNK, count))]
        with transaction.atomic():
            sources.store(customer, [sources.understand(draft) for draft in drafts], change=CHANGE)
    runs.work_on(runs.start(customer, actor=CHANGE.actor).pk)


if __name__ == "__main__":
    print(json.dumps(prepare(int(sys.argv[1]))))
