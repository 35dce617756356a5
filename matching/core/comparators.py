"""The comparators a match config may name, with their levels and the probabilities that they ship with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from matching.core import compare_names, compare_places, compare_plain
from matching.core.declarations import Level
from matching.core.grades import Levels, Operands


@dataclass(frozen=True, slots=True)
class Comparator:
    """A comparator: `fields` it takes, the levels it can give (from 1), and whether higher levels always mean more."""

    compare: Callable[[Operands], Levels]
    fields: int
    levels: tuple[Level, ...]


def _levels(table: str) -> tuple[Level, ...]:
    levels = []
    for line in table.strip().splitlines():
        name, m, u, r, words = (part.strip() for part in line.split("|"))
        levels.append(Level(name, float(m), float(u), float(r), words))
    return tuple(levels)


_SINGLE: Final = """
different | .08 | .95   | .55 | differ
similar   | .05 | .02   | .04 | are similar
close     | .12 | .005  | .04 | differ by a letter or two
same      | .75 | .025  | .37 | are the same
"""

COMPARATORS: Final[Mapping[str, Comparator]] = {
    "exact": Comparator(compare_plain.exact, 1, _levels("""
different | .10 | .90 | .40 | differ
same      | .90 | .10 | .60 | are the same
""")),
    "text": Comparator(compare_plain.text, 1, _levels(_SINGLE)),
    "code": Comparator(compare_plain.code, 1, _levels("""
different | .06 | .999 | .93 | differ
one_off   | .04 | .0005 | .02 | differ by one character
same      | .90 | .0005 | .05 | are the same
""")),
    "number": Comparator(compare_plain.number, 1, _levels("""
different | .10 | .90 | .75 | differ
near      | .05 | .05 | .08 | are within a tenth
close     | .10 | .02 | .05 | are within a hundredth
same      | .75 | .03 | .12 | are the same
""")),
    "date": Comparator(compare_plain.date, 1, _levels("""
different | .02 | .945 | .93 | differ
half      | .02 | .045 | .04 | have the year, or month and day, in common
near      | .05 | .009 | .015 | differ in one part
one_off   | .06 | .0009 | .005 | differ by one digit, or have day and month swapped
same      | .85 | .0001 | .01 | are the same
""")),
    "phone": Comparator(compare_plain.phone, 1, _levels("""
different | .18 | .9989 | .50 | differ
exchange  | .02 | .0005 | .05 | differ in the last two digits
one_off   | .03 | .0005 | .01 | differ by one digit
same      | .77 | .0001 | .44 | are the same
""")),
    "email": Comparator(compare_plain.email, 3, _levels("""
different  | .10 | .94    | .45 | differ
domain     | .10 | .05    | .20 | have the domain in common
like_local | .05 | .008   | .10 | have like local parts
same_local | .03 | .0015  | .02 | have the same local part
close      | .07 | .0003  | .03 | differ by a letter or two
same       | .65 | .0002  | .20 | are the same
""")),
    "values": Comparator(compare_plain.values, 1, _levels("""
none   | .15 | .60 | .40 | have nothing in common
little | .20 | .25 | .30 | have little in common
some   | .25 | .10 | .15 | have a fair share in common
most   | .20 | .03 | .10 | have most in common
same   | .20 | .02 | .05 | are the same
""")),
    "person_name": Comparator(compare_names.person_name, 2, _levels("""
different   | .02 | .985  | .10 | differ in given and family name
given_only  | .03 | .008  | .03 | have the same given name and another family name
family_only | .02 | .005  | .75 | have the same family name and another given name
part_alike  | .01 | .0004 | .01 | are alike in the one part that both have
part_same   | .03 | .0006 | .02 | are the same in the one part that both have
alike       | .04 | .0004 | .03 | are alike
close       | .15 | .0003 | .03 | are the same but for spelling, a nickname or an initial
swapped     | .02 | .0001 | .005 | have given and family name swapped
same        | .68 | .0002 | .025 | are the same
""")),
    "organisation_name": Comparator(compare_names.organisation_name, 1, _levels("""
different | .04 | .9832 | .25 | differ
part      | .06 | .015  | .15 | have a part in common
within    | .10 | .001  | .10 | are one within the other, or its initials
alike     | .15 | .0003 | .10 | are alike but for one word
same_words | .10 | .0002 | .05 | have the same words
same      | .55 | .0003 | .35 | are the same
""")),
    "address": Comparator(compare_places.address, 4, _levels("""
elsewhere | .10 | .95   | .15 | are in different places
town      | .04 | .04   | .05 | are in the same town
postcode  | .05 | .009  | .05 | have the same postcode
street    | .03 | .0004 | .05 | are in the same street at another number
number    | .04 | .0001 | .05 | have the same street and number in differing places
alike     | .12 | .0003 | .10 | are alike
same      | .62 | .0002 | .55 | are the same
""")),
}  # fmt: skip
"""Name in a match config -> comparator. A new one is a function, an entry here and property tests."""
