"""What the engine left apart by itself, as a random sample sees it. Reads the database, writes nothing.

Pairs that are hardly likely are not stored: of each record there are dozens. So some golden records are drawn at random, and each is
compared with those that its records share a blocking key with, as when one of them comes in. A unit is a pair of golden records, by the
likeliest pair of their records: that is what a question is about. One of which both golden records might have been drawn is found as
often as any other, whichever of the two it is found from; so of all pairs there are as many as were found, over the chance to be found.

Not seen: pairs with no key in common that brings candidates. Those are estimated by capture-recapture (`matching.blocking_reports`).
"""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, pairwise
from typing import Any, Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from golden_records.entities import EntityType
from golden_records.models import GoldenState, MatchState
from matching.active_config import ActiveConfig, active_config
from matching.core.decide import Outcome, decide
from matching.core.hashing import mix_one
from matching.core.prepare import prepare
from matching.core.sampling import BANDS_APART, band_of
from matching.core.score import ScoredPairs, score_pairs
from matching.decisions import PairEvidence, evidence_of
from matching.frames import Band, Frame, Homes
from matching.judgements import GoldenPair, golden_pair, judged_pairs
from matching.keys import Pair, meeting
from matching.models import CheckedPair, CheckKind, JudgementValue, ReviewTask, TaskKind, TaskState
from matching.tables import active_records, attribute_table

FEWEST_LOOKED_AT: Final = 2_000
PER_PAIR: Final = 10
"""Golden records that are looked at: so many, or so many for each pair that is asked for. Few of them have a pair worth a question."""
CUT_OFF: Final = BANDS_APART[1]
"""What is less likely is counted and not drawn: of millions of pairs with hardly a match no number of answers says much."""
OTHERWISE: Final = len(BANDS_APART) - 1
"""The band of what is kept apart by more than its probability: by a veto, or because only another of its source is the counterpart."""
_AT_ONCE: Final = 50
"""Golden records looked at at a time: with what they share keys with, some ten thousand records."""
_PAIRS_AT_ONCE: Final = 500
_HALF: Final = 2**64 - 1


@dataclass(slots=True)
class _Met:
    """A pair of golden records: its likeliest pair of records, where these are, and whether more than the probability speaks against it."""

    probability: float
    pair: Pair
    homes: Homes
    found_from: UUID
    is_barred: bool


@dataclass(slots=True)
class _Seen:
    """What was found so far; `below` counts pairs that are less likely than the cut-off, with what is expected of them."""

    met: dict[GoldenPair, _Met] = field(default_factory=dict)
    below: int = 0
    expected_below: float = 0.0


def left_apart(entity: EntityType, *, size: int, seed: int) -> Frame:
    """Look at some golden records at random, and give the pairs that the engine neither joined nor asked about, by band.

    The same seed looks at the same golden records. The number of statements depends on how many are looked at, not on how many there are.
    """
    active = active_config(entity)
    goldens = entity.goldens.filter(state=GoldenState.ACTIVE).order_by()
    number = max(FEWEST_LOOKED_AT, PER_PAIR * size)
    drawn = heapq.nsmallest(
        number, ((_scattered(golden_id, seed), golden_id) for golden_id in goldens.values_list("pk", flat=True).iterator())
    )
    looked_at, seen = {golden_id for _, golden_id in drawn}, _Seen()
    for some in _parts(sorted(looked_at), _AT_ONCE):
        _look(entity, active, some, looked_at, seen)
    settled, asked = set[GoldenPair](), set[GoldenPair]()
    for part in _parts(sorted(seen.met), _PAIRS_AT_ONCE):
        settled_here, asked_here = _known(entity, part)
        settled |= settled_here - asked_here
        asked |= asked_here
    free = {pair: met for pair, met in sorted(seen.met.items()) if pair not in settled}
    return _frame(free, asked, seen, chance(len(looked_at), goldens.count()), active)


def chance(drawn: int, there: int) -> float:
    """Say how likely at least one of two is among so many drawn of all there are, at random and none twice."""
    if drawn >= there - 1:
        return 1.0
    return 1 - (there - drawn) * (there - drawn - 1) / (there * (there - 1))


def evidence_on(entity: EntityType, pairs: Iterable[Pair]) -> list[PairEvidence]:
    """Give the evidence on pairs of records as they are now; those of which one is gone are left out."""
    active = active_config(entity)
    found = _compare(entity, active, pairs)
    return [evidence_of(found.scored, row, found.outcomes, pair, active.model) for row, pair in enumerate(found.pairs)]


def _look(entity: EntityType, active: ActiveConfig, goldens: Sequence[UUID], looked_at: set[UUID], seen: _Seen) -> None:
    """Compare the records of some golden records with those that they share a key with."""
    standing = active_records(entity).filter(match_state=MatchState.MATCHED, golden__state=GoldenState.ACTIVE)
    own = dict(standing.filter(golden_id__any=goldens).values_list("pk", "golden_id"))
    met = meeting(entity, sorted(own), limits=[rule.limit for rule in active.config.blocking])
    home = own | dict(standing.filter(pk__any={other for _, other in met} - own.keys()).values_list("pk", "golden_id"))
    # What two of those that are looked at share is found from both: it counts once, from the older.
    found_from = {
        (min(mine, other), max(mine, other)): home[mine]
        for mine, other in met
        if other in home and home[mine] != home[other] and not (home[other] in looked_at and home[other] < home[mine])
    }
    compared = _compare(entity, active, found_from)
    best: dict[GoldenPair, _Met] = {}
    for row, pair in enumerate(compared.pairs):
        homes = (home[pair[0]], home[pair[1]])
        here = _Met(float(compared.scored.probability[row]), pair, homes, found_from[pair], bool(compared.barred[row]))
        known = best.setdefault(golden_pair(*homes), here)
        likeliest = min(here, known, key=lambda each: (-each.probability, each.pair))
        best[golden_pair(*homes)] = replace(likeliest, is_barred=here.is_barred or known.is_barred)
    for goldens_of, found in best.items():
        if found.probability < CUT_OFF:
            seen.below += 1
            seen.expected_below += found.probability
        else:
            seen.met[goldens_of] = found


@dataclass(frozen=True, slots=True)
class _Compared:
    """Pairs of records as they are now; `barred` says which are kept apart by more than a probability below what is asked about."""

    pairs: list[Pair]
    scored: ScoredPairs
    outcomes: NDArray[np.int8]
    barred: NDArray[np.bool_]


def _compare(entity: EntityType, active: ActiveConfig, pairs: Iterable[Pair]) -> _Compared:
    """Score pairs of records and decide on them as real time does; without those of which one is gone. One statement."""
    wanted = sorted(pairs)
    table = attribute_table(entity, active_records(entity).filter(pk__any={record_id for pair in wanted for record_id in pair}))
    place = {record_id: row for row, record_id in enumerate(table["id"].to_pylist())}
    there = [pair for pair in wanted if pair[0] in place and pair[1] in place]
    left, right = np.array([(place[one], place[other]) for one, other in there], np.int32).reshape(-1, 2).T
    prepared = prepare(table, active.config)
    scored = score_pairs(prepared, prepared, left, right, active.model)
    outcomes, source = decide(scored, active.model), np.array(table["source"].to_pylist(), np.str_)
    of_one_source = (source[left] == source[right]) & np.isin(source[left], active.config.clusters.one_per_source)
    outcomes[of_one_source] = Outcome.NO_MATCH
    barred = of_one_source | (scored.vetoes != 0) | (scored.probability >= active.config.review_threshold)
    return _Compared(there, scored, outcomes, barred)


def _known(entity: EntityType, pairs: Sequence[GoldenPair]) -> tuple[set[GoldenPair], set[GoldenPair]]:
    """Give which of these pairs people are asked about or have judged, and which were drawn before. Four statements."""
    ends = {golden_id for pair in pairs for golden_id in pair}
    home = dict(entity.records.filter(golden_id__any=ends).values_list("pk", "golden_id"))
    tasks = ReviewTask.objects.filter(entity=entity.name, state=TaskState.OPEN, left_golden_id__any=ends, right_golden_id__any=ends)
    open_tasks = list(tasks.order_by().values_list("left_golden_id", "right_golden_id", "kind"))
    checked = CheckedPair.objects.filter(entity=entity.name, sample__kind=CheckKind.APART)
    drawn = checked.filter(left_record_id__any=home, right_record_id__any=home).values_list("left_record_id", "right_record_id")
    asked = {golden_pair(home[left], home[right]) for left, right in drawn}
    asked |= {(left, right) for left, right, kind in open_tasks if kind == TaskKind.CHECK_APART}
    return {(left, right) for left, right, _ in open_tasks} | judged_pairs(entity, home, JudgementValue).keys(), asked


def _frame(met: Mapping[GoldenPair, _Met], asked: set[GoldenPair], seen: _Seen, reached: float, active: ActiveConfig) -> Frame:
    probability = np.array([each.probability for each in met.values()], np.float64)
    band = band_of(probability, BANDS_APART)
    band[[each.is_barred for each in met.values()]] = OTHERWISE
    found, expected = (np.bincount(band, weights, OTHERWISE + 1) for weights in (None, probability))
    found[0], expected[0] = seen.below, seen.expected_below
    measure = expected.copy()
    # A quarter of the draw at most, as long as there are others: what a lower threshold would find is the question.
    measure[OTHERWISE] = min(expected[OTHERWISE], (np.sqrt(expected[1:OTHERWISE]).sum() / 3) ** 2)
    review = active.config.review_threshold
    edges = [(lower, max(lower, min(upper, review))) for lower, upper in pairwise(BANDS_APART)]
    bands: list[Band] = [
        {
            "lower": lower,
            "upper": upper,
            "found": int(found[number]),
            "pairs": round(found[number] / reached),
            "expected": float(expected[number]) / reached,
            "reached": reached,
            "measure": float(measure[number]),
        }
        for number, (lower, upper) in enumerate([*edges, (CUT_OFF, 1.0)])
    ]
    return Frame(
        left=np.array([each.pair[0] for each in met.values()], np.int64),
        right=np.array([each.pair[1] for each in met.values()], np.int64),
        band=band,
        probability=probability,
        homes=tuple(each.homes for each in met.values()),
        counts_as=tuple(each.found_from for each in met.values()),
        asked=np.array([pair in asked for pair in met], np.bool_),
        bands=tuple(bands),
    )


def _parts(rows: Sequence[Any], size: int) -> Iterator[list[Any]]:
    every = iter(rows)
    while part := list(islice(every, size)):
        yield part


def _scattered(golden_id: UUID, seed: int) -> int:
    """Give a number for a golden record that looks random."""
    return mix_one(mix_one((seed & _HALF) ^ (golden_id.int >> 64)) ^ (golden_id.int & _HALF))
