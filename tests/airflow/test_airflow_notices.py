"""What people are told: once for a cause, with what to do, and never at the cost of the task."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import logging

import pytest
from listener import Listener


@pytest.fixture
def notices(project, tmp_path, monkeypatch):
    """The module, in a house of its own that nobody asked to be told about."""
    monkeypatch.setenv("SHOUWANG_HOME", str(tmp_path))
    monkeypatch.delenv("AIRFLOW_CONN_SHOUWANG_NOTICES", raising=False)
    spec = importlib.util.spec_from_file_location("shouwang_notices", project / "plugins" / "shouwang_notices.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(__import__("sys").modules, "shouwang_notices", module)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def heard(monkeypatch):
    """A service of Apprise's kind that listens."""
    with Listener() as listener:
        extra = {"config": [{"path": listener.address, "tag": "all"}]}
        monkeypatch.setenv("AIRFLOW_CONN_SHOUWANG_NOTICES", json.dumps({"conn_type": "apprise", "extra": extra}))
        yield listener.messages


def late(notices, cause="missing 2026-09 water"):
    return notices.Notice(cause=cause, what="2026-09 开始筛查，缺：水利局", to_do="请催报。", link="http://board/")


def test_one_cause_is_one_message_a_day(notices, heard):
    assert notices.tell(late(notices))
    assert not notices.tell(late(notices))
    assert notices.tell(late(notices, "missing 2026-09 housing"))
    assert len(heard) == 2


def test_a_message_says_what_where_what_to_do_and_where_to_look(notices, heard):
    notices.tell(late(notices))
    assert heard[0]["title"] == "守望：2026-09 开始筛查，缺：水利局"
    assert heard[0]["message"].splitlines()[1:] == ["处理：请催报。", "查看：http://board/"]


def test_where_nobody_asked_to_be_told_the_log_says_it(notices, caplog):
    with caplog.at_level(logging.INFO, logger="shouwang_notices"):
        assert notices.tell(late(notices))
    assert "缺：水利局" in caplog.text


def test_a_service_that_is_down_fails_nothing(notices, monkeypatch):
    extra = {"config": [{"path": "json://127.0.0.1:9/", "tag": "all"}]}
    monkeypatch.setenv("AIRFLOW_CONN_SHOUWANG_NOTICES", json.dumps({"conn_type": "apprise", "extra": extra}))
    assert notices.tell(late(notices))


def test_yesterdays_marks_are_cleared_away(notices, tmp_path):
    (tmp_path / "notices").mkdir()
    (tmp_path / "notices" / "2020-01-01-0123456789abcdef").touch()
    notices.tell(late(notices))
    assert [path.name[:4] for path in (tmp_path / "notices").iterdir()] != ["2020"]
    assert len(list((tmp_path / "notices").iterdir())) == 1


@pytest.mark.parametrize("month", [{"partition_key": "2026-09"}, {"partition_key": None, "conf": {"month": "2026-09"}}])
def test_a_reminder_names_the_month_also_of_a_run_by_hand(notices, heard, month):
    asyncio.run(notices.remind_release({"dag_run": {"dag_id": "screening", "run_id": "one", **month}}))
    assert heard[0]["title"] == "守望：2026-09 预警名单仍未审核，没有下发"
