"""Pages that a browser fetches ahead, before anybody looks at them: no effect may come of that."""

from typing import Any

from django.contrib.messages import get_messages
from django.http import HttpRequest
from django.template.response import TemplateResponse


def is_prefetch(request: HttpRequest) -> bool:
    """Whether a browser fetches ahead what a person may open next: whoever would claim, count or consume something must not."""
    return "prefetch" in f"{request.headers.get('Sec-Purpose', '')} {request.headers.get('Purpose', '')}".lower()


def leave_messages(request: HttpRequest, response: TemplateResponse) -> None:
    """Let messages wait for a page that is read: one that is fetched ahead may never be."""

    def keep(rendered: TemplateResponse) -> None:
        del rendered
        stored: Any = get_messages(request)
        stored.used = False

    response.add_post_render_callback(keep)
