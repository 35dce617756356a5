"""Keys are made, listed and revoked by commands; what is kept does not open anything."""

import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from api.keys import digest_of
from api.models import ApiKey
from golden_records.models import SourceSystem

pytestmark = pytest.mark.django_db


@pytest.fixture
def crm() -> SourceSystem:
    return SourceSystem.objects.create(code="crm", name="CRM", trust=60)


def command(*arguments: str) -> str:
    output = StringIO()
    call_command(*arguments, stdout=output, stderr=StringIO())
    return output.getvalue()


def test_a_new_key_is_shown_once_and_only_its_digest_is_kept(crm: SourceSystem) -> None:
    secret = command("create_api_key", "crm-connector", "--source", "crm", "--scope", "ingest", "--scope", "read").strip()

    assert re.fullmatch(r"mdm_[0-9a-f]{8}_[0-9a-f]{64}", secret)
    row = ApiKey.objects.get(name="crm-connector")
    assert (row.source, row.scopes, row.digest) == (crm, ["ingest", "read"], digest_of(secret))
    assert secret[-64:] not in str(ApiKey.objects.values().get())


def test_two_keys_are_never_the_same(crm: SourceSystem) -> None:
    del crm
    secrets = {command("create_api_key", f"key-{number}", "--scope", "read") for number in range(5)}
    assert len(secrets) == 5


def test_a_key_and_its_end_are_in_the_history_with_their_author(crm: SourceSystem) -> None:
    del crm
    command("create_api_key", "nightly", "--scope", "read")
    command("revoke_api_key", "nightly")
    history = ApiKey.history.filter(name="nightly").order_by("history_id")
    assert [(row.history_type, row.actor) for row in history] == [
        ("+", "command:create_api_key"),
        ("~", "command:revoke_api_key"),
    ]


def test_revoking_twice_changes_nothing() -> None:
    command("create_api_key", "nightly", "--scope", "read")
    assert command("revoke_api_key", "nightly") == command("revoke_api_key", "nightly")
    assert ApiKey.history.count() == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("create_api_key", "x", "--scope", "read", "--source", "sap"), r"no source system 'sap'. Known: crm"),
        (("create_api_key", "taken", "--scope", "read"), r"a key 'taken' already"),
        (("create_api_key", "two words", "--scope", "read"), r"not a name for a key"),
        (("create_api_key", "x", "--scope", "write"), r"invalid choice: 'write'"),
        (("create_api_key", "x"), r"--scope"),
        (("revoke_api_key", "nobody"), r"no key 'nobody'"),
    ],
)
def test_a_command_that_can_not_be_carried_out_says_why(crm: SourceSystem, arguments: tuple[str, ...], message: str) -> None:
    del crm
    command("create_api_key", "taken", "--scope", "read")
    with pytest.raises(CommandError, match=message):
        command(*arguments)


def test_the_list_shows_every_key_but_no_secret(crm: SourceSystem) -> None:
    del crm
    assert "No keys yet" in command("list_api_keys")
    secret = command("create_api_key", "crm-connector", "--source", "crm", "--scope", "ingest").strip()
    command("create_api_key", "old", "--scope", "read")
    command("revoke_api_key", "old")
    listing = command("list_api_keys")
    assert re.search(r"crm-connector\tmdm_[0-9a-f]{8}_…\tcrm\tingest\tsince", listing)
    assert re.search(r"old\t.*any source\tread\trevoked", listing)
    assert secret not in listing
