"""Refining a model that was learnt without labels by what people said of pairs."""

from dataclasses import replace

import numpy as np

from matching.core.answers import Answers, Graded, answered
from matching.core.compared import Compared, compared
from matching.core.model import MatchModel
from matching.core.prepare import Prepared
from matching.core.train import Trained, learn_model, random_pairs


def refine(prepared: Prepared, trained: Trained, answers: Answers) -> MatchModel:
    """Learn the probabilities again with the answers; rarities stay. Without answers the model stays as it is."""
    model = trained.model
    if not len(answers):
        return model
    asked = compared(prepared, (answers.left, answers.right), model.config, model.terms)
    candidates = _with(trained.compared, asked, prepared.size)
    found = answered(answers, _graded(prepared, asked, model), _graded(prepared, candidates, model))
    sample = compared(prepared, random_pairs(prepared.size), model.config, model.terms)
    learnt = learn_model(prepared, (candidates, sample), model.config, model.terms, found)
    return replace(learnt, terms=model.terms)


def _with(candidates: Compared, asked: Compared, size: int) -> Compared:
    """Give the candidate pairs, and those asked about that are not among them."""
    known = candidates.left.astype(np.int64) * size + candidates.right
    more = asked.at(np.flatnonzero(~np.isin(asked.left.astype(np.int64) * size + asked.right, known)))
    return Compared(
        np.append(candidates.left, more.left),
        np.append(candidates.right, more.right),
        np.concatenate([candidates.levels, more.levels]),
        np.append(candidates.strata, more.strata),
    )


def _graded(prepared: Prepared, pairs: Compared, model: MatchModel) -> Graded:
    return Graded(pairs.levels, pairs.strata, pairs.weighed(prepared, model)[1].probability)
