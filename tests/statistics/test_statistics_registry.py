"""The registry's checks find what is wrong, and say what cannot be known; nothing is changed."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from shouwang.casework.rebuilding import rebuild_cases
from shouwang.core.month import Month
from shouwang.county.settings import read_county
from shouwang.registry.checks import Registry, check_registry
from shouwang.registry.history import COLUMNS, load_snapshot, snapshot
from shouwang.registry.monitoring import (
    MONITORED_TYPES,
    household_sizes,
    monitoring,
    movements,
    since,
)
from shouwang.statistics.facts import read_facts
from shouwang.statistics.revealed import COLUMNS as CHANGES
from shouwang.statistics.revealed import placed
from shouwang.store.database import Database, insert
from shouwang.store.migrate import migrate
from shouwang.store.tables import feedback, warning

SEPTEMBER, LINE = Month(2026, 9), 8800.0
SOUND = ("532999198506037605", "532999199201261029", "532999197302238574")
MEN, WOMEN = SOUND[2], SOUND[1]


def person(
    household: str, name: str, number: str = SOUND[0], **changes: object
) -> dict[str, object]:
    born = pd.Timestamp(f"{number[6:10]}-{number[10:12]}-{number[12:14]}")
    sex = "男" if int(number[16]) % 2 else "女"
    facts = {
        "person_id": f"{household}{name}",
        "household_id": household,
        "township": "大河镇",
        "village": "上河村",
        "village_group": "1组",
        "name": name,
        "id_number": number,
        "sex": sex,
        "birth_date": born,
        "relation": "户主",
        "household_type": "一般农户",
        "risk_removed": None,
        "income": 9000.0,
    }
    return {**facts, **changes}


def frame(*people: dict[str, object]) -> pd.DataFrame:
    found = pd.DataFrame(list(people)).reindex(columns=["person_id", *COLUMNS])
    text = [name for name in found.columns if name not in ("birth_date", "income")]
    return found.astype(
        dict.fromkeys(text, "str") | {"birth_date": "datetime64[ms]", "income": "float64"}
    )


def checked(
    people: pd.DataFrame, standing: dict[str, tuple[object, ...]] | None = None, **facts: object
) -> set[tuple[str, str]]:
    columns = ["township", "monitored", "removed", "recognised", "taken_off", "known_from"]
    rows = pd.DataFrame.from_dict(standing or {}, orient="index", columns=columns[1:5])
    rows = rows.assign(township="大河镇", known_from="2026-01").astype(
        {"removed": bool, "recognised": "str", "taken_off": "str"}
    )
    given = {
        "measured": set(),
        "out_of_school": set(),
        "dead": pd.DataFrame(columns=["household_id", "person_id", "source"]),
    }
    found = check_registry(Registry(SEPTEMBER, people, rows, line=LINE, **{**given, **facts}))  # type: ignore[arg-type]
    return set(zip(found["check"], found["household_id"], strict=True))


def test_a_sound_registry_has_no_finding() -> None:
    assert checked(frame(person("1", "赵明"), person("1", "钱芳", WOMEN, relation="配偶"))) == set()


@pytest.mark.parametrize(
    ("kind", "income", "removed", "finding"),
    [
        ("脱贫不稳定户", 8800.01, False, "income_above"),
        ("边缘易致贫户", 20000.0, False, "income_above"),
        ("脱贫不稳定户", 8800.0, False, None),
        ("突发严重困难户", 8800.0, False, "income_below"),
        ("突发严重困难户", 8800.01, False, None),
        ("突发严重困难户", 8800.0, True, "removed_income_below"),
        ("脱贫不稳定户", 20000.0, True, None),
        ("脱贫不稳定户", None, False, None),
    ],
)
def test_income_and_type_must_fit(
    kind: str, income: float | None, removed: bool, finding: str | None
) -> None:
    found = checked(frame(person("1", "赵明", income=income)), {"1": (kind, removed, None, None)})
    assert found == ({(finding, "1")} if finding else set())


@pytest.mark.parametrize(
    ("recognised", "taken_off", "measured", "finding"),
    [
        ("2026-07", None, False, "no_measure"),
        ("2026-08", None, False, None),
        ("2026-07", None, True, None),
        (None, None, False, None),
        ("2026-03", "2026-03", True, "removed_early"),
        ("2026-03", "2026-04", True, "removed_early"),
        ("2026-03", "2026-05", True, None),
        ("2025-12", "2026-01", True, "removed_early"),
        ("2026-03", "2026-09", False, "removed_without_measure"),
        (None, "2026-02", True, None),
    ],
)
def test_recognition_measures_and_removal_must_follow_each_other(
    recognised: str | None, taken_off: str | None, measured: bool, finding: str | None
) -> None:
    standing = {"1": ("突发严重困难户", taken_off is not None, recognised, taken_off)}
    found = checked(frame(person("1", "赵明")), standing, measured={"1"} if measured else set())
    assert found == ({(finding, "1")} if finding else set())


def test_a_risk_is_not_removed_while_a_child_is_out_of_school() -> None:
    people = frame(person("1", "赵明"), person("2", "钱芳", WOMEN))
    standing = {h: ("突发严重困难户", h == "1", None, None) for h in ("1", "2")}
    assert checked(people, standing, out_of_school={"1", "2"}) == {("removed_out_of_school", "1")}


def test_people_and_heads_are_counted() -> None:
    people = frame(
        person("1", "赵明"),
        person("1", "钱芳", WOMEN),
        person("2", "孙亮", MEN, relation="儿子"),
        person("3", "赵明"),
        person("4", "李强", MEN),
    )
    assert checked(people) == {
        ("several_heads", "1"),
        ("no_head", "2"),
        ("two_households", "1"),
        ("two_households", "3"),
        ("two_households", "2"),
        ("two_households", "4"),
    }


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"id_number": "532999198506037606"}, "number_unsound"),
        ({"id_number": "53299919850603760*"}, "number_unsound"),
        ({"birth_date": pd.Timestamp(1985, 6, 4)}, "birth_date"),
        ({"birth_date": pd.NaT}, None),
        ({"sex": "男"}, "sex"),
        ({"sex": None}, None),
    ],
)
def test_numbers_must_fit_themselves_and_the_columns(
    changes: dict[str, object], finding: str | None
) -> None:
    people = frame(person("1", "赵明") | changes)
    assert checked(people) == ({(finding, "1")} if finding else set())
    found = check_registry(
        Registry(
            SEPTEMBER,
            people,
            pd.DataFrame(columns=["monitored", "removed", "recognised", "taken_off"]),
            set(),
            set(),
            pd.DataFrame(columns=["household_id", "person_id", "source"]),
            LINE,
        )
    )
    assert not any(number in str(found.to_dict()) for number in (SOUND[0], "532999198506037606"))


def test_the_dead_are_listed_until_they_are_taken_off() -> None:
    dead = pd.DataFrame(
        {
            "household_id": ["1", "9"],
            "person_id": ["1赵明", None],
            "source": "民政局：名册 第 3 行",
        },
        dtype="str",
    )
    assert checked(frame(person("1", "赵明")), dead=dead) == {("dead", "1")}


@pytest.fixture
def database(tmp_path: Path, project: Path) -> Database:
    made = Database(f"sqlite:///{tmp_path / 'shouwang.db'}")
    migrate(made, read_county(project / "include" / "county").contracts.values())
    return made


def load(database: Database, month: Month, **kinds: tuple[str, str | None]) -> None:
    """A registry of a head and a spouse a household, whose type the spouse's row does not say."""
    people = frame(
        *(
            row
            for household, (kind, removed) in kinds.items()
            for row in (
                person(household, "赵明", household_type=kind, risk_removed=removed),
                person(household, "钱芳", WOMEN, relation="配偶", household_type=None),
            )
        )
    )
    with database.write() as connection:
        load_snapshot(
            connection,
            snapshot(people.assign(id_state="missing")),
            month,
            str(month),
            "农户信息表.xlsx",
        )


SUDDEN, EDGE, POOR = MONITORED_TYPES[2], MONITORED_TYPES[1], "脱贫户"


def test_the_history_of_loads_tells_recognition_removal_and_movement(database: Database) -> None:
    load(
        database,
        Month(2026, 1),
        a=(SUDDEN, "否"),
        b=(POOR, None),
        c=(EDGE, "是"),
        d=(EDGE, "否"),
        e=(POOR, None),
    )
    load(
        database,
        Month(2026, 4),
        a=(SUDDEN, "是"),
        b=(EDGE, "否"),
        c=(EDGE, "否"),
        d=(SUDDEN, "否"),
        e=(POOR, None),
    )
    load(
        database,
        Month(2026, 6),
        a=(SUDDEN, "是"),
        b=(EDGE, "是"),
        c=(EDGE, "否"),
        d=(POOR, None),
        e=(SUDDEN, "否"),
    )
    with database.read() as connection:
        history = monitoring(connection, SEPTEMBER)
        earlier = since(monitoring(connection, Month(2026, 5)))
        sizes = household_sizes(connection, SEPTEMBER)
    told = {(m, h, k) for h, m, k in movements(history).to_numpy().tolist()}
    assert told == {
        ("2026-04", "a", "风险消除"),
        ("2026-04", "b", "新识别"),
        ("2026-04", "c", "风险消除回退"),
        ("2026-04", "d", "变更监测类型"),
        ("2026-06", "b", "风险消除"),
        ("2026-06", "d", "清退"),
        ("2026-06", "e", "新识别"),
    }
    standing = since(history).astype(object).where(lambda f: f.notna(), None)
    rows = {
        h: tuple(row)
        for h, row in zip(standing.index, standing.iloc[:, 1:5].to_numpy().tolist(), strict=True)
    }
    assert rows == {
        "a": (SUDDEN, True, None, "2026-04"),
        "b": (EDGE, True, "2026-04", "2026-06"),
        "c": (EDGE, False, None, None),
        "d": (None, False, None, None),
        "e": (SUDDEN, False, "2026-06", None),
    }
    assert set(earlier.index) == {"a", "b", "c", "d"}
    assert sizes.to_dict() == dict.fromkeys("abcde", 2)


def test_answers_move_a_household_by_how_the_registry_had_it_then(
    database: Database, project: Path
) -> None:
    """A recognition is none of a household that was monitored; a suggestion that a visit changes is
    no change of type."""
    load(
        database,
        Month(2026, 1),
        a=(POOR, None),
        b=(EDGE, "否"),
        c=(EDGE, "是"),
        d=(SUDDEN, "否"),
        e=(POOR, None),
    )
    load(
        database,
        Month(2026, 4),
        a=(EDGE, "否"),
        b=(EDGE, "否"),
        c=(EDGE, "是"),
        d=(POOR, None),
        e=(POOR, None),
    )
    said = {
        "a": ("01", SUDDEN),
        "b": ("01", SUDDEN),
        "c": ("01", None),
        "d": ("12", None),
        "e": ("05", None),
    }
    warned = pd.DataFrame(
        {
            "household_id": [*said],
            "month": "2026-02",
            "level": "蓝",
            "category": EDGE,
            "rules": "HOU-1",
            "risks": "住房",
            "township": "大河镇",
        }
    )
    answered = pd.DataFrame(
        {
            "household_id": [*said],
            "content": [*said],
            "clue_no": [f"2602-{h}" for h in said],
            "list_month": "2026-02",
            "conclusion": [code for code, _ in said.values()],
            "category": [kind for _, kind in said.values()],
            "reason": "商品房",
            "received_at": pd.Timestamp(2026, 3, 15),
            "file": "核查.xlsx",
            "row": range(len(said)),
        }
    )
    with database.write() as connection:
        insert(connection, warning, warned)
        insert(connection, feedback, answered)
        rebuild_cases(connection, read_county(project / "include" / "county").settings)
        moves = read_facts(connection, Month(2026, 1), SEPTEMBER).moves
    told = (
        moves.astype(object)
        .where(moves.notna(), None)[["month", "household_id", "movement"]]
        .to_numpy()
        .tolist()
    )
    assert sorted(map(tuple, told)) == [
        ("2026-02", "a", "新识别"),
        ("2026-02", "b", "变更监测类型"),
        ("2026-02", "c", "风险消除回退"),
        ("2026-02", "d", "清退"),
    ]
    assert moves.set_index("household_id")["reason"]["d"] == "商品房"


def test_corrections_find_their_township_and_leave_out_who_is_gone() -> None:
    people = frame(person("1", "赵明"), person("1", "钱芳", WOMEN, relation="配偶"))
    rows = [
        ("死亡", "1", "1钱芳", None, None, "民政局：名册 第 3 行", "停保原因：死亡"),
        ("死亡", "1", "gone", None, None, "民政局：名册 第 4 行", "停保原因：死亡"),
        ("迁出", "9", None, None, None, "入户核查：线索 2609-X", "迁往省城"),
        ("出生", None, None, "石桥乡", "赵小宝", "医保局：结算 第 8 行", "出生日期 2026-08-01"),
    ]
    found = placed(pd.DataFrame(rows, columns=list(CHANGES), dtype="str"), people)
    assert found[["change", "township", "head", "name"]].astype(object).where(
        lambda f: f.notna(), None
    ).to_numpy().tolist() == [
        ["死亡", "大河镇", "赵明", "钱芳"],
        ["出生", "石桥乡", None, "赵小宝"],
    ]
