"""How the admin looks: titles, colours and navigation of django-unfold."""

from typing import Any

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "mdm",
    "SITE_HEADER": "mdm",
    "SITE_SUBHEADER": "Master data management",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
}
