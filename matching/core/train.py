"""Training: from candidate pairs without labels to a match model."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matching.core.blocking import CandidatePairs
from matching.core.comparators import BOUNDS, ENTAILED, HELD
from matching.core.compare import count_terms, count_words, worded_fields
from matching.core.compared import Compared, compared, completed
from matching.core.components import components
from matching.core.declarations import MatchConfig
from matching.core.em import LEARNT, RELATIVES, SHIPPED, TIED, Answered, Learning, learn
from matching.core.grades import Rows
from matching.core.model import CLASSES, MatchModel, shipped_probabilities, shipped_shares
from matching.core.parallel import each
from matching.core.patterns import count_patterns
from matching.core.prepare import Prepared
from matching.core.promise import JUDGED_FROM, probe_of, promising
from matching.core.sorting import sorted_unique
from matching.core.terms import Entities, Terms, TermTable, value_terms

SAMPLE_PAIRS: Final = 500_000
MOST_RELATIVES: Final = 2.0
"""Relatives of one kind that a record has at most on average."""
MOST_SPELLINGS: Final = 1.5
"""Distinct names per entity from which words are counted again, among entities."""
FEWEST_MATCHES: Final = 20.0
_SEED: Final = 20_240_229


@dataclass(frozen=True, slots=True)
class Trained:
    """A model, the candidate pairs without those that promise nothing, and how they compare by it."""

    model: MatchModel
    pairs: CandidatePairs
    compared: Compared


def train(prepared: Prepared, pairs: CandidatePairs, config: MatchConfig) -> Trained:
    """Learn a model from candidate pairs; the same records in the same order give the same model, to the bit.

    Rarity is counted among records first; what the model finds with that tells entities, among which it is counted
    again: a firm that has a hundred records does not make its own name common.
    """
    terms = count_terms(prepared, config)
    sample = compared(prepared, random_pairs(prepared.size), config, terms)
    if len(pairs.left) > JUDGED_FROM:
        probe = probe_of(pairs)
        some = compared(prepared, (pairs.left[probe.places], pairs.right[probe.places]), config, terms)
        learnt_from = replace(some, counts=probe.counts)
        model = learn_model(prepared, (learnt_from, sample), config, terms)
        kept, pairs = promising(pairs, probe, _matches(prepared, some, model), config.least_yield)
        probed = kept[probe.places]
        places = (np.cumsum(kept) - 1)[probe.places[probed]]
        candidates = completed(prepared, (pairs.left, pairs.right), some.at(np.flatnonzero(probed)), places, (config, terms))
    else:
        learnt_from = candidates = compared(prepared, (pairs.left, pairs.right), config, terms)
        model = learn_model(prepared, (candidates, sample), config, terms)
    entities = _entities(prepared, candidates, model)
    values = dict(zip(terms.values, each(lambda name: value_terms(prepared.columns[name], entities), terms.values), strict=True))
    words = _entity_words(prepared, entities, config)
    if not words:
        return Trained(replace(model, terms=Terms(values, terms.words)), pairs, candidates)
    recounted = Terms(terms.values, {**terms.words, **words})
    again, *learnt_again = (some.with_terms(prepared, config, recounted) for some in (candidates, learnt_from, sample))
    model = learn_model(prepared, (learnt_again[0], learnt_again[1]), config, recounted)
    return Trained(replace(model, terms=Terms(values, recounted.words)), pairs, again)


def worthwhile(prepared: Prepared, pairs: CandidatePairs, model: MatchModel) -> CandidatePairs:
    """Leave out of many candidate pairs what promises nothing by a model."""
    if len(pairs.left) <= JUDGED_FROM or not model.config.least_yield:
        return pairs
    probe = probe_of(pairs)
    probed = compared(prepared, (pairs.left[probe.places], pairs.right[probe.places]), model.config, model.terms)
    return promising(pairs, probe, _matches(prepared, probed, model), model.config.least_yield)[1]


def learn_model(
    prepared: Prepared, pairs: tuple[Compared, Compared], config: MatchConfig, terms: Terms, answers: Answered | None = None
) -> MatchModel:
    """Learn from candidate pairs and from a random sample, and from people's answers on some of the candidates."""
    sizes = level_sizes(config)
    candidates, unrelated = (count_patterns(some.levels, some.strata, sizes, some.counts) for some in pairs)
    probabilities, shares = shipped_probabilities(config), shipped_shares(config, prepared.size)
    warnings: list[str] = []
    for stratum in range(len(probabilities)):
        start = _start(prepared, config, stratum)
        if start is None:
            continue
        learnt = learn(candidates.of(stratum), unrelated.of(stratum), start, answers and answers.of(stratum))
        if learnt.matches < FEWEST_MATCHES:
            warnings.append(f"{_name(config, stratum)}: too few matches to learn from; shipped probabilities weigh most")
        probabilities[stratum], shares[stratum] = learnt.probabilities, learnt.shares
    return MatchModel(config, probabilities, shares, terms, tuple(warnings))


def _entity_words(prepared: Prepared, entities: Entities, config: MatchConfig) -> dict[str, TermTable]:
    """Count words among entities where these have so many spellings each that distinct values tell another story."""
    words = {}
    for name in worded_fields(config):
        column = prepared.columns[name]
        named = len(sorted_unique(entities.labels[column.codes >= 0]))
        if len(column.values) > MOST_SPELLINGS * named:
            words[name] = count_words(prepared, name, config, entities)
    return words


def _entities(prepared: Prepared, pairs: Compared, model: MatchModel) -> Entities:
    """Find the rows that seem to be one."""
    found = pairs.matching(prepared, model)
    return Entities.of(components(prepared.size, pairs.left[found], pairs.right[found]).astype(np.int64))


def _matches(prepared: Prepared, pairs: Compared, model: MatchModel) -> NDArray[np.bool_]:
    found = np.zeros(len(pairs.left), np.bool_)
    found[pairs.matching(prepared, model)] = True
    return found


def _name(config: MatchConfig, stratum: int) -> str:
    return config.strata_values[stratum - 1] if stratum else "all records"


def _start(prepared: Prepared, config: MatchConfig, stratum: int) -> Learning | None:
    """Say what learning a stratum starts from; None where it has no pair to learn from."""
    size = prepared.size
    if stratum and config.strata:
        column = prepared.columns[config.strata]
        size = sum(
            int((column.codes == code).sum()) for code, value in enumerate(column.strings) if value == config.strata_values[stratum - 1]
        )
    if size < 2:  # noqa: PLR2004 - a pair takes two
        return None
    return Learning(
        probabilities=shipped_probabilities(config)[0],
        shares=shipped_shares(config, size)[0],
        pairs_in_all=size * (size - 1) / 2,
        most_relatives=MOST_RELATIVES * size,
        ways=_ways(config),
        at_most=tuple(BOUNDS.get(comparison.kind, ()) for comparison in config.comparisons),
        sizes=level_sizes(config),
        entailed=np.array([comparison.kind in ENTAILED for comparison in config.comparisons]),
    )


def _ways(config: MatchConfig) -> NDArray[np.int8]:
    """Say for each class and comparison whether its probabilities are learnt, shipped or those of unrelated pairs.

    Matches and unrelated pairs are learnt throughout. Relatives are held to what makes them relatives.
    """
    ways = np.full((len(CLASSES), len(config.comparisons)), LEARNT, np.int8)
    for place, comparison in enumerate(config.comparisons):
        for number in RELATIVES:
            given = [getattr(level, CLASSES[number]) for level in comparison.levels]
            held = comparison.kind in HELD[CLASSES[number]]
            ways[number, place] = TIED if None in given else SHIPPED if held else LEARNT
    return ways


def level_sizes(config: MatchConfig) -> NDArray[np.int64]:
    """Give how many levels each comparison has, the missing one included."""
    return np.array([len(comparison.levels) + 1 for comparison in config.comparisons], np.int64)


def random_pairs(size: int, most: int = SAMPLE_PAIRS) -> tuple[Rows, Rows]:
    """Give pairs of rows at random, without repetition where all pairs are no more than asked; left < right."""
    if size * (size - 1) // 2 <= most:
        left, right = np.triu_indices(size, 1)
        return left.astype(np.int32), right.astype(np.int32)
    generator = np.random.default_rng(_SEED)
    one = generator.integers(0, size, most, dtype=np.int32)
    other = (one + generator.integers(1, size, most, dtype=np.int32)) % size
    return np.minimum(one, other).astype(np.int32), np.maximum(one, other).astype(np.int32)
