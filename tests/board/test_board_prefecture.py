"""Counties side by side: how far each is, only those that a visitor may see, and nobody held up by
another's trouble."""

from __future__ import annotations

import re
import shutil

import pytest
from board_story import TODAY, Story
from fastapi import FastAPI, HTTPException, Request
from fastapi.testclient import TestClient
from test_board_pages import people, read_on, who

from shouwang.board.app import Guards, create_prefecture
from shouwang.submissions import handover
from shouwang.workspace.counties import serving
from shouwang.workspace.workspace import load_workspace

SEES = {
    "prefect": ("baishan", "heishui", "lixi", "mengla", "qingyuan"),
    "clerk": ("qingyuan",),
    "stranger": (),
}
PREFECT, CLERK, STRANGER = ({"who": name, "accept-language": "zh"} for name in SEES)


def guards(key: str) -> Guards:
    def see(request: Request, user: object) -> None:
        if key not in SEES[request.headers["who"]]:
            raise HTTPException(403)

    return Guards(who, see, people)


def story_of(key: str, state: str) -> None:
    """A county in September: released and partly answered, waiting for approval, or still
    collecting."""
    with serving(key):
        handover.init()
        story = Story(load_workspace())
        mark = story.came("2026-09", "water", "2026-10-06")
        if state == "collecting":
            story.came("2026-09", "housing", "2026-10-06", refusal="表头不全")
            return
        story.screened("2026-09", [mark], 红=1, 黄=2)
        if state == "released":
            story.sent("2026-09", "大河镇", ["A", "B", "C"], "2026-10-12", "2026-10-19")
            story.answered("A", "2026-09")


@pytest.fixture
def prefecture(project, tmp_path, monkeypatch):
    """Five counties, of which one cannot be read and one has a broken database."""
    for key in SEES["prefect"]:
        shutil.copytree(project / "include" / "county", tmp_path / "counties" / key)
        settings = tmp_path / "counties" / key / "county.yaml"
        settings.write_text(
            settings.read_text("utf-8").replace("name: 示范县", f"name: {key}县"), "utf-8"
        )
    monkeypatch.setenv("SHOUWANG_COUNTIES", str(tmp_path / "counties"))
    monkeypatch.setenv("SHOUWANG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SHOUWANG_TODAY", TODAY)
    for key, state in (("qingyuan", "released"), ("baishan", "to approve"), ("lixi", "collecting")):
        story_of(key, state)
    (tmp_path / "counties" / "heishui" / "registry.yaml").write_text("columns: [")
    (tmp_path / "home" / "mengla").mkdir()
    (tmp_path / "home" / "mengla" / "shouwang.db").write_bytes(b"no database at all" * 999)
    outer = FastAPI()
    boards = create_prefecture(
        who, guards, lambda dag, month: f"/dags/{dag}/runs/of {month}", read_on
    )
    outer.mount("/base/shouwang", boards)
    return TestClient(outer, base_url="http://test/base/shouwang", raise_server_exceptions=False)


def lines(page: str) -> dict[str, str]:
    """What stands in each county's line, without markup."""
    found = re.findall(
        r'<tr><th scope="row"><a href="[^"]*/counties/(\w+)/">(.*?)</tr>', page, re.DOTALL
    )
    return {key: " ".join(re.sub(r"<[^>]+>", " ", text).split()) for key, text in found}


def test_each_county_is_a_line_that_says_how_far_its_month_is(prefecture):
    told = lines(prefecture.get("/?month=2026-09", headers=PREFECT).text)
    assert told == {
        "baishan": "baishan县 ? 待审核发布 1 / 5 ! 4 – – 3 – – –",
        "heishui": "heishui ✕ 配置有误 请按该县的 unsound 任务所示修改配置。",
        "lixi": "lixi县 … 收数中 1 / 5 ! 3 – ✕ 1 – – – –",
        "mengla": "mengla县 ✕ 数据库无法访问 请检查该县的数据库；其他县不受影响。",
        "qingyuan": "qingyuan县 ! 逾期 1 / 5 ! 4 – – 3 3 1 ! 2",
    }


def test_a_visitor_sees_the_counties_whose_board_it_may_see(prefecture):
    page = prefecture.get("/?month=2026-09", headers=CLERK).text
    assert set(lines(page)) == {"qingyuan"}
    assert "lixi" not in page
    for path in (
        "/",
        "/dags/qingyuan.screening",
        "/assets/board.js",
        "/counties/qingyuan/",
        "/counties/nowhere/",
    ):
        assert prefecture.get(path).status_code == 401, path
        assert prefecture.get(path, headers=STRANGER).status_code == 403, path
    assert prefecture.get("/counties/qingyuan/", headers=CLERK).status_code == 200
    assert prefecture.get("/counties/lixi/", headers=CLERK).status_code == 403
    assert prefecture.get("/counties/lixi/reviews/2026-09", headers=CLERK).status_code == 403


def test_a_county_s_board_is_its_own_and_leads_to_its_own_dags(prefecture):
    board = prefecture.get("/counties/qingyuan/", headers=CLERK).text
    assert "qingyuan县" in board
    assert 'href="/base/shouwang/"' in board
    assert "/base/shouwang/counties/qingyuan/months/2026-09/water" in board
    water = prefecture.get("/counties/qingyuan/months/2026-09/water", headers=CLERK).text
    assert "/base/dags/qingyuan.exchange_water/runs/of 2026-09" in water
    led = prefecture.get("/dags/qingyuan.exchange_water", headers=CLERK)
    assert led.url.path == "/base/shouwang/counties/qingyuan/months/2026-09/water"
    assert prefecture.get("/counties/mengla/", headers=PREFECT).status_code == 503
    assert "逾期未报" in prefecture.get("/counties/lixi/", headers=PREFECT).text


def test_the_language_chosen_holds_for_every_county(prefecture):
    assert "Waiting for approval" in prefecture.get("/?month=2026-09&lang=en", headers=PREFECT).text
    assert '<html lang="en">' in prefecture.get("/counties/qingyuan/", headers=CLERK).text
