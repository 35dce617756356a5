"""The admin's pages of matching; Django finds them here."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from matching import limits
from matching.admin import golden, merges, moves, overrides, records, reports, review, rules, runs

__all__ = ["golden", "limits", "merges", "moves", "overrides", "records", "reports", "review", "rules", "runs"]

admin.site.index_title = _("Dashboard")
admin.site.index_template = "matching/admin/dashboard.html"
