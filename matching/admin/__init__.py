"""The admin's pages of matching; Django finds them here."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from matching import limits
from matching.admin import golden, mappings, merges, moves, overrides, quality, records, reports, review, rules, runs, steward_settings

__all__ = [
    "golden",
    "limits",
    "mappings",
    "merges",
    "moves",
    "overrides",
    "quality",
    "records",
    "reports",
    "review",
    "rules",
    "runs",
    "steward_settings",
]

admin.site.index_title = _("Dashboard")
admin.site.index_template = "matching/admin/dashboard.html"
