"""Merging two golden records by hand and undoing it, with 2, 20 and 200 members each: seconds and statements, beside a floor.

    make benchmark NAME=merge

What is measured is what a steward does: the preview (`look`), carrying it out (with the preview made again under the locks) and the undo.
The floor, in the same run: one UPDATE that sets the golden record of the same source records, and is rolled back. Median of ROUNDS on
a PostgreSQL of our own; statements are counted on the last round.
"""

from tests.benchmarks.serving.installation import database, run_module


def main() -> None:
    """Print a line per size and step."""
    with database() as environment:
        print(run_module(environment, "tests.benchmarks.serving", "merging"), end="", flush=True)


if __name__ == "__main__":
    main()
