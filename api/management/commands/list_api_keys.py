"""`manage.py list_api_keys`: which keys there are, never the keys themselves."""

from typing import Any

from django.core.management.base import BaseCommand

from api.models import ApiKey


class Command(BaseCommand):
    """Lists API keys."""

    help = "List the API keys: name, first characters, source, scopes, and since when they are there or revoked."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a line per key."""
        del args, options
        keys = ApiKey.objects.select_related("source").order_by("name")
        for key in keys:
            state = f"revoked {key.revoked_at:%Y-%m-%d}" if key.revoked_at else f"since {key.created_at:%Y-%m-%d}"
            source = key.source.code if key.source else "any source"
            self.stdout.write(f"{key.name}\tmdm_{key.prefix}_…\t{source}\t{', '.join(key.scopes)}\t{state}")
        if not keys:
            self.stdout.write("No keys yet. Make one: manage.py create_api_key NAME --scope read")
