"""People and groups: Django's own, in the dress of the other pages."""

from typing import Any, Final

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.db.models import ManyToManyField
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

admin.site.unregister(User)
admin.site.unregister(Group)


_ACTIONS: Final = {"add": _("may add"), "change": _("may change"), "delete": _("may delete"), "view": _("may view")}


class SpokenPermissions:
    """Permissions in the words of the page: Django keeps their names in English."""

    def formfield_for_manytomany(self, db_field: "ManyToManyField[Any, Any]", request: HttpRequest, **kwargs: Any) -> Any:
        """Name each permission by its table and what it allows; those on histories, which nobody is given, are left out."""
        field = super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc]  # the admin that it is mixed into
        if field is not None and db_field.name in {"permissions", "user_permissions"}:
            field.queryset = field.queryset.exclude(content_type__model__startswith="historical")
            field.label_from_instance = permission_words
        return field


def permission_words(permission: Permission) -> str:
    """What a permission allows: Customer | may view."""
    model = permission.content_type.model_class()
    subject = gettext(str(model._meta.verbose_name)) if model else permission.content_type.model
    action = _ACTIONS.get(permission.codename.partition("_")[0]) or gettext(permission.name)
    return f"{capfirst(subject)} | {action}"


@admin.register(User)
class PersonAdmin(SpokenPermissions, UserAdmin, ModelAdmin):  # type: ignore[misc,type-arg]  # django-unfold has no types
    """People who log in."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    show_full_result_count = False


@admin.register(Group)
class TeamAdmin(SpokenPermissions, GroupAdmin, ModelAdmin):  # type: ignore[misc]  # django-unfold has no types
    """Groups: what their members may do."""
