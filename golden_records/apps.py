"""Django's registration of the package that knows the golden records."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _

from golden_records.moments import read_quickly


class GoldenRecordsConfig(AppConfig):
    """What the firm knows: source records, golden records, their lineage and history."""

    name = "golden_records"
    verbose_name = _("Golden records")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have every app enter what it holds of people (`golden_records.privacy`), and every connection read moments quickly."""
        autodiscover_modules("holders")
        connection_created.connect(read_quickly, dispatch_uid="golden_records.moments")
