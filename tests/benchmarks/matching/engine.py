"""The engine on a labelled file, in a process of its own: `engine FILE [raw]`."""

import json
import sys
from dataclasses import asdict

from matching.core.autoconfig import config_for
from matching.core.evaluate import evaluate
from matching.engines.labelled import read_labelled
from matching.engines.local import match
from tests.benchmarks.match import measured, now
from tests.benchmarks.matching.standardised import standardised

if __name__ == "__main__":
    table, truth = read_labelled(sys.argv[1])
    if sys.argv[2:] != ["raw"]:
        table = standardised(table)
    started = now()
    result = match(table, config_for(table, {}, "customer"))
    cost = measured(started)
    figures = evaluate(truth, result.clusters.labels, result.candidates.left, result.candidates.right)
    print(json.dumps(cost | asdict(figures)))
