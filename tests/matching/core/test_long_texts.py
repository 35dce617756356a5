"""Of long texts the first words are compared, and the same ones on both roads."""

import numpy as np

from matching.core.columns import MOST_TOKENS
from matching.core.model import MatchModel
from matching.core.prepare import prepare
from matching.core.score import score_pairs
from tests.matching.core.conftest import Record, score_row, table

LONG = " ".join(f"mot{letter}" for letter in "zyxwvutsrqponmlkjihg")
FIRST, LAST = LONG.split()[:MOST_TOKENS], LONG.split()[MOST_TOKENS:]
NAMES = [LONG, " ".join([*LAST, "atelier", "commun"]), " ".join([*FIRST[:3], "atelier"]), f"{LONG} encore", "atelier commun"]


def test_names_of_more_words_than_are_compared_score_the_same_in_batch_and_in_real_time(shipped: MatchModel) -> None:
    records = table([{"legal_name": name} for name in NAMES])
    # Enough other names that words are numbered in another order than that of the texts.
    others: list[Record] = [{"legal_name": f"{word} filiale {number}"} for number, word in enumerate([*reversed(LONG.split())] * 15)]
    left, right = (rows.astype(np.int32) for rows in np.triu_indices(len(NAMES), 1))
    prepared = prepare(table([*others, *({"legal_name": name} for name in NAMES)]), shipped.config)
    batch = score_pairs(prepared, prepared, left + np.int32(len(others)), right + np.int32(len(others)), shipped)
    for one in range(len(NAMES) - 1):
        alone = score_row(records.slice(one, 1), records.slice(one + 1), shipped)
        pairs = np.flatnonzero(left == one)
        assert alone.levels.tolist() == batch.levels[pairs].tolist()
        assert alone.weight.tolist() == batch.weight[pairs].tolist()


def test_words_beyond_the_first_are_no_part_of_a_comparison(shipped: MatchModel) -> None:
    name = [comparison.name for comparison in shipped.config.comparisons].index("name")
    record = table([{"legal_name": LONG}])
    scored = score_row(record, table([{"legal_name": " ".join([*FIRST, "atelier"])}, {"legal_name": " ".join(LAST)}]), shipped)
    assert scored.levels[0, name] > scored.levels[1, name] == 1
