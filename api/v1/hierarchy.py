"""`/customers/{canonical_id}/hierarchy` and what hangs on it: parents, children and groups of golden records that have a hierarchy."""

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar, Final, cast
from uuid import UUID

from django.urls import URLPattern, path, reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from api.idempotency import idempotent
from api.pagination import PAGING, page_of
from api.problems import FieldError, InvalidRequest, first_errors, pointer
from api.schema import problems
from api.scopes import OVERRIDES, READ
from api.v1 import hierarchy_schema as described
from api.v1 import override_schema
from api.v1.golden_records import CANONICAL_ID
from api.v1.override_body import read_reason
from api.views import ApiView, change_of
from golden_records import selectors
from golden_records.entities import EntityType
from golden_records.hierarchy.links import parent_attribute
from golden_records.hierarchy.reading import children_of, refused, standing_of
from golden_records.hierarchy.rollup import group_of
from golden_records.models import ParentState
from matching import hierarchy

TAGS: Final = ["hierarchy"]
_REFUSED: Final = (ParentState.LOOP.value, ParentState.UNKNOWN.value, ParentState.GONE.value)
_STATE: Final = OpenApiParameter("state", str, enum=_REFUSED, description="Only those of this kind.")
_BELOW: Final = OpenApiParameter("below", bool, description="`true`: it and what is below it; else the whole group, from the top.")
_MONTHS: Final = tuple(
    OpenApiParameter(name, date, description=f"{word} month that is added up, as any of its days.")
    for name, word in (("since", "First"), ("until", "Last"))
)


class _HierarchyView(ApiView):
    scopes: ClassVar[Mapping[str, str]] = {"GET": READ}
    entity: ClassVar[EntityType]

    def standing(self, canonical_id: UUID) -> UUID:
        """Give the golden record that answers for a canonical id."""
        found: UUID = selectors.golden(self.entity, canonical_id).golden.pk
        return found


class HierarchyView(_HierarchyView):
    """Where a golden record stands."""

    def get(self, request: Request, canonical_id: UUID) -> Response:
        """Give its parent, its ultimate parent and all between, and what is known of a parent that could not stand."""
        del request
        return Response(described.given_standing(standing_of(self.entity, self.standing(canonical_id))))


class ChildrenView(_HierarchyView):
    """Those right below a golden record."""

    def get(self, request: Request, canonical_id: UUID) -> Response:
        """Give a page of them, in the order of their birth."""
        golden_id = self.standing(canonical_id)
        page = page_of(request, children_of(self.entity, golden_id).only("id"))
        return Response({"canonical_id": golden_id, "results": [row.pk for row in page.rows], "next": page.next_address})


class GroupView(_HierarchyView):
    """What a group comes to."""

    def get(self, request: Request, canonical_id: UUID) -> Response:
        """Add up its members, their projects, and the figures of these by currency."""
        golden_id = self.standing(canonical_id)
        since, until = (_month(request, name) for name in ("since", "until"))
        below = request.query_params.get("below", "false")
        if below not in {"true", "false"}:
            raise _invalid([FieldError("below", "invalid_choice", "This is neither true nor false.", "Send true or false.", below)])
        head = golden_id if below == "true" else standing_of(self.entity, golden_id).ultimate_parent_id
        return Response(described.given_group(group_of(self.entity, head, since=since, until=until)))


class RefusedParentsView(_HierarchyView):
    """Parents that are named and could not stand."""

    def get(self, request: Request) -> Response:
        """Give a page of them, each with the reason."""
        state = request.query_params.get("state")
        if state is not None and state not in _REFUSED:
            remedy = f"Use one of: {', '.join(_REFUSED)}."
            raise _invalid([FieldError("state", "invalid_choice", "There is no such state.", remedy, state)])
        page = page_of(request, refused(self.entity, [state] if state else _REFUSED), order=("golden_id",))
        results = [{"canonical_id": row.golden_id, **described.told(row)} for row in page.rows]
        return Response({"results": results, "next": page.next_address})


class ParentView(_HierarchyView):
    """A steward's word on the parent."""

    scopes: ClassVar[Mapping[str, str]] = {"POST": OVERRIDES}

    @idempotent
    def post(self, request: Request, canonical_id: UUID) -> Response:
        """Let this parent stand, or that there is none, whatever the sources say; in the place of what a steward said before."""
        parent_id, reason = _parent(request)
        made = hierarchy.set_parent(self.entity, canonical_id, parent_id, change=change_of(request, reason=reason))
        return Response(override_schema.receipt(made), status=201, headers={"Location": reverse("override", args=[made.pk])})


class ClearParentView(_HierarchyView):
    """The end of a steward's word on the parent."""

    scopes: ClassVar[Mapping[str, str]] = {"POST": OVERRIDES}

    @idempotent
    def post(self, request: Request, canonical_id: UUID) -> Response:
        """Let the sources' parent be its parent again."""
        ended = hierarchy.clear_parent(self.entity, canonical_id, change=change_of(request, reason=read_reason(request)))
        return Response(override_schema.receipt(ended))


def _operations(entity: EntityType) -> tuple[tuple[type[_HierarchyView], str, str, Any], ...]:
    """List the views of an entity type: each with its address below the golden record, its name, and how the schema has it."""
    name, plural, writes = entity.name, entity.plural, problems(400, 404, 409, 411, 413, 415, 422)
    one = "<uuid:canonical_id>"

    def read(operation: str, summary: str, *parameters: OpenApiParameter, answer: Any, more: tuple[int, ...] = (404, 410)) -> Any:
        given = {200: answer, **problems(400, *more)}
        return {"get": extend_schema(operation_id=operation, summary=summary, tags=TAGS, parameters=[*parameters], responses=given)}

    def written(operation: str, summary: str, body: Any, status: int) -> Any:
        given = {status: override_schema.RECEIPT, **writes}
        told = {"tags": TAGS, "parameters": [CANONICAL_ID], "request": body, "responses": given}
        return {"post": extend_schema(operation_id=operation, summary=summary, **told)}

    hierarchy_of = read(f"get_{name}_hierarchy", f"See where a {name} stands", CANONICAL_ID, answer=described.HIERARCHY)
    children = read(f"list_{name}_children", f"List those right below a {name}", CANONICAL_ID, *PAGING, answer=described.CHILDREN)
    group = read(f"get_{name}_group", f"Add up the group of a {name}", CANONICAL_ID, _BELOW, *_MONTHS, answer=described.GROUP)
    refused_ones = read(
        f"list_refused_{name}_parents", f"List parents of {plural} that could not stand", _STATE, *PAGING, answer=described.REFUSED, more=()
    )
    return (
        (HierarchyView, f"{plural}/{one}/hierarchy", f"{name}-hierarchy", hierarchy_of),
        (ChildrenView, f"{plural}/{one}/children", f"{name}-children", children),
        (GroupView, f"{plural}/{one}/group", f"{name}-group", group),
        (ParentView, f"{plural}/{one}/parent", f"{name}-parent", written(f"set_{name}_parent", "Name the parent", described.SENT, 201)),
        (
            ClearParentView,
            f"{plural}/{one}/parent/clear",
            f"{name}-parent-clear",
            written(f"clear_{name}_parent", "Take a steward's word on the parent back", described.CLEARED, 200),
        ),
        (RefusedParentsView, f"{plural}/refused-parents", f"{name}-refused-parents", refused_ones),
    )


def hierarchy_routes(entity: EntityType) -> list[URLPattern]:
    """Give the addresses of an entity type's hierarchy; none where it has none."""
    if parent_attribute(entity) is None:
        return []
    return [path(address, _view(entity, kind, schema), name=name) for kind, address, name, schema in _operations(entity)]


def _view(entity: EntityType, kind: type[_HierarchyView], schema: Mapping[str, Any]) -> Any:
    view = type(f"{entity.name.title()}{kind.__name__}", (kind,), {"entity": entity})
    return cast("Any", extend_schema_view(**schema)(view)).as_view()


def _month(request: Request, name: str) -> date | None:
    sent = request.query_params.get(name)
    if sent is None:
        return None
    try:
        return date.fromisoformat(sent).replace(day=1)
    except ValueError:
        raise _invalid([FieldError(name, "invalid_date", "This is no date.", "Send it as YYYY-MM-DD.", sent)]) from None


def _parent(request: Request) -> tuple[UUID | None, str]:
    sent = request.data if isinstance(request.data, dict) else {}
    errors = [
        FieldError(pointer(name), "unknown_member", "The member is not known.", "Known are parent and reason.")
        for name in sent
        if name not in {"parent", "reason"}
    ]
    if not isinstance(sent.get("reason"), str) or not sent["reason"].strip():
        errors.append(FieldError(pointer("reason"), "missing", "The reason is missing.", "Say why, as a string."))
    parent_id = None
    try:
        parent_id = UUID(sent["parent"]) if sent.get("parent") is not None else None
    except (TypeError, ValueError, AttributeError):
        errors.append(FieldError(pointer("parent"), "wrong_type", "This is no canonical id.", "Send a UUID as a string, or null."))
    if "parent" not in sent:
        errors.append(FieldError(pointer("parent"), "missing", "The parent is missing.", "Send null where there is none."))
    if errors:
        raise _invalid(errors)
    return parent_id, sent["reason"]


def _invalid(errors: list[FieldError]) -> InvalidRequest:
    return InvalidRequest("The request can't be read.", remedy="See 'errors' for each place.", errors=first_errors(errors))
