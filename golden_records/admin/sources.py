"""Source systems and mappings."""

from django.contrib import admin

from golden_records.admin.base import MdmAdmin
from golden_records.models import SourceMapping, SourceSystem


@admin.register(SourceSystem)
class SourceSystemAdmin(MdmAdmin):
    """Who sends records, and how much each is trusted."""

    list_display = ("name", "code", "trust", "country")
    search_fields = ("name", "code")


@admin.register(SourceMapping)
class SourceMappingAdmin(MdmAdmin):
    """How a source's own columns map to the data dictionary."""

    list_display = ("__str__", "source", "entity")
    list_filter = ("source", "entity")
    list_select_related = ("source",)
