"""The Django application that holds the project's own commands."""

from importlib import import_module

from django.apps import AppConfig
from django.contrib import admin

from mdm.celery import app as celery_app


class MdmConfig(AppConfig):
    """Brings the Celery application into every Django process.

    `shared_task` binds to the current Celery application: a process that never imported ours would publish to Celery's default
    broker address and lose its messages.
    """

    name = "mdm"
    verbose_name = "mdm"
    celery = celery_app

    def ready(self) -> None:
        """Let the sign-in tell the audit log, and let the admin have no log-in of its own."""
        telling = import_module("mdm.signin.telling")
        telling.connect()
        admin.site.login = import_module("mdm.signin.door").admin_door  # type: ignore[method-assign]  # one way in, with all its steps
