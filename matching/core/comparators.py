"""The comparators a match config may name, with their levels and the probabilities that they ship with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from matching.core import compare_names, compare_places, compare_plain
from matching.core.declarations import Level
from matching.core.grades import Levels, Operands


@dataclass(frozen=True, slots=True)
class Comparator:
    """A comparator: how many `fields` it takes and the levels it can give (from 1), higher ones meaning more."""

    compare: Callable[[Operands], Levels]
    fields: int
    levels: tuple[Level, ...]


def _levels(table: str) -> tuple[Level, ...]:
    levels = []
    for line in table.strip().splitlines():
        name, *chances, words = (part.strip() for part in line.split("|"))
        m, u, neighbour, namesake = (None if chance == "-" else float(chance) for chance in chances)
        levels.append(Level(name, m or 0.0, u or 0.0, neighbour, namesake, words))
    return tuple(levels)


# level | m | u | neighbour | namesake | in words; '-': relatives are as unrelated records
COMPARATORS: Final[Mapping[str, Comparator]] = {
    "exact": Comparator(compare_plain.exact, 1, _levels("""
different | .10 | .90 | - | - | differ
same      | .90 | .10 | - | - | are the same
""")),
    "text": Comparator(compare_plain.text, 1, _levels("""
different | .08 | .95   | - | - | differ
similar   | .05 | .02   | - | - | are similar
close     | .12 | .005  | - | - | differ by a letter or two
same      | .75 | .025  | - | - | are the same
""")),
    "code": Comparator(compare_plain.code, 1, _levels("""
different | .06 | .999  | - | - | differ
one_off   | .04 | .0005 | - | - | differ by one character
same      | .90 | .0005 | - | - | are the same
""")),
    "number": Comparator(compare_plain.number, 1, _levels("""
different | .10 | .90 | - | - | differ
near      | .05 | .05 | - | - | are within a tenth
close     | .10 | .02 | - | - | are within a hundredth
same      | .75 | .03 | - | - | are the same
""")),
    "date": Comparator(compare_plain.date, 1, _levels("""
different | .02 | .945  | - | - | differ
half      | .02 | .045  | - | - | have the year, or month and day, in common
near      | .05 | .009  | - | - | differ in one part
one_off   | .06 | .0009 | - | - | differ by one digit, or have day and month swapped
same      | .85 | .0001 | - | - | are the same
""")),
    "phone": Comparator(compare_plain.phone, 1, _levels("""
different | .18 | .9989 | .40 | .90 | differ
exchange  | .02 | .0005 | .15 | .03 | differ in the last two digits
one_off   | .03 | .0005 | .02 | .01 | differ by one digit
same      | .77 | .0001 | .43 | .06 | are the same
""")),
    "email": Comparator(compare_plain.email, 3, _levels("""
different  | .10 | .94    | .62 | .40 | differ
domain     | .10 | .05    | .25 | .30 | have the domain in common
like_local | .05 | .008   | .05 | .05 | have like local parts
same_local | .03 | .0015  | .01 | .05 | have the same local part
close      | .07 | .0003  | .01 | .05 | differ by a letter or two
same       | .65 | .0002  | .06 | .15 | are the same
""")),
    "website": Comparator(compare_plain.exact, 1, _levels("""
different | .15 | .999 | .90 | .45 | differ
same      | .85 | .001 | .10 | .55 | are the same
""")),
    "values": Comparator(compare_plain.values, 1, _levels("""
none   | .15 | .60 | - | - | have nothing in common
little | .20 | .25 | - | - | have little in common
some   | .25 | .10 | - | - | have a fair share in common
most   | .20 | .03 | - | - | have most in common
same   | .20 | .02 | - | - | are the same
""")),
    "person_name": Comparator(compare_names.person_name, 2, _levels("""
different   | .02 | .985  | .12  | .01  | differ in given and family name
given_only  | .03 | .008  | .01  | .01  | have the same given name and another family name
family_only | .02 | .005  | .78  | .01  | have the same family name and another given name
part_alike  | .01 | .0004 | .01  | .01  | are alike in the one part that both have
part_same   | .03 | .0006 | .03  | .06  | are the same in the one part that both have
alike       | .04 | .0004 | .02  | .02  | are alike
close       | .15 | .0003 | .015 | .05  | are the same but for spelling, a nickname or an initial
swapped     | .02 | .0001 | .002 | .002 | have given and family name swapped
same        | .68 | .0002 | .013 | .83  | are the same
""")),
    "organisation_name": Comparator(compare_names.organisation_name, 1, _levels("""
different  | .04 | .9832 | .76 | .02 | differ
part       | .06 | .015  | .15 | .08 | have a part in common
within     | .10 | .001  | .02 | .10 | are one within the other, or its initials
group      | .03 | .0001 | .001 | .06 | are the same but for words by which companies of a group are told apart
alike      | .12 | .0002 | .004 | .06 | are alike but for one word
same_words | .10 | .0002 | .002 | .08 | have the same words
same       | .55 | .0003 | .004 | .60 | are the same
""")),
    "address": Comparator(compare_places.address, 4, _levels("""
elsewhere | .10 | .95   | .02 | .80 | are in different places
town      | .04 | .04   | .03 | .10 | are in the same town
postcode  | .05 | .009  | .05 | .05 | have the same postcode
street    | .03 | .0004 | .08 | .01 | are in the same street at another number
number    | .04 | .0001 | .03 | .01 | have the same street and number in differing places
alike     | .12 | .0003 | .19 | .01 | are alike
same      | .62 | .0002 | .60 | .02 | are the same
""")),
}  # fmt: skip
"""Name in a match config -> comparator. A new one is a function, an entry here and property tests."""

NAMES: Final[Mapping[str, tuple[float, ...]]] = {
    "person_name": (0.15, 0.2, 0.3),
    "organisation_name": (0.15, 0.3),
}
"""Comparators of names, and how many matches may have their lowest level, lowest two and so on, at most.

Names are what tells relatives from one another, so their shares among relatives are shipped and never learnt. Without
a bound among matches, that class drifts to whatever else is common, such as firms that are called after their town.
"""
