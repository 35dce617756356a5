"""Django's registration of the package that finds who is the same."""

from django.apps import AppConfig
from django.core.checks import Tags, register
from django.utils.translation import gettext_lazy as _

from matching.lock_table import check_lock_table


class MatchingConfig(AppConfig):
    """Who is the same, and who decides: match configs, runs, review tasks, judgements."""

    name = "matching"
    verbose_name = _("Matching")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have the database's lock table checked."""
        register(check_lock_table, Tags.database)
