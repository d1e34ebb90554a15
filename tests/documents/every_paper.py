"""Every paper of the workspace once, small, with made-up people: what golden tests compare and the
documentation shows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pandas as pd
from documents_builders import (
    as_clues,
    clue,
    clues,
    departments,
    details,
    headed,
    notice,
    receipt,
    rejected,
    release,
    summary,
    warnings,
)
from statistics_builders import TITLES, TODAY, facts
from statistics_builders import departments as department_lines

from shouwang.core.month import Month
from shouwang.documents.bulletin import Bulletin
from shouwang.documents.bulletin_docx import write_docx
from shouwang.documents.caseform import CaseFormPaper, write_case_form
from shouwang.documents.charts import to_png
from shouwang.documents.feedback_receipt import FeedbackPaper, write_feedback_receipt
from shouwang.documents.frames import OVERDUE_COLUMNS
from shouwang.documents.notice import write_notice
from shouwang.documents.receipt import Counts, write_receipt
from shouwang.documents.registry_list import RegistryPaper, write_registry_list
from shouwang.documents.results import ResultsPaper, write_results
from shouwang.documents.review import ReviewPaper, write_review
from shouwang.documents.story import Story, write_story
from shouwang.documents.summary import write_summary
from shouwang.documents.supervision import SupervisionPaper, write_supervision
from shouwang.documents.township import write_township_workbook
from shouwang.screening.hit_rates import COLUMNS as RATES
from shouwang.statistics.bulletin import sections
from shouwang.statistics.bulletin_annex import figures, tables
from shouwang.statistics.counts import count
from shouwang.statistics.results import COLUMNS as RESULTS

OFFICE, SEPTEMBER = "清源县农业农村局", Month(2026, 9)
LATE = dt.datetime(2026, 10, 28, 9, 30)


def _list(path: Path) -> None:
    listed = clues(12).sort_values(
        "level", key=lambda levels: levels.map("红黄蓝".index), kind="stable", ignore_index=True
    )
    write_township_workbook(path, release(missing=("水利局",)), listed, details(listed))


def _supplement(path: Path) -> None:
    listed = as_clues([clue(0, level="红", last_conclusion="04"), clue(3)])
    write_township_workbook(path, release(kind="补充名单", version=2), listed, details(listed))


def _nothing(path: Path) -> None:
    write_township_workbook(path, release(kind="补充名单", version=3), clues(0), details(clues(0)))


def _notice(path: Path) -> None:
    write_notice(path, notice(), clues(9))


def overdue() -> pd.DataFrame:
    """Three clues that two townships owe an answer to."""
    rows = [
        ("石桥乡", "2609-AAAA0001", "石桥社区", "赵明", "蓝", "饮水", dt.date(2026, 10, 19), 9),
        (
            "大河镇",
            "2609-AAAA0002",
            "上河村",
            "钱秀英",
            "红",
            "因病、饮水",
            dt.date(2026, 10, 19),
            9,
        ),
        ("石桥乡", "2609-AAAA0003", "双龙村", "孙建国", "黄", "住房", dt.date(2026, 10, 16), 12),
    ]
    return pd.DataFrame(rows, columns=list(OVERDUE_COLUMNS))


def _supervision(path: Path) -> None:
    paper = SupervisionPaper(
        **headed(OFFICE, LATE), overdue_days=10, contacts={"石桥乡": "乡村振兴办"}
    )
    write_supervision(path, paper, overdue())


def _supervision_of_a_township(path: Path) -> None:
    paper = SupervisionPaper(**headed("石桥乡", LATE), overdue_days=10, township="石桥乡")
    write_supervision(path, paper, overdue()[lambda rows: rows["township"] == "石桥乡"])


def _review(path: Path) -> None:
    def person(name: str, number: str, village: str, agrees: str) -> str:
        return f"{name} {number}\n大河镇{village}\n户号H00012 脱贫户\n{agrees}"

    rows = [
        (
            "2609-1a2b3c4d-0001",
            "医保局 结算.csv第12行\n民政局 救助.xlsx“大河镇”第7行",
            "赵明",
            "532999********0018",
            "大河镇\n上河村",
            "证件号码与姓名指向不同的人",
            person("赵明亮", "532999********0018", "上河村", "×姓名不同 √号码相同 √村相同"),
            person("赵明", "532999********0026", "上河村", "√姓名相同 ×号码差一位 √村相同"),
            None,
        ),
        (
            "2609-5e6f7a8b-0002",
            "水利局 供水.xlsx第31行",
            "李秀英",
            None,
            "大河镇\n下河村",
            "同村同名的有几人",
            *(
                person("李秀英", f"532999********00{n}X", "下河村", "√姓名相同 √村相同")
                for n in (3, 4, 5)
            ),
        ),
    ]
    columns = [
        "number",
        "places",
        "name",
        "id_number",
        "place",
        "reason",
        "option_1",
        "option_2",
        "option_3",
    ]
    write_review(
        path, ReviewPaper(**headed(OFFICE), month=SEPTEMBER), pd.DataFrame(rows, columns=columns)
    )


def _receipt(path: Path) -> None:
    write_receipt(path, receipt(), rejected())


def _refused(path: Path) -> None:
    refused = "缺少必需列“个人自付”；本部门认得的写法：个人自付、个人负担、自付金额。"
    paper = receipt(
        refused=refused,
        version=None,
        counts=Counts(0, 0, 0, 0),
        files=(),
        header_guesses=(),
        ignored=(),
        corrected=0,
        warnings=(),
    )
    write_receipt(path, paper, [])


def _results(path: Path) -> None:
    rows = pd.DataFrame(
        [
            (
                "2026-09",
                "结算.xlsx",
                "大河镇",
                12,
                "MED-1",
                18320.5,
                10000.0,
                "已下发核查",
                "13 部门数据有误",
                pd.Timestamp(2026, 10, 15),
                "=自付金额多记一位 532999198506037605",
            ),
            (
                "2026-08",
                "结算.csv",
                None,
                7,
                "X-9",
                float("nan"),
                float("nan"),
                "尚未下发",
                "尚未反馈",
                pd.NaT,
                None,
            ),
        ],
        columns=list(RESULTS),
    )
    paper = ResultsPaper(
        **headed("医保局", LATE),
        department="医保局",
        month=SEPTEMBER,
        rule_titles={"MED-1": "单次住院自付"},
    )
    outcome = [("产生线索", 2, 2), ("处理：已下发核查", 1, 1), ("结论：13 部门数据有误", 1, 1)]
    write_results(path, paper, [("读取", 100), ("退回", 4), ("匹配到户", 90)], outcome, rows)


def _summary(path: Path) -> None:
    write_summary(
        path, summary(), warnings(60), departments(), {"大河镇": clues(3), "石桥乡": clues(0)}
    )


def _story(path: Path) -> None:
    story = Story(
        **headed("张某", LATE),
        household="赵明",
        facts={
            "township": "大河镇",
            "village": "上河村",
            "village_group": "3组",
            "head": "赵明",
            "household_type": "脱贫户",
            "income": 8084,
            "clue_no": "2609-AAAA0002",
            "level": "红Ⅰ",
            "state": "帮扶中",
        },
        members=[("赵明", "户主", "男", 1980, "普通劳动力"), ("钱秀英", "配偶", "女", 1982, None)],
        signals=[
            (
                "2026-09",
                "MED-1",
                "医保局：赵明 2026年9月住院自付 18,320.50 元，超过 10,000 元",
                "医保局",
            ),
            ("2026-08", "WAT-1", "水利局：赵明家人均日用水量 22 升，低于 35 升", "水利局"),
        ],
        events=[
            ("2026-10-16", "帮扶中", "01 拟纳入监测；拟帮扶措施：健康帮扶、临时救助", "王某"),
            ("2026-10-12", "待核查", "下发大河镇（第1版）", "张某"),
        ],
        next_step="最早 2027-04-14 可风险消除",
    )
    write_story(path, story)


def _registry_list(path: Path) -> None:
    findings = pd.DataFrame(
        [
            (
                "大河镇",
                "上河村",
                "3组",
                "532999000012",
                "赵明",
                None,
                "一户有两个以上户主",
                "户主 2 人：赵明、赵亮",
                "只留一个户主",
            ),
            (
                "大河镇",
                "下河村",
                "1组",
                "532999000047",
                "李秀英",
                "李小",
                "证件号码校验不通过",
                "末位应为 X",
                "按证件更正号码",
            ),
        ],
        columns=[
            "township",
            "village",
            "village_group",
            "household_id",
            "head",
            "member",
            "title",
            "found",
            "remedy",
        ],
    )
    changes = pd.DataFrame(
        [
            (
                "大河镇",
                "上河村",
                "532999000088",
                "孙建国",
                "孙建国",
                "死亡",
                "民政局 2026-09 停保原因",
                "死亡",
                "核实后销户",
            )
        ],
        columns=[
            "township",
            "village",
            "household_id",
            "head",
            "name",
            "change",
            "source",
            "said",
            "remedy",
        ],
    )
    counts = [("一户有两个以上户主", 1, 1), ("证件号码校验不通过", 1, 1), ("一人在两户", 0, 0)]
    paper = RegistryPaper(**headed("大河镇", LATE), month=SEPTEMBER, township="大河镇", unknown=3)
    write_registry_list(path, paper, counts, findings, changes)


def _feedback_receipt(path: Path) -> None:
    rows = [
        ("预警名单", 8, "2609-AAAA0001", "532999000012", "05 未发现风险", "taken", None),
        (
            "预警名单",
            9,
            "2609-AAAA0002",
            "532999000047",
            "01 拟纳入监测",
            "problem",
            "缺核查日期；缺核查人",
        ),
        ("预警名单", 10, "2609-AAAA0003", "532999000088", "07 已死亡", "known", "与此前报的相同"),
    ]
    columns = ["sheet", "row", "clue_no", "household_id", "said", "result", "remark"]
    paper = FeedbackPaper(
        **headed("大河镇", LATE), township="大河镇", file="大河镇预警名单（已填）.xlsx", blank=2
    )
    write_feedback_receipt(path, paper, pd.DataFrame(rows, columns=columns))


def _case_form(path: Path) -> None:
    helped = pd.DataFrame(
        [
            (
                "2603-AAAA0009",
                "上河村",
                "532999000012",
                dt.date(2026, 4, 14),
                dt.date(2026, 10, 14),
                "健康帮扶",
            )
        ],
        columns=["clue_no", "village", "household_id", "recognised_on", "earliest", "measures"],
    )
    write_case_form(path, CaseFormPaper(**headed("大河镇", LATE)), helped)


def bulletin() -> Bulletin:
    """September's bulletin, as the county would write it."""
    counts = count(facts(), (SEPTEMBER,), TODAY, 10, facts().townships)
    lines = department_lines()
    rates = pd.DataFrame(
        [
            ("MED-1", "单次住院自付", 40, 30, 6, 0.2, 0.1, 0.37),
            ("WAT-1", "用水不足", 12, 10, 0, 0.0, 0.0, 0.28),
        ],
        columns=list(RATES),
    )
    return Bulletin(
        title=f"关于{counts.label}防止返贫致贫监测预警工作情况的通报",
        office=OFFICE,
        addressed="各乡镇、县直有关部门：",
        prepared_on=TODAY,
        issue="防止返贫致贫监测帮扶月度通报　2026年第9期",
        sections=sections(counts, lines, TITLES, "2026年10月28日"),
        tables=tables(counts, lines, TITLES),
        figures=figures(counts, lines, rates),
    )


PAPERS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "township": (".xlsx", _list),
    "supplement": (".xlsx", _supplement),
    "township_empty": (".xlsx", _nothing),
    "notice": (".xlsx", _notice),
    "feedback_receipt": (".xlsx", _feedback_receipt),
    "case_form": (".xlsx", _case_form),
    "supervision": (".xlsx", _supervision),
    "supervision_township": (".xlsx", _supervision_of_a_township),
    "story": (".xlsx", _story),
    "registry_list": (".xlsx", _registry_list),
    "review": (".xlsx", _review),
    "summary": (".xlsx", _summary),
    "receipt": (".xlsx", _receipt),
    "receipt_refused": (".xlsx", _refused),
    "results": (".xlsx", _results),
    "bulletin": (".docx", lambda path: write_docx(path, bulletin(), to_png)),
}
"""Each paper's name, the ending of its file, and what writes it."""


def write(name: str, folder: Path) -> Path:
    """Write one of them; where it is."""
    ending, writer = PAPERS[name]
    path = folder / f"{name}{ending}"
    writer(path)
    return path
