"""When a value counts as valid: a table of checks, which rules name."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from golden_records.survivorship.members import Parts

Check = Callable[[Parts], bool]

UNWARNED: Final = "unwarned"
"""The check that asks standardising: what it had no warning about is valid. The default; it looks at no value."""

_SIREN_DIGITS: Final = 9
_SIRET_DIGITS: Final = 14
# The sites of La Poste have numbers of their own kind.
_LA_POSTE: Final = "356000000"
_LEI_LENGTH: Final = 20
_LEI_REMAINDER: Final = 1


def siren(parts: Parts) -> bool:
    """Say whether the value is a French SIREN, or the SIRET of a site, with the right check digits."""
    number = str(parts[0])
    if not (number.isascii() and number.isdigit()) or len(number) not in {_SIREN_DIGITS, _SIRET_DIGITS}:
        return False
    firm = number[:_SIREN_DIGITS]
    return _luhn(firm) and (len(number) == _SIREN_DIGITS or firm == _LA_POSTE or _luhn(number))


def lei(parts: Parts) -> bool:
    """Say whether the value is an LEI with the right check digits (ISO 17442)."""
    code = str(parts[0])
    if len(code) != _LEI_LENGTH or not (code.isascii() and code.isalnum() and code == code.upper()):
        return False
    return int("".join(str(int(sign, 36)) for sign in code)) % 97 == _LEI_REMAINDER


CHECKS: Final[Mapping[str, Check]] = MappingProxyType({"siren": siren, "lei": lei})
"""The checks of single values, beside `UNWARNED`, which is for groups too."""


def _luhn(number: str) -> bool:
    doubled = (int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(number)))
    return sum(digit - 9 if digit > 9 else digit for digit in doubled) % 10 == 0  # noqa: PLR2004 - the digits of a number in base ten
