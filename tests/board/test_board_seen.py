"""Every page of the board in Chromium: in both languages, light and dark, on a desk and on a phone,
without faults."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import axe_playwright_python
import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Page, sync_playwright
from test_board_pages import app_of, papers  # noqa: F401 - a fixture
from test_board_prefecture import prefecture  # noqa: F401 - a fixture
from test_board_runs import recorded  # noqa: F401 - a fixture

from services import free_port, path_of

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-sync",
]
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 800}
LOOKS = [
    ("zh-CN", "light", DESK),
    ("en-US", "dark", PHONE),
    ("zh-CN", "dark", DESK),
    ("en-US", "light", PHONE),
]
OF_A_COUNTY = (
    "/",
    "/?months=24",
    "/months/2026-09/water",
    "/months/2026-09/housing",
    "/months/2026-09/civil_affairs",
    "/months/2026-08/education",
    "/data-docs/26-09-water-2",
    "/nowhere",
)
OF_A_PREFECTURE = tuple(
    f"/base/shouwang{path}"
    for path in ("/?month=2026-09", "/counties/qingyuan/", "/counties/mengla/")
)


@contextmanager
def reached(app: FastAPI) -> Iterator[str]:
    """The address at which a browser finds an application."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def faults(page: Page, what: str) -> list[str]:
    """What axe has against a page, and whether it is wider than the window."""
    page.evaluate(f"() => {{ {AXE} }}")
    found = page.evaluate("() => axe.run()")["violations"]
    told = [
        f"{what}: {fault['impact']} {fault['id']} {fault['nodes'][0]['html'][:200]}"
        for fault in found
    ]
    wider = page.evaluate(
        "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return told + ([f"{what}: {wider} pixels too wide"] if wider else [])


def look(app: FastAPI, who: str, paths: tuple[str, ...]) -> list[str]:
    """All faults of an application's pages in every look."""
    told: list[str] = []

    def failed(error: object) -> None:
        told.append(str(error))

    with reached(app) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path_of("chromium"), args=QUIET)
        for locale, theme, size in LOOKS:
            context = browser.new_context(
                viewport=size, locale=locale, color_scheme=theme, extra_http_headers={"who": who}
            )
            page = context.new_page()
            page.on("pageerror", failed)
            for path in paths:
                page.goto(address + path)
                told += faults(page, f"{path} {locale} {theme} {size['width']}")
            context.close()
        browser.close()
    return told


@pytest.mark.needs("chromium")
def test_every_page_of_a_county_is_without_faults_in_every_look(recorded, papers):  # noqa: F811
    assert look(app_of(recorded.workspace), "clerk", OF_A_COUNTY) == []


@pytest.mark.needs("chromium")
def test_an_empty_board_and_one_that_may_not_be_seen_are_without_faults(workspace):
    assert look(app_of(workspace), "clerk", ("/",)) == []
    assert look(app_of(workspace), "stranger", ("/",)) == []


@pytest.mark.needs("chromium")
def test_the_counties_side_by_side_are_without_faults_in_every_look(prefecture):  # noqa: F811
    assert look(prefecture.app, "prefect", OF_A_PREFECTURE) == []
