"""`/merges`, `/splits` and `/moves`, with their previews and their undoing: what stewards do to golden records by hand."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, ClassVar, Final, cast

from django.urls import URLPattern, path, reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from api.idempotency import idempotent
from api.pagination import PAGING, page_of
from api.readings import gave_golden_records
from api.schema import problems
from api.scopes import MERGES, READ
from api.v1 import regrouping_schema as described
from api.v1.regrouping_body import read_reason, read_wish
from api.v1.regrouping_schema import Receipt, given, previewed, receipt
from api.views import ApiView, change_of
from golden_records.models import MergeReceipt, MoveReceipt
from matching import four_eyes, regrouping, review
from matching.regroup_plan import RegroupKind
from matching.regroup_preview import look

TAGS: Final = ["merges, splits and moves"]
_ID: Final = OpenApiParameter("receipt_id", int, OpenApiParameter.PATH, description="The number of the receipt.")
_WRONG: Final = (400, 404, 409, 410, 411, 412, 413, 415, 422)


class PreviewView(ApiView):
    """What one would change."""

    scopes: ClassVar[Mapping[str, str]] = {"POST": READ}
    kind: ClassVar[RegroupKind]

    def post(self, request: Request) -> Response:
        """Say what it would change: values, records, projects, figures, events, and which earlier judgements say otherwise. Safe."""
        asked = read_wish(request, self.kind, carry_out=False)
        preview = look(asked.entity, asked.wish, change=change_of(request, reason="preview"))
        told = [
            (side.golden_id, {each.spec.name: each.before if each.before is not None else each.after for each in side.values})
            for side in preview.sides
            if side.golden_id is not None
        ]
        gave_golden_records(request, asked.entity, told)
        takes_two = four_eyes.over(asked.entity.name, asked.wish.golden_ids) is not None
        return Response(previewed(preview, takes_two=takes_two))


class ReceiptsView(ApiView):
    """All of one kind."""

    scopes: ClassVar[Mapping[str, str]] = {"GET": READ, "POST": MERGES}
    kind: ClassVar[RegroupKind]

    def get(self, request: Request) -> Response:
        """Give a page of what was done, the oldest first."""
        page = page_of(request, _rows(self.kind))
        return Response({"results": given(page.rows), "next": page.next_address})

    @idempotent
    def post(self, request: Request) -> Response:
        """Do exactly what the preview showed; where something of it has changed since, nothing is done."""
        asked = read_wish(request, self.kind, carry_out=True)
        change = change_of(request, reason=asked.reason)
        done = regrouping.carry_out(asked.entity, asked.wish, fingerprint=asked.preview, change=change, confirmed=asked.confirmed)
        headers = {"Location": reverse(self.kind.value, args=[done.pk])}
        return Response(receipt(done), HTTPStatus.CREATED, headers=headers)


class ReceiptView(ApiView):
    """One of them."""

    scopes: ClassVar[Mapping[str, str]] = {"GET": READ}
    kind: ClassVar[RegroupKind]

    def get(self, request: Request, receipt_id: int) -> Response:
        """Give what was done, by whom and why, and whether it was undone."""
        del request
        return Response(given([_find(self.kind, receipt_id)])[0])


class UndoView(ApiView):
    """Taking one of them back."""

    scopes: ClassVar[Mapping[str, str]] = {"POST": MERGES}
    kind: ClassVar[RegroupKind]

    @idempotent
    def post(self, request: Request, receipt_id: int) -> Response:
        """Take it back: records that are still there are again where they were; what was learned of them since stays."""
        _find(self.kind, receipt_id)
        change = change_of(request, reason=read_reason(request))
        return Response(receipt(_UNDO[self.kind is RegroupKind.MERGE](receipt_id, change=change)))


_UNDO: Final[Mapping[bool, Callable[..., Receipt]]] = {True: review.undo_merge, False: regrouping.undo_move}


def routes() -> list[URLPattern]:
    """Give the addresses of every kind."""
    return [route for kind, plural in _PLURAL.items() for route in _routes(kind, plural)]


_PLURAL: Final = {RegroupKind.MERGE: "merges", RegroupKind.SPLIT: "splits", RegroupKind.MOVE: "moves"}


def _routes(kind: RegroupKind, plural: str) -> list[URLPattern]:
    name = kind.value
    preview = extend_schema(
        operation_id=f"preview_{name}",
        summary=f"Say what a {name} would change",
        tags=TAGS,
        request=described.WISHES[kind],
        responses={200: described.PREVIEW, **problems(400, 404, 409, 410, 411, 413, 415, 422)},
    )
    listed = extend_schema(
        operation_id=f"list_{plural}",
        summary=f"List {plural}",
        tags=TAGS,
        parameters=list(PAGING),
        responses={200: described.PAGE, **problems(400)},
    )
    made = extend_schema(
        operation_id=name if kind is RegroupKind.MERGE else f"{name}_records",
        summary=f"Carry a {name} out",
        tags=TAGS,
        request=described.SENT[kind],
        responses={201: described.RECEIPT, **problems(*_WRONG)},
    )
    one = extend_schema(
        operation_id=f"get_{name}",
        summary=f"Get a {name}",
        tags=TAGS,
        parameters=[_ID],
        responses={200: described.GIVEN, **problems(404)},
    )
    undone = extend_schema(
        operation_id=f"undo_{name}",
        summary=f"Undo a {name}",
        tags=TAGS,
        parameters=[_ID],
        request=described.UNDO,
        responses={200: described.RECEIPT, **problems(400, 404, 409, 410, 411, 413, 415, 422)},
    )
    return [
        path(f"{name}-previews", _view(PreviewView, kind, post=preview), name=f"{name}-previews"),
        path(plural, _view(ReceiptsView, kind, get=listed, post=made), name=plural),
        path(f"{plural}/<int:receipt_id>", _view(ReceiptView, kind, get=one), name=name),
        path(f"{plural}/<int:receipt_id>/undo", _view(UndoView, kind, post=undone), name=f"undo-{name}"),
    ]


def _view(base: type[ApiView], kind: RegroupKind, **operations: Any) -> Any:
    view = type(f"{kind.value.title()}{base.__name__}", (base,), {"kind": kind})
    return cast("type[ApiView]", extend_schema_view(**operations)(view)).as_view()


def _rows(kind: RegroupKind) -> Any:
    return MergeReceipt.objects.all() if kind is RegroupKind.MERGE else MoveReceipt.objects.filter(kind=kind.value)


def _find(kind: RegroupKind, receipt_id: int) -> Receipt:
    found: Receipt | None = _rows(kind).filter(pk=receipt_id).first()
    if found is None:
        message = f"There is no {kind.value} {receipt_id}."
        raise regrouping.UnknownReceipt(message, remedy=f"See /{_PLURAL[kind]}.", receipt=receipt_id)
    return found
