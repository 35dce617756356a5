"""`manage.py prepare`: everything between new code or an empty folder and a service that can start."""

import hashlib
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from golden_records import protection
from matching.access import lacking
from mdm import logins

STATIC_STAMP: Final = "static-stamp"
DEMO_STAMP: Final = "demo-loaded"


class Command(BaseCommand):
    """Migrates, collects static files, and in embedded mode makes the first log-ins and loads the demonstration data.

    Each step is left out where nothing changed, so a second start takes seconds. It may be stopped at any moment and run again.
    """

    help = "Migrate the database, collect static files; embedded: make the first log-ins and load the demonstration data."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add `--no-demo`."""
        parser.add_argument("--no-demo", action="store_true", help="start with no records at all")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the steps."""
        del args
        self._migrate()
        self._collect_static()
        self._tell_of_roles()
        if not settings.MDM_EMBEDDED:
            return
        first_logins = logins.ensure_logins(settings.MDM_DATA_DIR)
        if settings.MDM_DEMO and not options["no_demo"]:
            self._load_demo()
        for login in first_logins:
            password = login.password or "as you changed it"
            self.stdout.write(f"Log in as {login.username:8} password {password}   ({login.role})")

    def _migrate(self) -> None:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.stdout.write("Preparing the database.")
            call_command("migrate", interactive=False, verbosity=0)
        # On SQLite, a migration that makes a table anew leaves its triggers behind.
        if unprotected := protection.missing():
            self.stdout.write(f"Protecting {', '.join(unprotected)} from being rewritten.")
            with connection.cursor() as cursor:
                protection.protect(cursor)

    def _tell_of_roles(self) -> None:
        """Say where a group of before lacks what is new: people made it, so it is left to them."""
        if lacks := [lack.role for lack in lacking() if lack.is_there]:
            self.stdout.write(f"Roles that lack something since an upgrade: {', '.join(lacks)}. See: manage.py roles --check")

    def _collect_static(self) -> None:
        stamp = Path(settings.MDM_DATA_DIR) / STATIC_STAMP
        state = _static_state()
        if stamp.exists() and stamp.read_text(encoding="ascii") == state and Path(settings.STATIC_ROOT).exists():
            return
        self.stdout.write("Collecting static files.")
        call_command("collectstatic", interactive=False, clear=True, verbosity=0)
        stamp.write_text(state, encoding="ascii")

    def _load_demo(self) -> None:
        # The loading can be repeated, so a start that was broken off in the middle of it finishes it the next time.
        stamp = Path(settings.MDM_DATA_DIR) / DEMO_STAMP
        if stamp.exists():
            return
        call_command("load_demo", stdout=self.stdout)
        stamp.touch()


def _static_state() -> str:
    """A digest of which static files there are, by path, size and time of change."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in sorted(finder.list([]), key=lambda found: found[0]):
            found = Path(storage.path(name)).stat()
            digest.update(f"{name}\0{found.st_size}\0{found.st_mtime_ns}\n".encode())
    return digest.hexdigest()
