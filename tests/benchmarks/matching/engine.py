"""The engine on a labelled file, in a process of its own."""

import json
import sys
from dataclasses import asdict

from matching.core.autoconfig import config_for
from matching.core.evaluate import evaluate
from matching.engines.labelled import read_labelled
from matching.engines.local import match
from tests.benchmarks.match import measured, now

if __name__ == "__main__":
    table, truth = read_labelled(sys.argv[1])
    # As it comes out of a database: each column in one piece.
    table = table.unify_dictionaries().combine_chunks()
    started = now()
    result = match(table, config_for(table, {}, "customer"))
    cost = measured(started)
    figures = evaluate(truth, result.clusters.labels, result.candidates.left, result.candidates.right)
    print(json.dumps(cost | asdict(figures)))
