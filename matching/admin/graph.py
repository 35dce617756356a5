"""A question as a graph: golden records in a circle, the evidence between them as edges, and what people said as other strokes."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import cos, pi, sin
from typing import Final
from uuid import UUID

from matching.admin.columns import Column
from matching.admin.evidence_words import strength_words
from matching.judgements import GoldenPair, golden_pair
from matching.models import Judgement, JudgementValue, MatchDecision, Outcome
from matching.questions import Question

WIDTH: Final = 620.0
_NODE: Final = 17.0
_WORDS: Final = 21.0
_LETTERS: Final = 20
_FEW: Final = 14
_THIN, _THICK, _HEAVIEST = 1.0, 7.0, 25.0
"""Width of an edge: one per bit, between these; no edge grows beyond that of so many bits."""


@dataclass(frozen=True, slots=True)
class Node:
    """A golden record: where it is drawn, where its name stands and to which side it runs, and the sources of its records."""

    column: Column
    x: float
    y: float
    words_x: float
    words_y: float
    anchor: str
    name: str
    sources: str
    is_asked: bool


@dataclass(frozen=True, slots=True)
class Edge:
    """The strongest evidence between two golden records, what people said of members of them, and the task that asks about the two."""

    left: Column
    right: Column
    ends: tuple[float, float, float, float]
    middle: tuple[float, float]
    width: float
    probability: float | None
    weight: float | None
    words: str
    outcome: str
    said: JudgementValue | None
    task_id: int | None
    is_shown: bool


@dataclass(frozen=True, slots=True)
class Graph:
    """The whole of it, on a ground of `WIDTH` by `height`."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    height: float
    width: float = WIDTH

    @property
    def few(self) -> bool:
        """Whether there is room for a probability at each edge."""
        return len(self.edges) <= _FEW


def graph_of(question: Question, columns: Sequence[Column], said: Iterable[Judgement], shown_task_id: int) -> Graph:
    """Draw a question. One statement, whatever its size."""
    home = {record.pk: column.golden.pk for column in columns for record in column.records}
    strongest = _strongest(question, home)
    words = _said(said, home)
    tasks = {golden_pair(task.left_golden_id, task.right_golden_id): task.pk for task in question.tasks}
    asked = next(({task.left_golden_id, task.right_golden_id} for task in question.tasks if task.pk == shown_task_id), set())
    height = 300.0 + 16.0 * len(columns)
    places = {column.golden.pk: _place(number, len(columns), height) for number, column in enumerate(columns)}
    nodes = tuple(_node(column, places[column.golden.pk], column.golden.pk in asked) for column in columns)
    of_id = {column.golden.pk: column for column in columns}
    pairs = sorted(strongest.keys() | words.keys() | tasks.keys(), key=lambda pair: -_weight(strongest.get(pair)))
    # A probability stands near the end with fewer edges: of a star, all are crowded at the other one.
    many = Counter(golden_id for pair in pairs for golden_id in pair)
    edges = tuple(
        _edge(
            _fewest_first(of_id[pair[0]], of_id[pair[1]], many),
            places,
            strongest.get(pair),
            words.get(pair),
            (tasks.get(pair), shown_task_id),
        )
        for pair in pairs
        if pair[0] in of_id and pair[1] in of_id
    )
    return Graph(nodes, edges, height)


def _fewest_first(one: Column, other: Column, many: Mapping[UUID, int]) -> tuple[Column, Column]:
    return (one, other) if many[one.golden.pk] <= many[other.golden.pk] else (other, one)


def _strongest(question: Question, home: Mapping[int, UUID]) -> dict[GoldenPair, MatchDecision]:
    """The evidence between the records that are shown, and that of each task, whichever is stronger."""
    found = MatchDecision.objects.filter(entity=question.entity.name, left_record_id__any=home, right_record_id__any=home)
    best: dict[GoldenPair, MatchDecision] = {}
    for decision in found.only("left_record_id", "right_record_id", "outcome", "weight", "probability"):
        left, right = home[decision.left_record_id], home[decision.right_record_id]
        pair = golden_pair(left, right)
        if left != right and decision.weight > _weight(best.get(pair)):
            best[pair] = decision
    return best


def _weight(decision: MatchDecision | None) -> float:
    return decision.weight if decision is not None else float("-inf")


def _said(said: Iterable[Judgement], home: Mapping[int, UUID]) -> dict[GoldenPair, JudgementValue]:
    found: dict[GoldenPair, JudgementValue] = {}
    for judgement in said:
        left, right = home.get(judgement.left_record_id), home.get(judgement.right_record_id)
        if left and right and left != right and judgement.withdrawn_at is None:
            found[golden_pair(left, right)] = JudgementValue(judgement.value)
    return found


def _place(number: int, count: int, height: float) -> tuple[float, float, float]:
    """Where the node with this number is, and its angle; the first at the top."""
    angle = 2 * pi * number / count - pi / 2
    return WIDTH / 2 + (WIDTH / 2 - 190) * cos(angle), height / 2 + (height / 2 - 68) * sin(angle), angle


def _node(column: Column, place: tuple[float, float, float], is_asked: bool) -> Node:  # noqa: FBT001 - a property of the node
    x, y, angle = place
    side = cos(angle)
    anchor = "middle" if abs(side) < 0.2 else "start" if side > 0 else "end"  # noqa: PLR2004 - nearly above or below
    words_x = x + (0 if anchor == "middle" else _WORDS + 4 if anchor == "start" else -_WORDS - 4)
    words_y = y - 2 if anchor != "middle" else y - 42 if sin(angle) < 0 else y + 35
    name = str(column.shown if column.alone is None else column.golden)
    sources = ", ".join(dict.fromkeys(record.source.code for record in column.records))
    return Node(
        column=column,
        x=round(x, 1),
        y=round(y, 1),
        words_x=round(words_x, 1),
        words_y=round(words_y, 1),
        anchor=anchor,
        name=name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}…",
        sources=sources if len(sources) <= _LETTERS else f"{sources[: _LETTERS - 1]}…",
        is_asked=is_asked,
    )


def _edge(
    pair: tuple[Column, Column],
    places: Mapping[UUID, tuple[float, float, float]],
    found: MatchDecision | None,
    said: JudgementValue | None,
    asking: tuple[int | None, int],
) -> Edge:
    left, right = sorted(pair, key=lambda column: column.number)
    (x1, y1, _), (x2, y2, _) = places[pair[0].golden.pk], places[pair[1].golden.pk]
    weight = found.weight if found is not None else None
    share = min(max(weight or 0.0, 0.0), _HEAVIEST) / _HEAVIEST
    return Edge(
        left=left,
        right=right,
        ends=(round(x1, 1), round(y1, 1), round(x2, 1), round(y2, 1)),
        middle=(round(x1 + 0.38 * (x2 - x1), 1), round(y1 + 0.38 * (y2 - y1), 1)),
        width=round(_THIN + (_THICK - _THIN) * share, 1),
        probability=found.probability if found is not None else None,
        weight=weight,
        words=strength_words(weight) if weight is not None else "",
        outcome=found.outcome if found is not None else Outcome.NO_MATCH,
        said=said,
        task_id=asking[0],
        is_shown=asking[0] == asking[1],
    )
