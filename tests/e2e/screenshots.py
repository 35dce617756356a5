"""Pictures of every page, for people to look at: `python -m tests.e2e.screenshots FOLDER [--data FOLDER] [--only WORD]`.

Serves the demonstration firm (made in a temporary folder unless `--data` names one that holds it), in which somebody has worked, and
writes a PNG of each kind of page in each language, in light and dark, at the width of a desk and of a phone:
FOLDER/fr-dark-390/golden_records-goldencustomer.png. `--only` keeps the variants and pages whose names hold the word.
"""

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Final
from urllib.error import URLError

from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.crawling import crawl, html_of

ROOT: Final = Path(__file__).resolve().parents[2]
LANGUAGES: Final = ("en", "fr")
THEMES: Final = ("light", "dark")
SIZES: Final = ((1440, 900), (390, 844))
PERSON: Final = "claire"
PASSWORD: Final = "a long password for pictures"
FLAGS: Final = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync")
_STEWARD: Final = f"""
from django.contrib.auth.models import Group, User
from matching.access import STEWARDS, ensure_groups
ensure_groups()
person, _ = User.objects.get_or_create(username={PERSON!r}, defaults={{"is_staff": True}})
person.set_password({PASSWORD!r}); person.is_staff = person.is_superuser = True; person.save()
person.groups.add(Group.objects.get(name=STEWARDS))
"""

_LIVED: Final = f"""
from django.contrib.auth.models import User
from tests.e2e.lived_in import live_in
live_in(User.objects.get(username={PERSON!r}))
from matching import valuing
valuing.work_on(seconds=60)
"""


def manage(environment: dict[str, str], *arguments: str) -> None:
    """Run one of the project's commands."""
    subprocess.run([sys.executable, str(ROOT / "manage.py"), *arguments], env=environment, check=True, stdout=subprocess.DEVNULL)


def prepare(data: Path | None) -> dict[str, str]:
    """Make the demonstration firm where it is not there yet, and a steward; the environment that leads to them."""
    folder = data or Path(tempfile.mkdtemp(prefix="mdm-pictures-"))
    environment = {**os.environ, "MDM_DATA_DIR": str(folder), "DEBUG": "1", "LOG_LEVEL": "ERROR"}
    environment.pop("DATABASE_URL", None)
    is_new = not (folder / "mdm.sqlite3").exists()
    manage(environment, "migrate", "--verbosity", "0")
    if is_new:
        manage(environment, "load_demo")
    manage(environment, "shell", "--verbosity", "0", "--command", _STEWARD)
    manage(environment, "shell", "--verbosity", "0", "--command", _LIVED)
    return environment


@contextmanager
def server(environment: dict[str, str]) -> Iterator[str]:
    """The project, served on a free port until the end of the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, str(ROOT / "manage.py"), "runserver", "--noreload", f"127.0.0.1:{port}"]
    serving = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{address}/health/live", timeout=1).close()  # noqa: S310 - our own address
                break
            except (URLError, OSError):
                time.sleep(0.2)
        yield address
    finally:
        serving.terminate()
        serving.wait(timeout=10)


def log_in(page: Page, address: str) -> None:
    """Log in as the steward."""
    page.goto(f"{address}/admin/")
    page.locator("#id_login").fill(PERSON)
    page.locator("#id_password").fill(PASSWORD)
    page.locator("#id_password").press("Enter")
    page.wait_for_selector("#mdm-main")


def addresses(page: Page, address: str) -> dict[str, str]:
    """The pages to be seen, found as a person finds them: by following links."""
    return crawl(lambda path: html_of(page, f"{address}{path}"))


def pictures(browser: Browser, address: str, folder: Path, only: str) -> None:
    """Write a picture of each page in each variant, whole."""
    found: dict[str, str] = {}
    for language, theme, (width, height) in product(LANGUAGES, THEMES, SIZES):
        variant = f"{language}-{theme}-{width}"
        if only.partition("/")[1] and only.partition("/")[0] not in variant:
            continue
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if theme == "dark" else "light", locale=language
        )
        page = context.new_page()
        context.add_cookies([{"name": "django_language", "value": language, "url": address}])
        (folder / variant).mkdir(parents=True, exist_ok=True)
        page.goto(f"{address}/admin/")
        page.screenshot(path=folder / variant / "log-in.png")
        log_in(page, address)
        found = found or addresses(page, address)
        for name, path in found.items():
            if only in f"{variant}/{name}":
                page.goto(f"{address}{path}")
                page.wait_for_timeout(200)
                page.screenshot(path=folder / variant / f"{name}.png", full_page=True)
        context.close()


def main() -> None:
    """Read the command line and make the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--only", default="", help="a word in the name of a variant or a page, as fr-dark-390/ or matchrun")
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        parser.error("Chromium is not installed.")
    options.folder.mkdir(parents=True, exist_ok=True)
    with server(prepare(options.data)) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        pictures(browser, address, options.folder, options.only)
        browser.close()


if __name__ == "__main__":
    main()
