"""People and groups: Django's own, in the dress of the other pages; what becomes of somebody's rights is in the audit log."""

from typing import Any, Final

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.db import transaction
from django.db.models import ManyToManyField, QuerySet
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from golden_records import people
from golden_records.admin.acting import change_by

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

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        """Keep what changed of the person's flags, roles and permissions."""
        user: User = form.instance
        with transaction.atomic():
            before = getattr(form, "standing_before", None)
            super().save_related(request, form, formsets, change)
            by = change_by(request, "changed in the admin" if change else "made in the admin")
            people.tell_of_standing(User.objects.get(pk=user.pk), before=before, change=by)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        """Remember what the person was before."""
        if change:
            form.standing_before = people.standing_of(User.objects.get(pk=obj.pk))
        super().save_model(request, obj, form, change)

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        """Keep that the log-in was removed."""
        with transaction.atomic():
            people.tell_of_removal(obj, change=change_by(request, "removed in the admin"))
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Keep of each that the log-in was removed."""
        for user in queryset:
            self.delete_model(request, user)


@admin.register(Group)
class TeamAdmin(SpokenPermissions, GroupAdmin, ModelAdmin):  # type: ignore[misc]  # django-unfold has no types
    """Groups: what their members may do."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        """Keep which permissions came and went."""
        group: Group = form.instance
        with transaction.atomic():
            before = people.permissions_of(group.permissions)
            super().save_related(request, form, formsets, change)
            after = people.permissions_of(group.permissions)
            by = change_by(request, "changed in the admin")
            people.tell_of_group(group.name, granted=list(after - before), withdrawn=list(before - after), change=by)
