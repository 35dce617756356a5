"""The Django application that holds the project's own commands."""

from django.apps import AppConfig

from mdm.celery import app as celery_app


class MdmConfig(AppConfig):
    """Brings the Celery application into every Django process.

    `shared_task` binds to the current Celery application: a process that never imported ours would publish to Celery's default
    broker address and lose its messages.
    """

    name = "mdm"
    verbose_name = "mdm"
    celery = celery_app
