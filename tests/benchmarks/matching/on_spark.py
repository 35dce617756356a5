"""The Spark engine on a labelled file, its session, learning and the way there and back included, in processes of its own."""

import json
import os
import sys
import time
from dataclasses import asdict

from matching.core.autoconfig import config_for
from matching.core.evaluate import evaluate
from matching.engines.labelled import read_labelled
from matching.engines.spark.engine import on

if __name__ == "__main__":
    table, truth = read_labelled(sys.argv[1])
    started = time.perf_counter()
    result = on(os.environ.get("MASTER") or "local[*]")(table, config_for(table, {}, "customer"))
    seconds = time.perf_counter() - started
    figures = evaluate(truth, result.clusters.labels, result.candidates.left, result.candidates.right)
    stages = {f"{name}_seconds": lap for name, lap in result.timings.items()}
    print(json.dumps({"seconds": seconds} | stages | asdict(figures)))
