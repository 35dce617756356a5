"""Firms for the benchmarks of the API: any number of them, each like no other, and each as two sources would write it."""

from typing import Any, Final

SYLLABLES: Final = ("ba", "co", "di", "fu", "ga", "lo", "mi", "nu", "pa", "ro", "si", "tu", "va", "xe", "zo", "li")
TRADES: Final = ("Conseil", "Transports", "Bâtiment", "Informatique", "Distribution", "Menuiserie", "Assurances", "Logistique")
DEPARTMENTS: Final = 95
PLACES_IN_A_DEPARTMENT: Final = 60
FIRST_SIREN: Final = 10_000_000
# Neighbouring numbers must not give neighbouring names: a prime far from any power of sixteen scatters them.
SCATTER: Final = 7_368_787


def firm(number: int, source: str) -> dict[str, Any]:
    """Give the attributes of a firm as CRM or ERP has them: one registration id, two ways of writing."""
    name, trade = _word(number), TRADES[number % len(TRADES)]
    department, place = 1 + number % DEPARTMENTS, 10 * (number % PLACES_IN_A_DEPARTMENT)
    city = _word(department * PLACES_IN_A_DEPARTMENT + place)
    written = f"{name} {trade}" if source == "crm" else f"{name.upper()} {trade.upper()} SARL"
    return {
        "kind": "organisation",
        "legal_name": written,
        "registration_id": _siren(number),
        "email": f"contact@{name.lower()}.fr",
        "address_lines": f"{1 + number % 180} rue {_word(number // 7)}",
        "postcode": f"{department:02}{place:03}",
        "city": city if source == "crm" else city.upper(),
        "country": "FR",
        "status": "active",
    }


def _word(number: int) -> str:
    scattered = number * SCATTER % 16**6
    return "".join(SYLLABLES[scattered >> shift & 15] for shift in range(0, 24, 4)).capitalize()


def _siren(number: int) -> str:
    digits = f"{FIRST_SIREN + number:08}"
    doubled = (int(digit) * (2 if index % 2 else 1) for index, digit in enumerate(digits))
    total = sum(value - 9 if value > 9 else value for value in doubled)
    return f"{digits}{-total % 10}"
