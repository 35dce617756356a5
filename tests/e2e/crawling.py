"""The pages of the admin, found as a person finds them: by following links. Each kind of page once."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl, urljoin, urlsplit

from playwright.sync_api import Page

START: Final = "/admin/"
# Not pages: what ends the session, files, and other sites of the same server.
_LEFT_OUT: Final = re.compile(r"/logout/|/download/|\.csv|/file/|/jsi18n/|/api/|/autocomplete/")
_ID: Final = re.compile(r"/(?:[0-9a-f]{8}-[0-9a-f-]{27}|\d+)(?=/)")
# Pages of one kind although their addresses differ by more than ids: the same form for another attribute, the same list filtered.
_SAME_KIND: Final = ((re.compile(r"(override/make/\w+)/.*"), r"\1"), (re.compile(r"(reportjob/make)/.*"), r"\1"))
_KINDS: Final = re.compile(r"\bregroup/")


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if tag == "a" and name == "href" and value]


def html_of(page: Page, address: str) -> str:
    """The HTML of an address, as whoever is logged in gets it; empty where it is no page of its own. A fault of the server raises."""
    answer = page.request.get(address, max_redirects=0)
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        message = f"{address} answered {answer.status}"
        raise AssertionError(message)
    is_page = answer.status == HTTPStatus.OK and "text/html" in answer.headers.get("content-type", "")
    return answer.text() if is_page else ""


def crawl(get: Callable[[str], str], *, start: str = START) -> dict[str, str]:
    """Give the address of each kind of page below the admin, by its name; `get` gives the HTML of an address, empty if it is none."""
    found: dict[str, str] = {}
    waiting = [start]
    while waiting:
        path = waiting.pop(0)
        name = kind_of(path)
        if name in found or not (html := get(path)):
            continue
        found[name] = path
        reader = _Links()
        reader.feed(html)
        for link in reader.found:
            target = urlsplit(urljoin(path, link))
            address = target.path + (f"?{target.query}" if target.query else "")
            if target.netloc == "" and target.path.startswith(START) and not _LEFT_OUT.search(address):
                waiting.append(address)
    return found


def kind_of(path: str) -> str:
    """The name of a kind of page: its address without ids and filters, as a file may be called."""
    parts = urlsplit(path)
    name = _ID.sub("", parts.path.removeprefix(START))
    for pattern, same in _SAME_KIND:
        name = pattern.sub(same, name)
    if _KINDS.search(name):
        name += dict(parse_qsl(parts.query)).get("kind", "")
    return re.sub(r"[^\w]+", "-", name.strip("/")) or "dashboard"
