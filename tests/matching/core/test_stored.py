"""A score is told from what was stored with it, whatever the code of today knows of it."""

import numpy as np
import pytest

from matching.core.explain import explain
from matching.core.model import MatchModel, shipped_model, stored_document
from matching.core.stored import StoredEvidence, explain_stored
from tests.matching.core.conftest import score

LEFT = {"legal_name": "Acme Conseil", "phone": "+33142685300", "city": "Lyon", "country": "FR", "kind": "organisation"}
RIGHT = LEFT | {"legal_name": "Acme Conseils", "phone": "+33142685399", "country": "DE"}


def test_what_is_told_from_the_document_is_what_is_told_by_the_model(shipped: MatchModel) -> None:
    found = score([LEFT], [RIGHT], shipped)
    by_model = explain(found.evidence(0), shipped, LEFT, RIGHT)
    kept = StoredEvidence(found.levels[0].tolist(), found.weights[0].tolist(), (), float(found.weight[0]))
    told = explain_stored(kept, stored_document(shipped.to_bytes()), LEFT, RIGHT)
    compared = {step.comparison: step for step in by_model if step.level not in {"missing", "relatives"}}
    for step in told:
        if step.level not in {"missing", "prior"}:
            assert (step.words, step.left, step.right) == (
                compared[step.comparison].words, compared[step.comparison].left, compared[step.comparison].right
            )  # fmt: skip
    assert sum(step.bits for step in told[:-1]) == pytest.approx(told[-1].bits)
    assert told[-1].bits == by_model[-1].bits


def test_what_the_document_does_not_name_is_shown_by_place_and_number() -> None:
    document = {"comparisons": {"odour": {"kind": "smell", "levels": {"foul": None}}}, "vetoes": "lost"}
    told = explain_stored(StoredEvidence((1, 3, 0), (2.0, -1.0, 0.0), ("old_rule",), 0.5), document, {}, {})
    assert [(step.comparison, step.level, step.bits) for step in told] == [
        ("prior", "prior", -0.5), ("odour", "foul", 2.0), ("comparison 2", "level 3", -1.0), ("comparison 3", "missing", 0.0),
        ("old_rule", "veto", 0.0), ("total", "total", 0.5),
    ]  # fmt: skip


def test_a_model_whose_levels_are_not_those_of_today_is_refused(shipped: MatchModel, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = shipped_model(shipped.config).to_bytes()
    read = MatchModel.from_bytes(packed)
    assert np.array_equal(read.probabilities, shipped.probabilities)
    document = shipped.config.to_document()
    document["comparisons"]["phone"]["levels"].pop("one_off")
    monkeypatch.setattr(type(shipped.config), "to_document", lambda _: document)
    with pytest.raises(ValueError, match="levels"):
        MatchModel.from_bytes(shipped_model(shipped.config).to_bytes())
