"""What a key may do: a table of scopes, and the permission that every API view stands under."""

from typing import Any, Final

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from api.auth import ApiClient
from api.problems import InsufficientScope

INGEST: Final = "ingest"
READ: Final = "read"
CHANGES: Final = "changes"
WEBHOOKS: Final = "webhooks"
ERASE: Final = "erase"
OVERRIDES: Final = "overrides"
MERGES: Final = "merges"
CONFIRMATIONS: Final = "confirmations"
REPORTS: Final = "reports"

SCOPES: Final = {
    INGEST: "Send source records.",
    READ: "Read source records, golden records and cross-references.",
    CHANGES: "Follow the change feed: what happened to which golden record; with 'read', the values too.",
    WEBHOOKS: "Subscribe endpoints to changes, and see how deliveries go.",
    ERASE: "Erase golden records for good, with all their source records; for a key that is bound to no source.",
    OVERRIDES: "Override values of golden records as a steward does, and end overrides.",
    MERGES: "Merge, split and move golden records as a steward does, and undo that.",
    CONFIRMATIONS: "Confirm golden records as a steward does, and take that back.",
    REPORTS: "Make audit reports on everything, and read them; with 'read', their values too.",
}


class HasScope(BasePermission):
    """Lets a key through that has the scope which the view names for the method in `scopes`.

    A view that names none lets nobody through: forgetting the table closes the door.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        """Say whether the key may; raises `InsufficientScope`, which names the scope that is missing."""
        client: object = request.user
        if not isinstance(client, ApiClient):
            return False
        needed = getattr(view, "scopes", {}).get("GET" if request.method == "HEAD" else request.method)
        if needed in client.scopes:
            return True
        if needed is None:
            # A method that the view does not have goes on, to be answered with those that it has.
            return request.method not in view.allowed_methods
        raise InsufficientScope(
            f"The key '{client.name}' lacks the scope '{needed}'.",
            remedy=f"Use a key made with --scope {needed}.",
            scope=needed,
        )
