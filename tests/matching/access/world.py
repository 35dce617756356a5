"""A world with words in it that occur nowhere else, gone through every door, and a crawler that reads every page of the admin."""

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from golden_records import limits
from golden_records.entities import ENTITIES, entity_type
from golden_records.errors import RejectedRecord
from golden_records.models import AccessLimit, ImportJob, ProjectFact, QuarantinedRow
from golden_records.overriding import Wish
from golden_records.quarantine import keep
from golden_records.sources import SourceRecordDraft, understand
from golden_records.survivorship.pins import Life
from matching import overriding, regrouping, review
from matching.access import STEWARDS, ensure_groups
from matching.models import JudgementValue
from matching.regroup_plan import Regrouping, RegroupKind
from matching.regroup_preview import look
from tests.factories import a_change, a_person, a_record, a_source, a_steward, a_task, into

CUSTOMER: Final = entity_type("customer")
ERP_WORD: Final = "quokka"
"""In every text that only ERP sends."""

PERSON_WORD: Final = "numbat"
"""In every personal attribute, whoever sends it."""

OF_PERSONS: Final = (PERSON_WORD, "1931-05-17", "May 17, 1931", "17 May 1931", "142685377")
OF_ERP: Final = (ERP_WORD, "777123", "777,123")
READ_AS_BYTES: Final = ("text/html", "text/csv", "application/json")


def a_limited(*, sources: tuple[str, ...] = (), entities: tuple[str, ...] = ()) -> User:
    """A data steward who may see some sources or entity types alone."""
    steward = a_steward("lena")
    limits.save_limit(AccessLimit(user=steward, sources=list(sources), entities=list(entities)), change=a_change("limited"))
    return steward


def one_who_sees_no_persons() -> User:
    """A steward with every right but that to see personal data."""
    ensure_groups()
    masked = a_person("mara")
    rights = Permission.objects.filter(group=Group.objects.get(name=STEWARDS)).exclude(codename__startswith="view_personal_data")
    more = Permission.objects.filter(codename__in=("view_auditentry", "publish_survivorshipversion", "publish_matchconfigversion"))
    masked.user_permissions.set(rights | more)
    return masked


def _persons(number: int) -> dict[str, Any]:
    return {
        "kind": "person",
        "given_name": f"{PERSON_WORD}ette",
        "family_name": f"{PERSON_WORD}ovitch",
        "birth_date": "1931-05-17",
        "email": f"mail{number}@{PERSON_WORD}.fr",
        "phone": "+33 1 42 68 53 77",
        "address_lines": f"{number} rue {PERSON_WORD}",
        "city": f"{PERSON_WORD}ville",
        "postcode": "75001",
        "country": "FR",
    }


def a_world() -> None:
    """CRM knows three customers, ERP two of its own and one of CRM's; they were asked about, merged, split, overridden and refused."""
    steward, erp = a_steward("erna"), a_source("erp", trust=90)
    a_source("crm")
    ours = a_record("c-1", legal_name="Ours alone", **_persons(1))
    mixed = a_record("c-2", legal_name="Common firm", **_persons(2))
    theirs = _erp_customer("1", **_persons(2))
    into(theirs, mixed.golden_id)
    alone, other, third = (_erp_customer(each, **_persons(3)) for each in ("2", "3", "4"))
    moved = a_record("c-3", legal_name="Common firm again", **_persons(4))
    a_task(ours, moved)
    asked = a_task(alone, other)
    a_task(moved, third)
    review.decide(asked.pk, answer=JudgementValue.SAME, user=steward, comment="a merge")
    _regrouped(Regrouping(RegroupKind.MERGE, mixed.golden_id, moved.golden_id, (), None))
    _regrouped(Regrouping(RegroupKind.SPLIT, mixed.golden_id, None, (moved.pk,), None))
    wish = Wish("family_name", values={"family_name": f"{PERSON_WORD}son"}, life=Life.UNTIL_ENDED.value, until=None)
    overriding.override(CUSTOMER, mixed.golden_id, wish, change=a_change("a pin"))
    overriding.override(
        CUSTOMER, third.golden_id, Wish("segment", record_id=third.pk, life=Life.UNTIL_CHANGED.value, until=None), change=a_change("a pin")
    )
    project = a_record(
        f"{ERP_WORD}-p",
        source="erp",
        entity="project",
        title=f"{ERP_WORD} project",
        manager=f"{PERSON_WORD} manager",
        customer=f"{ERP_WORD}-1",
    )
    into(a_record("p-1", entity="project", title="Our project", customer="c-2", manager=f"{PERSON_WORD} boss"), project.golden_id)
    ProjectFact.objects.create(record_id=project.pk, period="2026-01-01", revenue="777123", fingerprint="1", updated_at=a_change().at)
    _refused("crm", f"{PERSON_WORD} day")
    _refused("erp", f"{ERP_WORD} day")
    now = a_change().at
    ImportJob.objects.create(source=erp, entity="customer", file_name=f"{ERP_WORD}.csv", file_digest="1", started_at=now)


def _erp_customer(number: str, **persons: Any) -> Any:
    said = {name: f"{ERP_WORD} {number} {name}" for name in ("legal_name", "trade_name", "industry", "segment")}
    return a_record(f"{ERP_WORD}-{number}", source="erp", **(said | persons | {"website": f"https://{ERP_WORD}.fr"}))


def _regrouped(wish: Regrouping) -> None:
    preview = look(CUSTOMER, wish, change=a_change("by hand"))
    regrouping.carry_out(CUSTOMER, wish, fingerprint=preview.fingerprint, change=a_change("by hand"), confirmed=True)


def _refused(source: str, birth_date: str) -> QuarantinedRow:
    name = f"{ERP_WORD} refused" if source == "erp" else "Refused"
    said = {"legal_name": name, "birth_date": birth_date, "email": f"mail@{PERSON_WORD}.fr"}
    draft = SourceRecordDraft(CUSTOMER, a_source(source), f"{ERP_WORD}-r" if source == "erp" else "c-r", said)
    with pytest.raises(RejectedRecord) as rejected:
        understand(draft)
    return keep(draft, rejected.value, change=a_change("sent"))


# --- the crawler ---


def pages() -> Iterator[str]:
    """Every address of the admin that can be made of the rows there are."""
    yield from ("/admin/", "/admin/matching/matchrun/blocking/", "/admin/golden_records/survivorshipversion/rules/")
    for pattern in _patterns():
        yield from _addresses(pattern)
    for entity in ENTITIES.values():
        for known in (f"crm:c-{number}" for number in (1, 2, 3)):
            yield f"/admin/matching/matchrun/compare/?entity={entity.name}&left={known}&right=erp:{ERP_WORD}-1"
            yield f"/admin/matching/matchrun/compare/?entity={entity.name}&left={known}&right=crm:c-1"
        ids = [str(key) for key in entity.goldens.values_list("pk", flat=True)]
        for one in ids:
            base = reverse(f"admin:golden_records_{entity.golden._meta.model_name}_regroup", args=(one,))
            yield f"{base}?kind=merge"
            yield from (f"{base}?kind=merge&other={other}" for other in ids if other != one)
            records = "&".join(f"record={pk}" for pk in entity.records.filter(golden_id=one).values_list("pk", flat=True)[:1])
            yield f"{base}?kind=split&{records}"
            for unit in entity.attribute_names:
                yield reverse("admin:golden_records_override_make", args=(entity.name, one, unit))
    for model in (each.golden for each in ENTITIES.values()):
        yield f"/admin/golden_records/{model._meta.model_name}/?state=all"
    yield "/admin/matching/reviewtask/?state=all"
    yield "/admin/golden_records/override/?state=all"
    yield "/admin/golden_records/quarantinedrow/?state=all"


def _patterns() -> list[URLPattern]:
    below = next(each for each in get_resolver().url_patterns if getattr(each, "namespace", "") == "admin")
    found: list[Any] = []
    for one in below.url_patterns:  # type: ignore[union-attr]  # a resolver has patterns
        found += getattr(one, "url_patterns", None) or [one]
    return [each for each in found if isinstance(each, URLPattern)]


def _addresses(pattern: URLPattern) -> Iterator[str]:
    name = pattern.name or ""
    for model in filter(admin.site.is_registered, apps.get_models()):
        prefix = f"{model._meta.app_label}_{model._meta.model_name}_"
        if not name.startswith(prefix):
            continue
        names = list(pattern.pattern.regex.groupindex) or list(getattr(pattern.pattern, "converters", {}))
        if not names:
            yield reverse(f"admin:{name}")
        elif len(names) == 1 and names[0] in ("entity", "name"):
            values = ENTITIES if names[0] == "entity" else ("changes", "merges", "decisions", "dossier", "overrides", "readings")
            yield from (reverse(f"admin:{name}", args=(value,)) for value in values)
        elif len(names) == 1:
            yield from (reverse(f"admin:{name}", args=(pk,)) for pk in model._default_manager.values_list("pk", flat=True)[:30])


def crawl(client: Client) -> dict[str, str]:
    """What each page says, in small letters; a page that the person may not see says nothing."""
    said: dict[str, str] = {}
    for address in dict.fromkeys(pages()):
        answer = client.get(address)
        assert answer.status_code in {200, 302, 403, 404, 405}, f"{address}: {answer.status_code}"
        if answer.status_code == 200:
            # What somebody typed into the address is not told to them.
            said[address] = answer.getvalue().decode().casefold().replace(f'value="erp:{ERP_WORD}-1"', "")
    return said


def telling(said: dict[str, str], words: tuple[str, ...]) -> dict[str, str]:
    """The pages that say one of some words, with what stands around it."""
    found = {}
    for address, text in said.items():
        for word in words:
            place = text.find(word.casefold())
            if place >= 0:
                found[address] = re.sub(r"\s+", " ", text[max(0, place - 90) : place + 60])
    return found
