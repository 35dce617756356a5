"""The comparators a match config may name, with their levels and the probabilities that they ship with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from matching.core import compare_codes, compare_names, compare_persons, compare_places, compare_plain, compare_positions
from matching.core.declarations import Level
from matching.core.grades import Levels, Operands


@dataclass(frozen=True, slots=True)
class Comparator:
    """A comparator: how many `fields` it takes and the levels it can give (from 1), higher ones meaning more.

    `texts` are the places of the fields whose texts it grades in every pair.
    """

    compare: Callable[[Operands], Levels]
    fields: int
    levels: tuple[Level, ...]
    texts: tuple[int, ...] = ()


def _levels(table: str) -> tuple[Level, ...]:
    levels = []
    for line in table.strip().splitlines():
        name, *chances, words = (part.strip() for part in line.split("|"))
        m, u, neighbour, namesake, *branch = (None if chance == "-" else float(chance) for chance in chances)
        levels.append(Level(name, m or 0.0, u or 0.0, neighbour, namesake, words, branch=branch[0] if branch else namesake))
    return tuple(levels)


# level | m | u | neighbour | namesake | branch, if not as namesakes | in words, with {label} and {labels} for what is compared;
# '-': relatives are as unrelated records
COMPARATORS: Final[Mapping[str, Comparator]] = {
    "exact": Comparator(compare_plain.exact, 1, _levels("""
different | .10 | .90 | - | - | different {labels}
same      | .90 | .10 | - | - | same {label}
""")),
    "kind": Comparator(compare_plain.exact, 1, _levels("""
different | .001 | .40 | .50 | .05 | different {labels}
same      | .999 | .60 | .50 | .95 | same {label}
""")),
    "area": Comparator(compare_plain.exact, 1, _levels("""
different | .02 | .50 | .02 | - | .25 | different {labels}
same      | .98 | .50 | .98 | - | .75 | same {label}
""")),
    "owner": Comparator(compare_plain.exact, 1, _levels("""
different | .03 | .995 | .02 | - | different {labels}
same      | .97 | .005 | .98 | - | same {label}
""")),
    "text": Comparator(compare_plain.text, 1, _levels("""
different | .08 | .95   | - | - | different {labels}
similar   | .05 | .02   | - | - | similar {labels}
close     | .12 | .005  | - | - | {labels} alike but for a letter or two
same      | .75 | .025  | - | - | same {label}
"""), (0,)),
    "code": Comparator(compare_codes.code, 1, _levels("""
different | .06 | .999  | - | - | different {labels}
one_off   | .04 | .0005 | - | - | {labels} alike but for one character
same      | .90 | .0005 | - | - | same {label}
""")),
    "register": Comparator(compare_codes.code, 1, _levels("""
different | .06 | .999    | - | - | different {labels}
one_off   | .04 | .0005   | - | - | {labels} alike but for one character
same      | .90 | .0005   | - | - | same {label}
""")),
    "identifier": Comparator(compare_codes.identifier, 1, _levels("""
different | .04 | .9485   | - | - | different {labels}
invalid   | .02 | .05     | - | - | different {labels}, one of which is not valid
one_off   | .04 | .0005   | - | - | {labels} alike but for one character
same      | .90 | .000001 | - | - | same {label}
""")),
    "jaro_winkler": Comparator(compare_plain.jaro_winkler, 1, _levels("""
different | .08 | .94   | - | - | different {labels}
similar   | .05 | .03   | - | - | similar {labels}
close     | .12 | .005  | - | - | {labels} alike but for a letter or two
same      | .75 | .025  | - | - | same {label}
""")),
    "damerau_levenshtein": Comparator(compare_plain.damerau_levenshtein, 1, _levels("""
different | .10 | .96   | - | - | different {labels}
two_edits | .05 | .01   | - | - | {labels} alike but for two characters
one_edit  | .10 | .005  | - | - | {labels} alike but for one character
same      | .75 | .025  | - | - | same {label}
""")),
    "number": Comparator(compare_plain.number, 1, _levels("""
different | .10 | .90 | - | - | different {labels}
near      | .05 | .05 | - | - | {labels} within a tenth of each other
close     | .10 | .02 | - | - | {labels} within a hundredth of each other
same      | .75 | .03 | - | - | same {label}
""")),
    "distance": Comparator(compare_positions.distance, 1, _levels("""
far    | .06 | .95   | - | - | {labels} more than 30 km apart
region | .04 | .035  | - | - | {labels} at most 30 km apart
town   | .10 | .013  | - | - | {labels} at most 5 km apart
near   | .20 | .0015 | - | - | {labels} at most 500 m apart
same   | .60 | .0005 | - | - | same {label}, give or take 50 m
""")),
    "date": Comparator(compare_plain.date, 1, _levels("""
different | .02 | .945  | - | - | different {labels}
half      | .02 | .045  | - | - | {labels} a year apart at most, or on the same day of different years
near      | .05 | .009  | - | - | {labels} a month apart at most, or alike but for the day, month or year
one_off   | .06 | .0009 | - | - | {labels} alike but for one digit, or with day and month swapped
same      | .85 | .0001 | - | - | same {label}
""")),
    "phone": Comparator(compare_plain.phone, 1, _levels("""
different | .18 | .9989 | .40 | .96 | .90 | different {labels}
exchange  | .02 | .0005 | .15 | .01 | .03 | {labels} alike but for the last two digits
one_off   | .03 | .0005 | .02 | .01 | .01 | {labels} alike but for one digit
same      | .77 | .0001 | .43 | .02 | .06 | same {label}
""")),
    "email": Comparator(compare_plain.email, 3, _levels("""
different  | .10 | .94    | .62 | .80 | .40 | different {labels}
domain     | .10 | .05    | .25 | .08 | .30 | {labels} at the same domain
like_local | .05 | .008   | .05 | .04 | .05 | {labels} alike before the @
same_local | .03 | .0015  | .01 | .06 | .05 | {labels} the same before the @
close      | .07 | .0003  | .01 | .01 | .05 | {labels} alike but for a letter or two
same       | .65 | .0002  | .06 | .01 | .15 | same {label}
"""), (0, 1)),
    "website": Comparator(compare_plain.exact, 1, _levels("""
different | .15 | .999 | .90 | .90 | .45 | different {labels}
same      | .85 | .001 | .10 | .10 | .55 | same {label}
""")),
    "values": Comparator(compare_plain.values, 1, _levels("""
none   | .15 | .60 | - | - | {labels} have nothing in common
little | .20 | .25 | - | - | {labels} have little in common
some   | .25 | .10 | - | - | {labels} have a fair share in common
most   | .20 | .03 | - | - | {labels} have most in common
same   | .20 | .02 | - | - | same {label}
""")),
    "person_name": Comparator(compare_persons.person_name, 2, _levels("""
different   | .02 | .985  | .12  | .01  | different given and family names
given_only  | .03 | .008  | .01  | .01  | same given name, different family names
family_only | .02 | .005  | .78  | .01  | same family name, different given names
part_alike  | .01 | .0004 | .01  | .01  | similar in the one part of the {label} that both have
part_same   | .03 | .0006 | .03  | .06  | same in the one part of the {label} that both have
alike       | .04 | .0004 | .02  | .02  | similar {labels}
close       | .15 | .0003 | .015 | .05  | {labels} alike but for spelling, a nickname or an initial
swapped     | .02 | .0001 | .002 | .002 | given and family name swapped
same        | .68 | .0002 | .013 | .83  | same {label}
"""), (0, 1)),
    "organisation_name": Comparator(compare_names.organisation_name, 1, _levels("""
different  | .04 | .9832 | .76 | .02 | different {labels}
part       | .06 | .015  | .15 | .08 | {labels} have a part in common
within     | .10 | .001  | .02 | .10 | one {label} is a part of the other, or its initials
group      | .03 | .0001 | .001 | .06 | {labels} alike but for words that tell companies of one group apart
alike      | .12 | .0002 | .004 | .06 | {labels} alike but for one word
same_words | .10 | .0002 | .002 | .08 | {labels} of the same words
same       | .55 | .0003 | .004 | .60 | same {label}
"""), (0,)),
    "address": Comparator(compare_places.address, 4, _levels("""
elsewhere     | .09 | .94   | .018 | .30 | .79  | {labels} in different places
near          | .01 | .01   | .002 | .03 | .01  | {labels} in different places of one postal area
town          | .04 | .04   | .03 | .28 | .10  | {labels} in the same town
postcode      | .05 | .009  | .05 | .25 | .05  | {labels} with the same postcode, or one alike
town_only     | .02 | .001  | .03 | .03 | .004 | same town, and nothing nearer that both {labels} have
street        | .03 | .0004 | .08 | .03 | .01  | same street, different house numbers
postcode_only | .02 | .0001 | .03 | .02 | .002 | same postcode, and nothing nearer that both {labels} have
number        | .04 | .0001 | .03 | .02 | .01  | same street and house number, different places
alike         | .12 | .0003 | .19 | .02 | .01  | similar {labels}
same          | .62 | .0002 | .60 | .02 | .02  | same {label}
"""), (0, 2, 3)),
}  # fmt: skip
"""Name in a match config -> comparator. A new one is a function, an entry here and property tests."""


@dataclass(frozen=True, slots=True)
class Bound:
    """Of the matches no more than the share `most` has one of the levels from `lowest` to `highest`."""

    lowest: int
    highest: int
    most: float


BOUNDS: Final[Mapping[str, tuple[Bound, ...]]] = {
    "person_name": (Bound(1, 1, 0.15), Bound(1, 2, 0.2), Bound(3, 3, 0.03)),
    "organisation_name": (Bound(1, 1, 0.15), Bound(1, 2, 0.3)),
    "owner": (Bound(1, 1, 0.1),),
    "kind": (Bound(1, 1, 0.01),),
    "register": (Bound(1, 1, 0.1),),
}
"""How many matches may have the lowest levels of some comparators at most.

Without a bound, the class of matches drifts to whatever else is common: firms of one name with registered numbers of their
own; firms that are called after their town; households,
where one family name with two given names is two people far more often than one; contracts of many customers for one year.
"""

HELD: Final[Mapping[str, frozenset[str]]] = {
    "neighbour": frozenset({"organisation_name", "owner", "address"}),
    "namesake": frozenset({"person_name", "organisation_name", "owner"}),
    "branch": frozenset({"person_name", "owner", "area"}),
}
"""Per kind of relatives the comparators of what makes them relatives: the shares of their levels are shipped and never learnt.

Learnt, they would let the class drift to where matches or unrelated pairs are. The names that tell kinds apart well are learnt:
a branch bears the firm's name, and people of one household a family name, with the slips that there are in matches.
Branches of a firm are mostly in one country, though not in one place: without that said, they count as matches that have moved.
"""
ENTAILED: Final = frozenset({"area"})
"""Comparators of what goes with nearly everything else that two records can have in common.

Firms of one name, or people of one street, are in one country, if by chance. How often unrelated pairs agree on it is learnt from
candidate pairs, which have something in common, and not from pairs at random: agreement would be counted twice, and what is chance
would be taken for branches, and branches for matches.
"""
