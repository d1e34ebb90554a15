"""The board's pages: who may see what, in which language, and that what departments write stays
text."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from board_story import MARKUP
from fastapi import FastAPI, HTTPException, Request
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from shouwang.board import words as board_words
from shouwang.board.app import Guards, create_app
from shouwang.store.tables import audit_event
from shouwang.submissions import handover

CLERK, VIEWER, STRANGER = ({"who": name} for name in ("clerk", "viewer", "stranger"))
WATER, HOUSING = "/months/2026-09/water", "/months/2026-09/housing"


def who(request: Request) -> SimpleNamespace:
    if "who" not in request.headers:
        raise HTTPException(401)
    return SimpleNamespace(get_name=lambda: request.headers["who"])


def see(request: Request, user: SimpleNamespace) -> None:
    if request.headers.get("who") == "stranger":
        raise HTTPException(403)


def people(request: Request, user: SimpleNamespace) -> None:
    if user.get_name() != "clerk":
        raise HTTPException(403)


def app_of(workspace) -> FastAPI:
    return create_app(
        Guards(who, see, people),
        lambda: workspace,
        lambda dag, month: f"/dags/{dag}/runs/of {month}",
        read_on,
    )


def read_on(dag: str, month: str, by: str) -> None:
    """What Airflow does with an answer."""
    handover.receive(month, dag.removeprefix("exchange_"))


@pytest.fixture
def client(workspace) -> TestClient:
    outer = FastAPI()
    outer.mount("/base/shouwang", app_of(workspace))
    return TestClient(outer, base_url="http://test/base/shouwang", raise_server_exceptions=False)


@pytest.fixture
def papers(workspace) -> dict[str, str]:
    """A receipt and a page of Data Docs beside the second version of water's September."""
    receipt = workspace.receipts_of("2026-09", "water") / "水利局数据回执_2026-09_第2版.xlsx"
    docs = workspace.validation_page_of("2026-09", "water", "26-09-water-2")
    for path in (receipt, docs):
        path.parent.mkdir(parents=True)
        path.write_text(f"<p>{MARKUP}</p>")
    return {"receipt": "/receipts/26-09-water-2", "docs": "/data-docs/26-09-water-2"}


def test_no_route_answers_somebody_unknown_or_without_the_right(september, client, papers):
    routes = app_of(september.workspace).routes
    paths = [route.path for route in routes if isinstance(route, APIRoute)]
    assert len(paths) == len(routes) == 11
    told = {
        "month": "2026-09",
        "department": "water",
        "submission_id": "26-09-water-2",
        "name": "board.js",
    }
    told |= {"identifier": "1", "dag_id": "screening"}
    for route in routes:
        (method,), path = route.methods, route.path.format(**told)
        words = {
            "method": method,
            "url": path,
            "data": {"candidate": "1"} if method == "POST" else None,
        }
        assert client.request(**words).status_code == 401, path
        assert client.request(**words, headers=STRANGER).status_code == 403, path
        there = client.request(**words, headers=CLERK).status_code
        assert there == (409 if method == "POST" else 200), path  # no question waits


def test_receipts_and_review_lists_open_only_for_those_who_may_and_leave_a_trace(
    september, client, papers
):
    page = client.get(WATER, headers=VIEWER).text
    assert papers["docs"] in page
    assert papers["receipt"] not in page
    assert "/reviews/2026-09" not in page
    for path in (papers["receipt"], "/reviews/2026-09"):
        assert client.get(path, headers=VIEWER).status_code == 403
        assert path in client.get(WATER, headers=CLERK).text
        assert (
            client.get(path, headers=CLERK).headers["content-disposition"].startswith("attachment")
        )
    with september.workspace.database.read() as connection:
        events = sa.select(audit_event.c.by, audit_event.c.subject).where(
            audit_event.c.kind == "opened"
        )
        assert connection.execute(events).all() == [
            ("clerk", "receipt 26-09-water-2"),
            ("clerk", "review list"),
        ]


def test_what_departments_write_stays_text(september, client, papers):
    for path in (WATER, HOUSING, "/"):
        page = client.get(path, headers=CLERK)
        assert MARKUP not in page.text
        assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in client.get(HOUSING, headers=CLERK).text
    made_elsewhere = client.get(papers["docs"] + "/page", headers=CLERK)
    assert made_elsewhere.headers["content-security-policy"].startswith(
        "sandbox; default-src 'none'"
    )


def test_nothing_is_fetched_from_outside(september, client):
    for path in ("/", WATER):
        page = client.get(path, headers=CLERK).text
        fetched = re.findall(
            r'<(?:script|link|img|iframe)[^>]* (?:src|href)="([^"]+)"', page
        ) + re.findall(r"url\((.*?)\)", page)
        assert fetched
        for address in fetched:
            assert (
                client.get(address.removeprefix("/base/shouwang"), headers=CLERK).status_code == 200
            )


def test_the_board_says_what_came_what_is_missing_and_what_to_do(september, client):
    page = client.get("/", headers=VIEWER).text
    for words in (
        "在用",
        "整份退回",
        "逾期未报",
        "新版被退回",
        "迟报 5 天",
        "100 行",
        "90% 匹配",
        "需要处理",
        "请催报",
        "大河镇",
        "督办",
    ):
        assert words in page
    assert 'aria-label="2026年9月 水利局: 在用"' in page
    submission = client.get(WATER, headers=VIEWER).text
    assert "/base/dags/exchange_water/runs/of 2026-09" in submission
    assert len(re.findall(r'<th scope="row">v\d', submission)) == 2


@pytest.mark.parametrize(
    ("said", "query", "language"),
    [
        ("", "", "zh-CN"),
        ("en-GB,en;q=0.9", "", "en"),
        ("fr,zh-TW;q=0.8", "", "zh-CN"),
        ("en", "?lang=zh", "zh-CN"),
    ],
)
def test_the_language_is_the_browsers_until_one_is_chosen(september, client, said, query, language):
    page = client.get(f"/{query}", headers=VIEWER | {"accept-language": said})
    assert f'<html lang="{language}">' in page.text
    if query:
        assert "Path=/base/shouwang" in page.headers["set-cookie"]
        assert (
            f'<html lang="{language}">'
            in client.get("/", headers=VIEWER | {"accept-language": said}).text
        )


def test_every_word_is_said_in_every_language():
    chinese, english = map(board_words.words, board_words.LANGUAGES)
    for key, said in chinese.items():
        assert set(re.findall(r"{(\w+)}", said)) == set(re.findall(r"{(\w+)}", english[key])), key


def test_a_dag_leads_to_its_departments_newest_month(september, client):
    def leads(dag: str) -> str:
        return client.get(f"/dags/{dag}", headers=VIEWER, follow_redirects=False).headers[
            "location"
        ]

    assert leads("exchange_water").endswith("/shouwang/months/2026-09/water")
    assert leads("exchange_civil_affairs").endswith("/shouwang/")
    assert leads("screening").endswith("/shouwang/")


def test_what_is_not_there_is_said_with_what_to_do(workspace, client, monkeypatch):
    assert "还没有任何数据" in client.get("/", headers=VIEWER).text
    for path in (
        "/nowhere",
        "/months/2026-13/water",
        "/months/2026-09/police",
        "/data-docs/x",
        "/assets/x.js",
    ):
        page = client.get(path, headers=CLERK)
        assert (page.status_code, "没有这个页面" in page.text) == (404, True), path
    assert "请先登录" in client.get("/").text
    workspace.database.dispose()
    monkeypatch.setattr(workspace, "database_url", "sqlite:////nowhere/at/all.db")
    del workspace.database
    away = client.get("/", headers=VIEWER)
    assert (away.status_code, "数据库暂时无法访问" in away.text) == (503, True)


def test_a_department_that_has_not_delivered_has_a_page_too(september, client):
    assert (
        "还没有收到这个部门的文件"
        in client.get("/months/2026-09/civil_affairs", headers=VIEWER).text
    )
    assert "本月不报送" in client.get("/months/2026-08/education", headers=VIEWER).text
