"""A small firm to look at: customers and projects of two sources, some of them doubtful, as a steward would meet them."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from golden_records.entities import entity_type
from golden_records.models import ProjectFact, SourceRecord
from golden_records.sources import SourceRecordDraft
from matching.intake import submit_source_record
from matching.models import ReviewTask, TaskKind
from tests.factories import a_change, a_record, a_source, a_task, into

_CRM_CHANGED: Final = datetime(2026, 9, 14, 8, 30, tzinfo=UTC)
_ERP_CHANGED: Final = datetime(2026, 5, 3, 17, 5, tzinfo=UTC)

_PARIS: Final = {"address_lines": "12 rue de la Paix", "postcode": "75002", "city": "Paris", "country": "FR"}
_LYON: Final = {"address_lines": "8 quai Saint-Antoine", "postcode": "69002", "city": "Lyon", "country": "FR"}

PAIRS: Final[tuple[tuple[dict[str, Any], dict[str, Any]], ...]] = (
    (
        {
            "kind": "organisation",
            "legal_name": "Société Générale d'Ingénierie SAS",
            "legal_form": "SAS",
            "registration_id": "732829320",
            "email": "contact@sgi-ingenierie.fr",
            "phone": "+33142685300",
            "website": "https://sgi-ingenierie.fr",
            "industry": "Engineering",
            **_PARIS,
        },
        {
            "kind": "organisation",
            "legal_name": "Ste Generale Ingenierie",
            "registration_id": "73282932000074",
            "phone": "+33142685309",
            "industry": "Engineering",
            **_PARIS,
            "address_lines": "12 r. de la Paix",
            "postcode": "75009",
        },
    ),
    (
        {"kind": "organisation", "legal_name": "Bertrand & Fils", "email": "info@bertrand-fils.fr", "phone": "+33478421100", **_LYON},
        {
            "kind": "organisation",
            "legal_name": "Bertrand et Fils Holding",
            "phone": "+33478421100",
            **_LYON,
            "address_lines": "9 quai Saint-Antoine",
        },
    ),
    (
        {
            "kind": "person",
            "given_name": "Marie-Hélène",
            "family_name": "Lefèvre",
            "birth_date": "1979-04-02",
            "email": "mh.lefevre@example.fr",
            **_LYON,
        },
        {"kind": "person", "given_name": "Marie Helene", "family_name": "Lefebvre", "email": "mhlefevre@example.fr", **_LYON},
    ),
    (
        {
            "kind": "organisation",
            "legal_name": "Müller Maschinenbau GmbH",
            "city": "Köln",
            "postcode": "50667",
            "country": "DE",
            "vat_id": "DE136695976",
        },
        {"kind": "organisation", "legal_name": "Mueller Maschinenbau", "city": "Cologne", "postcode": "50668", "country": "DE"},
    ),
    (
        {"kind": "organisation", "legal_name": "Banque du Rhône", **_LYON, "website": "https://banquedurhone.fr"},
        {"kind": "organisation", "legal_name": "Banque du Rhône Assurances", **_LYON},
    ),
)

HOSTILE: Final = "<script>document.title='owned'</script><img src=x onerror=alert(1)>\u202egnp.exe"


LOOK_ALIKE: Final = "P\u0430yp\u0430l Europe"
"""Two of its letters are Cyrillic."""


def doubtful_pairs(count: int = 5) -> list[ReviewTask]:
    """Open one question per pair, on as many pairs as asked; beyond the written ones they are numbered firms."""
    written = PAIRS[:count]
    numbered = [
        (
            {"kind": "organisation", "legal_name": f"Atelier {number} Menuiserie", **_LYON, "phone": f"+3347842{number:04d}"},
            {"kind": "organisation", "legal_name": f"Ateliers {number} Menuiserie", **_LYON},
        )
        for number in range(len(written), count)
    ]
    return [_doubt(number, left, right) for number, (left, right) in enumerate([*written, *numbered])]


def _doubt(number: int, left: dict[str, Any], right: dict[str, Any]) -> ReviewTask:
    crm = a_record(f"001{number:04d}", source="crm", updated=_CRM_CHANGED, **left)
    erp = a_record(f"K-{10_000 + number}", source="erp", updated=_ERP_CHANGED, **right)
    kind = TaskKind.POSSIBLE_DUPLICATE if number % 4 == 3 else TaskKind.POSSIBLE_MATCH
    return a_task(crm, erp, kind=kind)


def a_customer_with_projects() -> SourceRecord:
    """A customer known to both sources, with a project that has two years of figures."""
    crm = a_record(
        "0019001",
        updated=_CRM_CHANGED,
        kind="organisation",
        legal_name="Nordwind Énergie SA",
        registration_id="552081317",
        email="achats@nordwind.fr",
        phone="+33140201010",
        segment="Key account",
        **_PARIS,
    )
    erp = a_record(
        "K-19001",
        source="erp",
        updated=_ERP_CHANGED,
        kind="organisation",
        legal_name="NORDWIND ENERGIE",
        registration_id="55208131700015",
        phone="+33140201011",
        industry="Energy",
        **_PARIS,
    )
    into(erp, crm.golden_id)
    project = a_record(
        "P-77",
        source="erp",
        entity="project",
        code="NW-2025-01",
        title="Nordwind: offshore grid study",
        customer="K-19001",
        status="active",
        start_date="2024-10-01",
        currency="EUR",
        budget="1200000",
        manager="Claire Fontaine",
    )
    twin = a_record("006P77", entity="project", code="NW-2025-01", title="Offshore grid study", customer="0019001", status="active")
    into(twin, project.golden_id)
    _facts(project)
    return entity_type("customer").record._default_manager.get(pk=crm.pk)


def _facts(project: SourceRecord) -> None:
    months = [date(2024 + (9 + number) // 12, (9 + number) % 12 + 1, 1) for number in range(24)]
    ProjectFact.objects.bulk_create(
        ProjectFact(
            record_id=project.pk,
            period=month,
            revenue=Decimal(42_000 + 3_100 * (number % 7) + 900 * number),
            invoiced=Decimal(40_000 + 2_000 * (number % 5)),
            cost=Decimal(31_000 + 2_500 * (number % 6) + 400 * number),
            hours_worked=Decimal(310 + number),
            hours_billable=Decimal(280 + number),
            hours_billed=Decimal(250 + number),
            fingerprint=f"{number}",
            updated_at=_ERP_CHANGED,
        )
        for number, month in enumerate(months)
    )


def a_hostile_pair() -> ReviewTask:
    """Two customers whose names are markup, scripts, direction marks and very long."""
    known: dict[str, Any] = {"trade_name": LOOK_ALIKE, "industry": "\U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f Caf\u200be"}
    left = a_record("<b>1</b>", legal_name=HOSTILE, city="<i>Paris</i>", address_lines="x" * 450, **known)
    right = a_record(
        '"><svg onload=alert(1)>', source="erp", legal_name=HOSTILE + "!", trade_name="Paypal Europe", city="Paris", address_lines="y" * 450
    )
    return a_task(left, right)


SISTERS: Final[tuple[dict[str, Any], ...]] = (
    {"legal_name": "Ateliers Moulin SARL", "email": "contact@moulin.fr", "phone": "+33478421100", "segment": "Key account", **_LYON},
    {"legal_name": "Ateliers Moulin", "phone": "+33478421100", "segment": "Standard", **_LYON},
    {"legal_name": "Atelier Moulin", "email": "info@moulin.fr", "industry": "Joinery", **_LYON, "address_lines": "8 q. Saint-Antoine"},
    {"legal_name": "Atelier du Moulin", "website": "https://atelier-du-moulin.fr", "phone": "+33478421100", **_LYON},
    {"legal_name": "Ateliers Moulin Holding", "phone": "+33478421101", **_LYON},
    {"legal_name": "Moulin Ateliers", "email": "contact@moulin.fr", "postcode": "69003", "city": "Lyon", "country": "FR"},
)


def a_cluster(count: int = 4) -> list[ReviewTask]:
    """Firms of which nobody knows which are one: each might be the first, and the one before it."""
    firms = [
        a_record(f"M-{number}", source=("crm", "erp", "shop")[number % 3], updated=_CRM_CHANGED, kind="organisation", **_sister(number))
        for number in range(count)
    ]
    pairs = [(0, number) for number in range(1, count)] + [(number - 1, number) for number in range(2, min(count, 4))]
    return [a_task(firms[one], firms[other]) for one, other in pairs]


def _sister(number: int) -> dict[str, Any]:
    known: dict[str, Any] = SISTERS[number % len(SISTERS)]
    return known if number < len(SISTERS) else known | {"legal_name": f"{known['legal_name']} {number}"}


def a_question_that_a_change_raised() -> ReviewTask:
    """ERP emptied a record of a customer that both sources have, and what held the two together weakened."""
    known = {"legal_name": "Acme Ingénierie SAS", "registration_id": "732829320", **_PARIS}
    emptied = {"legal_name": "Acme Ingénierie", "country": "FR"}
    for source, said in (("crm", known), ("erp", known | {"email": "contact@acme.fr"}), ("erp", emptied)):
        submit_source_record(SourceRecordDraft(entity_type("customer"), a_source(source), "4711", said), change=a_change())
    return ReviewTask.objects.get(kind=TaskKind.EVIDENCE_WEAKENED)
