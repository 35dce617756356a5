"""The Celery application: a doorbell for work whose state lives in the database."""

import os
from typing import Any

import structlog
from celery import Celery, Task
from celery.result import AsyncResult
from structlog.contextvars import bind_contextvars, clear_contextvars, get_contextvars

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mdm.settings")

REQUEST_ID_HEADER = "request_id"

log = structlog.get_logger(__name__)


class CorrelatedTask(Task):  # type: ignore[type-arg]  # generic in the stubs only: Task[...] fails at run time
    """A task whose log lines carry the id of the request that caused it.

    The id travels in the message's headers, so a support question about one request finds the lines of the worker too.
    """

    abstract = True

    def apply_async(self, *args: Any, headers: dict[str, str] | None = None, **options: Any) -> AsyncResult[Any]:
        """Publish the task with the request id of the running context, if there is one."""
        headers = dict(headers or {})
        request_id = get_contextvars().get(REQUEST_ID_HEADER)
        if request_id is not None:
            headers.setdefault(REQUEST_ID_HEADER, request_id)
        return super().apply_async(*args, headers=headers, **options)

    def before_start(self, task_id: str, args: Any, kwargs: Any) -> None:
        """Bind task and request id to every log line of this run."""
        del args, kwargs
        if self.request.is_eager:
            return
        clear_contextvars()
        headers = self.request.headers or {}
        request_id = headers.get(REQUEST_ID_HEADER) or task_id
        bind_contextvars(task=self.name, task_id=task_id, request_id=request_id)


app = Celery("mdm", task_cls=CorrelatedTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(["golden_records.webhooks"])
