"""Sources, keys, and programs that call."""

from collections.abc import Callable, Iterator

import pytest

from api.auth import known_keys
from api.keys import create_key
from api.scopes import INGEST, READ
from golden_records.change import Change
from golden_records.models import SourceSystem
from tests.api.calling import Caller

MakeCaller = Callable[..., Caller]


@pytest.fixture(autouse=True)
def _no_known_keys() -> Iterator[None]:
    """Every test starts in a process that has seen no key."""
    known_keys.forget()
    yield
    known_keys.forget()


@pytest.fixture
def crm(db: None) -> SourceSystem:
    del db
    return SourceSystem.objects.create(code="crm", name="CRM", trust=60)


@pytest.fixture
def erp(db: None) -> SourceSystem:
    del db
    return SourceSystem.objects.create(code="erp", name="ERP", trust=80)


@pytest.fixture
def caller_with(db: None) -> MakeCaller:
    """Makes a program with a key of its own: `caller_with("crm", INGEST)`; the source may be None."""
    del db

    def make(source: str | None, *scopes: str, name: str | None = None) -> Caller:
        name = name or f"{source or 'any'}-{'-'.join(scopes) or 'nothing'}"
        issued = create_key(name=name, source=source, scopes=scopes, change=Change(actor="command:test", reason="test"))
        return Caller(issued.secret)

    return make


@pytest.fixture
def caller(crm: SourceSystem, erp: SourceSystem, caller_with: MakeCaller) -> Caller:
    """A program that may do everything, for both sources."""
    del crm, erp
    return caller_with(None, INGEST, READ, name="everything")
