"""Pages that a browser fetches ahead, before anybody looks at them: no effect may come of it, and what was fetched may be shown once."""

from django.contrib.messages import get_messages
from django.http import HttpRequest
from django.template.response import TemplateResponse


def is_prefetch(request: HttpRequest) -> bool:
    """Whether a browser fetches ahead what a person may open next: whoever would claim, count or consume something must not."""
    return "prefetch" in f"{request.headers.get('Sec-Purpose', '')} {request.headers.get('Purpose', '')}".lower()


def may_be_kept(request: HttpRequest, response: TemplateResponse) -> None:
    """Let the browser keep a page that it fetched ahead until it is opened, which pages of the admin forbid; messages wait for a reader.

    It keeps it for itself and asks again at any later time. A task that was answered meanwhile is refused by its version, as on any
    page that was left open.
    """

    def keep(rendered: TemplateResponse) -> None:
        rendered.headers["Cache-Control"] = "private, no-cache"
        del rendered.headers["Expires"]
        get_messages(request).used = False  # type: ignore[attr-defined]  # django-stubs lack it

    response.add_post_render_callback(keep)
