"""What people are told: once for a cause, with what to do, and never at the cost of the task."""

from __future__ import annotations

import datetime as dt
import importlib.util
import json
import logging

import pytest
import time_machine
from listener import Listener


@pytest.fixture
def notices(project, tmp_path, monkeypatch):
    """The module, in a workspace of its own that nobody asked to be told about."""
    monkeypatch.setenv("SHOUWANG_HOME", str(tmp_path))
    monkeypatch.delenv("AIRFLOW_CONN_SHOUWANG_NOTICES", raising=False)
    spec = importlib.util.spec_from_file_location(
        "shouwang_notices", project / "plugins" / "shouwang_notices.py"
    )
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(__import__("sys").modules, "shouwang_notices", module)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def heard(monkeypatch):
    """A service of Apprise's kind that listens."""
    with Listener() as listener:
        extra = {"config": [{"path": listener.address, "tag": "all"}]}
        monkeypatch.setenv(
            "AIRFLOW_CONN_SHOUWANG_NOTICES", json.dumps({"conn_type": "apprise", "extra": extra})
        )
        yield listener.messages


def late(notices, cause="missing 2026-09 water"):
    return notices.Notice(
        cause=cause, what="2026-09 开始筛查，缺：水利局", to_do="请催报。", link="http://board/"
    )


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


def away(monkeypatch, address):
    """From now on notices go to this address."""
    extra = {"config": [{"path": address, "tag": "all"}]}
    monkeypatch.setenv(
        "AIRFLOW_CONN_SHOUWANG_NOTICES", json.dumps({"conn_type": "apprise", "extra": extra})
    )


def test_a_service_that_is_down_fails_nothing(notices, monkeypatch):
    away(monkeypatch, "json://127.0.0.1:9/")
    assert notices.tell(late(notices))


def test_yesterdays_marks_are_cleared_away(notices, tmp_path):
    (tmp_path / "notices").mkdir()
    (tmp_path / "notices" / "2020-01-01-0123456789abcdef").touch()
    notices.tell(late(notices))
    assert [path.name[:4] for path in (tmp_path / "notices").iterdir()] != ["2020"]
    assert len(list((tmp_path / "notices").iterdir())) == 1


def test_what_could_not_be_sent_is_sent_with_the_next_notice_and_once(notices, monkeypatch):
    """The mail server is away at half past eight."""
    away(monkeypatch, "json://127.0.0.1:9/")
    assert notices.tell(late(notices))
    with Listener() as listener:
        away(monkeypatch, listener.address)
        assert not notices.tell(late(notices))  # no news, but nobody has heard it yet
        assert [message["title"] for message in listener.messages] == [
            "守望：2026-09 开始筛查，缺：水利局"
        ]
        notices.tell(late(notices))
        notices.tell(late(notices, "missing 2026-09 housing"))
        assert len(listener.messages) == 2


def test_a_notice_whose_teller_was_killed_while_sending_is_sent_by_the_next(
    notices, heard, monkeypatch
):
    def killed(*_: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(notices, "_send", killed)
        with pytest.raises(KeyboardInterrupt):
            notices.tell(late(notices))
    notices.tell(late(notices))
    assert len(heard) == 1


def test_the_day_of_notices_is_the_countys_not_utcs(notices, heard, monkeypatch):
    """At seven in the morning in China it is still yesterday by UTC."""
    for day in ("2026-10-12", "2026-10-13"):
        monkeypatch.setenv("SHOUWANG_TODAY", day)
        notices.tell(late(notices))
    assert len(heard) == 2
    monkeypatch.delenv("SHOUWANG_TODAY")
    with time_machine.travel(
        dt.datetime(2026, 10, 13, 23, 30, tzinfo=dt.UTC)
    ):  # 07:30 of the 14th in China
        assert notices._today() == dt.date(2026, 10, 14)
