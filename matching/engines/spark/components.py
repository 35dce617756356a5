"""Connected components in Spark: which records hang together, by stars that shrink (Kiveris et al. 2014)."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812 - as everywhere


def components(links: DataFrame) -> DataFrame:
    """Give each id that has a link (`left`, `right`) its `component`: the smallest id that it hangs together with.

    Alternates large-star and small-star steps, which keep what hangs together and halve the way to the smallest id,
    until nothing changes: every id is then linked to the smallest one itself. Nothing depends on order or partitions.
    """
    ends = links.select(F.greatest("left", "right").alias("id"), F.least("left", "right").alias("to"))
    edges = settled(ends.where("id > to").distinct())
    state, before = _state(edges), None
    while state != before:
        edges = settled(_small_star(_large_star(edges)))
        state, before = _state(edges), state
    found = edges.select("id", F.col("to").alias("component"))
    return found.unionByName(edges.select(F.col("to").alias("id"), F.col("to").alias("component")).distinct())


def settled(frame: DataFrame) -> DataFrame:
    """Compute a table once and forget how: in the checkpoint folder where the session has one, else on the executors."""
    return frame.checkpoint() if frame.sparkSession.sparkContext.getCheckpointDir() else frame.localCheckpoint()


def _large_star(edges: DataFrame) -> DataFrame:
    """Link each neighbour that is larger than an id to the smallest of the id and its neighbours."""
    both = edges.unionByName(edges.select(F.col("to").alias("id"), F.col("id").alias("to")))
    smallest = F.least(F.col("id"), _smallest())
    return both.withColumn("smallest", smallest).where("to > id").select(F.col("to").alias("id"), F.col("smallest").alias("to")).distinct()


def _small_star(edges: DataFrame) -> DataFrame:
    """Link each id, and its smaller neighbours, to the smallest of these."""
    stars = edges.withColumn("smallest", _smallest())
    own = stars.select("id", F.col("smallest").alias("to"))
    neighbours = stars.where("to > smallest").select(F.col("to").alias("id"), F.col("smallest").alias("to"))
    return own.unionByName(neighbours).distinct()


def _smallest() -> Column:
    return F.min("to").over(Window.partitionBy("id"))


def _state(edges: DataFrame) -> tuple[int, int | None]:
    row = edges.agg(F.count("*").alias("edges"), F.expr("bit_xor(xxhash64(id, to))").alias("sum")).collect()[0]
    return row["edges"], row["sum"]
