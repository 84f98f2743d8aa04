"""Pictures of every page of a running server, at 390 and 1280 pixels, in light and dark.

    uv run python -m tests.browser.shots URL FOLDER PASSWORD E-MAIL-OR-LINK ...

Logs in with each e-mail and takes one picture per kind of page that can be reached by links; an
address (a link for a client) is opened without logging in. Nothing is sent but the log-in.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.walking import PHONE, TWO_FRAMES

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SIZES = {390: PHONE, 1280: {"viewport": {"width": 1280, "height": 900}}}
MOST_OF_A_KIND = 3  # three client pages are enough to see different states
LEFT_OUT = "/account/logout/"


def main(url: str, folder: str, password: str, *visitors: str) -> None:
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for visitor in visitors:
            visit(browser, url, out, password, visitor)
        browser.close()


def visit(browser: Browser, url: str, out: Path, password: str, visitor: str) -> None:
    for width, size in SIZES.items():
        page = browser.new_context(**size, base_url=url, reduced_motion="reduce").new_page()
        name = "client" if "://" in visitor else visitor.partition("@")[0]
        if "://" in visitor:
            page.goto(visitor)
        else:
            log_in(page, visitor, password)
        for path in pages_from(page):
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                page.evaluate(TWO_FRAMES)
                file = f"{name}-{slug(path)}-{width}-{scheme}.png"
                page.screenshot(path=out / file, full_page=True)
                print(file)  # noqa: T201
        page.context.close()


def log_in(page: Page, email: str, password: str) -> None:
    page.goto("/account/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_load_state()
    if "/account/login" in page.url:
        sys.exit(f"{email} cannot log in with that password.")


def pages_from(page: Page) -> Iterator[str]:
    """Open page after page, breadth first, following links; yield each one's path."""
    waiting, seen = [page.url], {page.url}
    kinds: dict[str, int] = {}
    while waiting:
        address = waiting.pop(0)
        kind = UUID.sub("x", urlsplit(address).path)
        kinds[kind] = kinds.get(kind, 0) + 1
        if kinds[kind] > MOST_OF_A_KIND:
            continue
        page.goto(address)
        if page.url != address:  # sent on, to a page that has its own turn
            kinds[kind] -= 1
            if page.url not in seen:
                seen.add(page.url)
                waiting.append(page.url)
            continue
        for link in page.locator("a[href]").evaluate_all("(all) => all.map((each) => each.href)"):
            plain = urljoin(link, urlsplit(link).path)
            inside = urlsplit(plain).netloc == urlsplit(address).netloc
            if inside and plain not in seen and not plain.endswith(LEFT_OUT):
                seen.add(plain)
                waiting.append(plain)
        yield urlsplit(address).path


def slug(path: str) -> str:
    short = UUID.sub(lambda found: found[0][:4], path)
    return re.sub(r"[^a-zA-Z0-9]+", "-", short).strip("-")[:60] or "home"


if __name__ == "__main__":
    main(*sys.argv[1:])
