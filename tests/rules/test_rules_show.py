"""Rules told in Chinese, from the data; a file that is not in order is refused with the place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from shouwang.cli.app import app
from shouwang.core.errors import ConfigError, UsageError

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _day(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SHOUWANG_HOME", str(tmp_path))
    monkeypatch.setenv("SHOUWANG_TODAY", "2026-10-12")


def run(*words: object) -> Any:
    done = CliRunner().invoke(app, ["rules", *map(str, words)])
    assert done.exception is None, done.output
    return done


def test_a_rule_is_told_from_its_data() -> None:
    assert json.loads(run("show", "MED-2", "--json").stdout) == {
        "MED-2 全年医疗自付占参考收入比例较高": {
            "数据": "医保局《医保结算明细》",
            "取哪些行": "当年 1 月至当月（按结算日期）的行",
            "同时要有": "同一户在《医保结算明细》里当月（按结算日期）的行中，个人自付高于 0的",
            "合计单位": "按户合计",
            "算什么": "个人自付的合计 ÷ 上年度全省农村居民人均可支配收入，现为 22,000",
            "门槛": "达到或超过：重点户 50%；一般农户 100%",
            "风险类型": "因病",
            "依据": "公开发布的与上年度全省农村居民人均可支配收入之比",
            "责任单位": "医保局",
            "执行日期": "2021-01-01 起",
            "预警原因举例": "医保局：张某户 2026年1月至10月医疗自付累计 11,000.00 元，为参考收入 22,000 元的 50%，达到 50%",
        }
    }


def test_every_rule_of_the_county_and_of_the_examples_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "county"
    (folder / "departments").mkdir(parents=True)
    sources = [PROJECT / "include" / "county", *(PROJECT / "docs" / "examples").iterdir()]
    book: dict[str, Any] = {}
    for source in sources:
        for path in [*source.glob("*.yaml"), *source.glob("departments/*.yaml")]:
            (folder / path.relative_to(source)).write_bytes(path.read_bytes())
        for key, more in yaml.safe_load(
            (source / "rules.yaml").read_text(encoding="utf-8")
        ).items():
            book[key] = (
                {**book.get(key, {}), **more}
                if isinstance(more, dict)
                else [*book.get(key, []), *more]
            )
    (folder / "rules.yaml").write_text(yaml.safe_dump(book, allow_unicode=True), encoding="utf-8")
    monkeypatch.setenv("SHOUWANG_COUNTY", str(folder))

    told = json.loads(run("show", "--json").stdout)

    rules = {heading: lines for heading, lines in told.items() if not heading.startswith("参数")}
    assert len(rules) == len(book["rules"])
    for heading, lines in rules.items():
        assert not any(word in "".join(lines.values()) for word in ("{", "}", "None")), heading
    assert rules["CIV-11 上次在保而本月名册上没有"]["同时没有"] == (
        "同一人、救助类别相同，在《社会救助对象名册》里本月报送的行"
    )
    assert rules["MED-12 十二个月自付达到参考收入的一定倍数"]["门槛"] == (
        "超过：重点户 0.5 倍的上年度全省农村居民人均可支配收入，现为 11,000；"
        "一般农户 上年度全省农村居民人均可支配收入，现为 22,000；边缘易致贫户 防止返贫致贫监测收入线，现为 8,800"
    )


def test_a_file_in_order_is_said_to_be() -> None:
    assert run("check").stdout.startswith("15 rules, 3 parameters; all in order.")


def test_an_unknown_rule_and_a_faulty_file_are_refused_with_the_place(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["rules", "show", "MED-99"])
    assert isinstance(done.exception, UsageError)
    assert "MED-1, MED-2" in str(done.exception)
    file = tmp_path / "改.yaml"
    text = (PROJECT / "include" / "county" / "rules.yaml").read_text(encoding="utf-8")
    file.write_text(text.replace("in: [住院]", "in: [住园]", 1), encoding="utf-8")
    line = text[: text.index("in: [住院]")].count("\n") + 1
    done = CliRunner().invoke(app, ["rules", "check", str(file)])
    assert isinstance(done.exception, ConfigError)
    assert str(done.exception).startswith(
        f"改.yaml, line {line}, key rules[0].where[0].in (rule MED-1): found “住园”"
    )
    assert "did you mean “住院”?" in str(done.exception)
