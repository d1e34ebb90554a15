"""The exchange board, looked at in Chromium inside a running Airflow: by an administrator, by a
viewer, by nobody."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import axe_playwright_python
import httpx
from fastapi.routing import APIRoute
from playwright.sync_api import Browser, FrameLocator, Page, sync_playwright

from demo.scheduler import Airflow
from services import path_of
from shouwang.board.app import Guards, create_app
from shouwang.workspace.workspace import load_workspace

USERS = "admin:admin,watcher:viewer"
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-sync",
]
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


@dataclass
class Seen:
    """What the board showed: texts and addresses by what was looked at, answers by path, faults
    that axe found."""

    texts: dict[str, str] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    anonymous: dict[str, int] = field(default_factory=dict)
    admin: dict[str, int] = field(default_factory=dict)
    viewer: dict[str, int] = field(default_factory=dict)
    downloads: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    themes: dict[str, str | None] = field(default_factory=dict)


def paths(**told: str) -> list[str]:
    """Every route of the board, filled in."""
    guards = Guards(lambda: None, lambda: None, lambda request, user: None)
    app = create_app(guards, load_workspace, lambda dag, month: "", lambda dag, month, by: None)
    routes = (
        route for route in app.routes if isinstance(route, APIRoute) and "GET" in route.methods
    )
    return ["/shouwang" + route.path.format(**told) for route in routes]


def look(airflow: Airflow, month: str, told: dict[str, str]) -> Seen:
    """Look at the board as three visitors; ``told`` fills in the routes."""
    seen = Seen()
    with httpx.Client(base_url=airflow.url, timeout=60, trust_env=False) as nobody:
        seen.anonymous = {path: nobody.get(path).status_code for path in paths(month=month, **told)}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path_of("chromium"), args=QUIET)
        with visitor(browser, airflow, "admin", seen, locale="zh-CN", color_scheme="light") as page:
            board = open_board(page, airflow, seen, "board, Chinese")
            board.locator(f"a[href$='/months/{month}/water']").first.click()
            keep(page, board, seen, "submission", "#papers")
            with page.expect_download() as download:
                board.locator("a[href*='/receipts/']").first.click()
            seen.downloads.append(download.value.suggested_filename)
            seen.admin = {
                path: page.request.get(airflow.url + path).status
                for path in paths(month=month, **told)
            }
            board.locator("a[href*='/data-docs/']").first.click()
            seen.texts["Data Docs"] = (
                board.frame_locator("iframe.docs").locator("body").inner_text()
            )
            board.locator("header a").first.click()
            board.locator("a[data-airflow]").click()
            page.wait_for_url("**/dags/exchange_water/runs?**")
            page.get_by_text(month).first.wait_for()
            seen.addresses["task log"] = page.url
            page.goto(f"{airflow.url}/dags/exchange_housing/plugin/board-of-dag")
            keep(page, page.frame_locator("iframe"), seen, "the DAG's page", "#papers")
        with visitor(
            browser, airflow, "watcher", seen, locale="en-US", color_scheme="dark"
        ) as page:
            board = open_board(page, airflow, seen, "board, English")
            page.set_viewport_size({"width": 390, "height": 800})
            seen.texts["width"] = str(
                board.locator("html").evaluate("e => e.scrollWidth - e.clientWidth")
            )
            board.locator(f"a[href$='/months/{month}/water']").first.click()
            keep(page, board, seen, "submission, viewer", "#papers")
            seen.viewer = {
                path: page.request.get(airflow.url + path).status
                for path in paths(month=month, **told)
            }
        browser.close()
    return seen


@contextmanager
def visitor(
    browser: Browser, airflow: Airflow, name: str, seen: Seen, **words: Any
) -> Iterator[Page]:
    """A page of Airflow, logged in."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, **words)
    page = context.new_page()
    page.on("pageerror", lambda error: seen.errors.append(str(error)))
    page.goto(airflow.url)
    page.fill("input[name=username]", name)
    page.fill("input[name=password]", airflow.password(name))
    with page.expect_navigation(url=lambda url: "login" not in url):
        page.keyboard.press("Enter")
    yield page
    context.close()


def open_board(page: Page, airflow: Airflow, seen: Seen, name: str) -> FrameLocator:
    """Go to the board as people do, by Airflow's navigation."""
    page.goto(airflow.url)
    page.get_by_role("link", name="看板 Board").click()
    board = page.frame_locator("iframe")
    keep(page, board, seen, name, "#months")
    return board


def keep(page: Page, board: FrameLocator, seen: Seen, name: str, until: str) -> None:
    """Remember a page of the board once it is there, and what axe has against it."""
    board.locator(until).wait_for()
    seen.texts[name] = board.locator("body").inner_text()
    seen.addresses[name] = page.url
    html = board.locator("html")
    seen.themes[name] = html.get_attribute("data-theme")
    html.evaluate(f"() => {{ {AXE} }}")
    for fault in html.evaluate("() => axe.run()")["violations"]:
        seen.faults.append(f"{name}: {fault['impact']} {fault['id']} {fault['nodes'][0]['html']}")
