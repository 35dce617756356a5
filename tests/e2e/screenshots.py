"""Pictures of the pages, for people to look at: `python -m tests.e2e.screenshots FOLDER [--data FOLDER] [--theme dark]`.

Serves the demonstration firm (made in a temporary folder unless `--data` names one that holds it), logs in as a data steward and
writes a PNG of each page at the width of a desk and of a phone.
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
from pathlib import Path
from typing import Final
from urllib.error import URLError

from playwright.sync_api import Browser, Page, sync_playwright

ROOT: Final = Path(__file__).resolve().parents[2]
SIZES: Final = ((1440, 900), (390, 844))
PERSON: Final = "claire"
PASSWORD: Final = "a long password for pictures"
FLAGS: Final = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync")
KNOWN_TWICE: Final = "#result_list tbody tr:has(.mdm-chip + .mdm-chip) th a"
_STEWARD: Final = f"""
from django.contrib.auth.models import Group, User
from matching.access import STEWARDS, ensure_groups
ensure_groups()
person, _ = User.objects.get_or_create(username={PERSON!r}, defaults={{"is_staff": True}})
person.set_password({PASSWORD!r}); person.is_staff = True; person.save()
person.groups.add(Group.objects.get(name=STEWARDS))
"""

_LIVED: Final = f"""
from django.contrib.auth.models import User
from tests.e2e.lived_in import live_in
live_in(User.objects.get(username={PERSON!r}))
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
        for _ in range(100):
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
    page.get_by_label("Username").fill(PERSON)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def addresses(page: Page, address: str) -> dict[str, str]:
    """The pages to be seen, found as a person finds them: by following links."""

    def first(listing: str, link: str) -> str:
        page.goto(f"{address}/admin/{listing}")
        return page.locator(link).first.get_attribute("href") or ""

    split = first("golden_records/movereceipt/", "#result_list tbody th a")
    page.goto(f"{address}{split}")
    lived, made = (link.get_attribute("href") or "" for link in page.locator(".mdm-pairs a[href*=goldencustomer]").all())
    page.goto(f"{address}{lived}")
    record = page.locator("input[name=record]").first.get_attribute("value")
    page.goto(f"{address}/admin/golden_records/goldenproject/")
    return {
        "split": split,
        "golden-story": lived.replace("/change/", "/history/"),
        "golden-lived": lived,
        "merge-search": lived.replace("/change/", "/regroup/?kind=merge"),
        "merge-preview": lived.replace("/change/", f"/regroup/?kind=merge&other={made.split('/')[-3]}"),
        "split-preview": lived.replace("/change/", f"/regroup/?kind=split&record={record}"),
        "dashboard": "/admin/",
        "queue": "/admin/matching/reviewtask/",
        "review": first("matching/reviewtask/?kind=possible_match", "#result_list tbody th a"),
        "golden-customers": "/admin/golden_records/goldencustomer/",
        "golden-customer": first("golden_records/goldencustomer/?completeness=high", KNOWN_TWICE),
        "golden-project": first("golden_records/goldenproject/?completeness=high", KNOWN_TWICE),
        "source-record": first("golden_records/customerrecord/", "#result_list tbody th a"),
        "quarantine": first("golden_records/quarantinedrow/", "#result_list tbody th a"),
        "import": first("golden_records/importjob/", "#result_list tbody th a"),
        "run": first("matching/matchrun/", "#result_list tbody th a"),
    }


def pictures(browser: Browser, address: str, folder: Path, theme: str) -> None:
    """Write a picture of each page at each size: what a person sees at first, and the whole page."""
    for width, height in SIZES:
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme="dark" if theme == "dark" else "light")
        page = context.new_page()
        page.goto(f"{address}/admin/")
        page.screenshot(path=folder / f"log-in-{width}.png")
        log_in(page, address)
        for name, path in addresses(page, address).items():
            page.goto(f"{address}{path}")
            page.wait_for_timeout(300)
            page.screenshot(path=folder / f"{name}-{width}.png")
            page.screenshot(path=folder / f"{name}-{width}-whole.png", full_page=True)
        context.close()


def main() -> None:
    """Read the command line and make the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--theme", choices=("light", "dark"), default="light")
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        parser.error("Chromium is not installed.")
    options.folder.mkdir(parents=True, exist_ok=True)
    with server(prepare(options.data)) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        pictures(browser, address, options.folder, options.theme)
        browser.close()


if __name__ == "__main__":
    main()
