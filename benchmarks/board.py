"""How long the exchange board takes until something is seen, on what the last `make demo` left.

    python -m benchmarks.board      (starts the demo's Airflow if it does not run; needs Chromium)

The first contentful paint in Chromium, logged in, nothing cached: of the board's own page, and
inside Airflow's page, whose own scripts come first. Each five times; the middle one and the slowest
are told. The bound is 1 s for the page.
"""

from __future__ import annotations

import os
import shutil
import statistics
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from demo.month import MONTH, Demo
from demo.scheduler import BOARD, Airflow

PAGES = {
    "the board": "/shouwang/",
    "the board, 24 months": "/shouwang/?months=24",
    "a submission": f"/shouwang/months/{MONTH}/water",
    "the board inside Airflow": BOARD,
}
PAINTED = """() => new Promise(told => {
  const seen = entries => entries.find(entry => entry.name === "first-contentful-paint");
  new PerformanceObserver(list => { const found = seen(list.getEntries()); if (found) told(found.startTime); })
    .observe({ type: "paint", buffered: true });
})"""
TIMES = 5


def main() -> None:
    """Measure every page, print the figures."""
    airflow = Demo().airflow
    ours = not airflow.running()
    if ours:
        airflow.start()
        airflow.wait_until_healthy()
    try:
        chromium = (
            shutil.which("chromium")
            or shutil.which("chromium-browser")
            or shutil.which("google-chrome")
        )
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
            )
            state = log_in(browser, airflow, Path(airflow.home) / "browser.json")
            for name, path in PAGES.items():
                took = sorted(first_paint(browser, state, airflow.url + path) for _ in range(TIMES))
                print(f"{name:28s}{statistics.median(took):8.0f} ms{took[-1]:8.0f} ms at most")
            browser.close()
        print(f"load {os.getloadavg()[0]:.1f}")
    finally:
        if ours:
            airflow.stop()


def log_in(browser: Browser, airflow: Airflow, state: Path) -> Path:
    """Log in as the admin; where the session is kept."""
    page = browser.new_page()
    page.goto(airflow.url)
    page.fill("input[name=username]", "admin")
    page.fill("input[name=password]", airflow.password())
    with page.expect_navigation(url=lambda url: "login" not in url):
        page.keyboard.press("Enter")
    page.context.storage_state(path=state)
    page.close()
    return state


def first_paint(browser: Browser, state: Path, address: str) -> float:
    """Milliseconds from asking for a page until something of it is seen; of the board's frame where
    Airflow frames it."""
    with browser.new_context(
        storage_state=state, viewport={"width": 1280, "height": 900}
    ) as context:
        page = context.new_page()
        page.goto(address)
        return painted_in_frame(page) if address.endswith(BOARD) else float(page.evaluate(PAINTED))


def painted_in_frame(page: Page) -> float:
    """As above, from the start of Airflow's page on."""
    page.frame_locator("iframe").locator("#months").wait_for()
    frame = next(frame for frame in page.frames if "/shouwang/" in frame.url)
    start = page.evaluate("performance.timeOrigin")
    return (
        float(frame.evaluate(PAINTED))
        + float(frame.evaluate("performance.timeOrigin"))
        - float(start)
    )


if __name__ == "__main__":
    main()
