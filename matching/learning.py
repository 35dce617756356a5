"""Learning from what stewards answered: what it would change, told before anything is changed, and put in force when asked."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from golden_records.entities import EntityType
from golden_records.errors import MdmError
from matching.active_config import ActiveConfig, activate, active_config
from matching.core.answers import Answers, answers_of
from matching.core.calibration import Reliability, reliability
from matching.core.declarations import Thresholds
from matching.core.model import MatchModel
from matching.core.score import score_pairs
from matching.core.thresholds import Aim, Asked, Choice, choose_thresholds
from matching.engines.local import MatchResult, match
from matching.models import MatchConfigVersion
from matching.plan import settled
from matching.population import population

TELLING: Final = 0.1
"""Bits by which a level must move to be told."""


class NothingToLearnFrom(MdmError):
    """No steward has answered anything yet."""

    code = "nothing_to_learn_from"
    title = "There are no answers to learn from"


@dataclass(frozen=True, slots=True)
class Moved:
    """A level whose weight moves: its `m` and `u` probability before and after, and the bits they come to."""

    stratum: str
    comparison: str
    level: str
    m: tuple[float, float]
    u: tuple[float, float]
    bits: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Told:
    """What a model says of the answered pairs, and how many pairs it leaves to people."""

    model: MatchModel
    thresholds: Thresholds
    calibration: Reliability
    doubtful: int


@dataclass(frozen=True, slots=True)
class Lesson:
    """What the answers would change: `before` is in force, `after` is not yet."""

    active: ActiveConfig
    same: int
    different: int
    before: Told
    after: Told
    choice: Choice

    def moved(self) -> Iterator[Moved]:
        """Give the levels that the answers move."""
        config = self.active.config
        strata = ("all", *config.strata_values)
        one, other = self.before.model, self.after.model
        bits = np.stack([one.base_weights, other.base_weights])
        for stratum, place in np.ndindex(len(strata), len(config.comparisons)):
            comparison = config.comparisons[place]
            for number, level in enumerate(comparison.levels, start=1):
                was, now = (float(some) for some in bits[:, stratum, place, number])
                if abs(now - was) >= TELLING:
                    m, u = (
                        (float(one.probabilities[stratum, which, place, number]), float(other.probabilities[stratum, which, place, number]))
                        for which in (0, 1)
                    )
                    yield Moved(strata[stratum], comparison.name, level.name, m, u, (was, now))


def study(entity: EntityType, aim: Aim) -> Lesson:
    """Say what the stewards' answers would change. Reads the database, writes nothing. Raises `NothingToLearnFrom`."""
    people, active = population(entity), active_config(entity)
    known = settled(entity, people)
    answers = answers_of(known)
    if not len(answers):
        raise NothingToLearnFrom(f"No steward has answered a question on {entity.name} records.", remedy="Work through the review queue.")
    before = match(people.attributes, active.config, model=active.model, constraints=known)
    after = match(people.attributes, active.config, constraints=known)
    now = active.config.thresholds
    choice = choose_thresholds(_asked(after, answers), after.pairs.probability[after.pairs.vetoes == 0], now, aim)
    return Lesson(
        active=active,
        same=int(answers.same.sum()),
        different=int((~answers.same).sum()),
        before=_told(before, answers, now),
        after=_told(after, answers, choice.thresholds),
        choice=choice,
    )


def publish(entity: EntityType, lesson: Lesson) -> ActiveConfig:
    """Put what was learnt in force as a new version; the earlier ones stay, and decisions keep naming theirs.

    Golden records change with the next matching run, which looks at every pair again.
    """
    config = replace(lesson.active.as_reviewed, thresholds=lesson.choice.thresholds)
    number = MatchConfigVersion.objects.filter(entity=entity.name).count() + 1
    reviewed = lesson.active.reviewed or lesson.active.config.thresholds
    return activate(entity, replace(lesson.after.model, config=config), label=f"answers{number}", reviewed=reviewed)


def _asked(result: MatchResult, answers: Answers) -> Asked:
    """Give the answered pairs by the model's probability; vetoed ones are asked about whatever the thresholds are."""
    scored = score_pairs(result.prepared, result.prepared, answers.left, answers.right, result.model)
    free = scored.vetoes == 0
    return Asked(scored.probability[free], answers.same[free])


def _told(result: MatchResult, answers: Answers, thresholds: Thresholds) -> Told:
    asked, pairs = _asked(result, answers), result.pairs
    doubtful = (pairs.vetoes == 0) & (pairs.probability >= thresholds.review) & (pairs.probability < thresholds.auto)
    return Told(result.model, thresholds, reliability(asked.probability, asked.same), int(doubtful.sum()))
