"""Django's registration of the package that finds who is the same."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MatchingConfig(AppConfig):
    """Who is the same, and who decides: match configs, runs, review tasks, judgements."""

    name = "matching"
    verbose_name = _("Matching")
    default_auto_field = "django.db.models.BigAutoField"
