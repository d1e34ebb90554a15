"""Every word of the board, Chinese and English side by side."""

from __future__ import annotations

LANGUAGES = ("zh", "en")

WORDS: dict[str, tuple[str, str]] = {
    "and": ("、", ", "),
    "board": ("数据交换看板", "Exchange board"),
    "as of": ("数据截至", "As of"),
    "language": ("语言", "Language"),
    "skip": ("跳到正文", "Skip to content"),
    "back": ("返回看板", "Back to the board"),
    # states of a department's month
    "in force": ("在用", "In force"),
    "refused": ("整份退回", "Refused"),
    "late": ("逾期未报", "Late"),
    "waiting": ("待报送", "Expected"),
    "not due": ("本月不报", "Not due"),
    "older": ("旧版", "Older"),
    # the latest month
    "delivered": ("部门报送", "Departments"),
    "delivered of": ("{n} / {all} 已接收", "{n} of {all} here"),
    "screened": ("信息比对", "Screening"),
    "households": ("{n} 户预警", "{n} households"),
    "not screened": ("尚未比对", "Not yet"),
    "red": ("红", "red"),
    "yellow": ("黄", "yellow"),
    "blue": ("蓝", "blue"),
    "screen again": ("需重新比对", "To be screened again"),
    "released": ("下发乡镇", "Release"),
    "released to": ("{n} 个乡镇", "{n} townships"),
    "not released": ("尚未下发", "Not yet"),
    "answered": ("核查反馈", "Answers"),
    "answered of": ("{n} / {all} 户", "{n} of {all}"),
    "nothing sent": ("尚无名单", "Nothing sent yet"),
    "on": ("{day}", "on {day}"),
    "by": ("{day} 前", "by {day}"),
    # what asks for somebody
    "attention": ("需要处理", "Needs attention"),
    "all well": ("没有需要处理的事项。", "Nothing needs attention."),
    "about refused": ("数据整份退回", "Refused as a whole"),
    "do refused": (
        "把回执交给部门，请其更正后重新上传。",
        "Hand the department its receipt; a corrected file is taken in at any time.",
    ),
    "about refused since": (
        "新送的文件被退回，旧版仍在用",
        "A newer file was refused; the older version stays in force",
    ),
    "do refused since": (
        "把回执交给部门，请其更正后重新上传。",
        "Hand the department its receipt; a corrected file is taken in at any time.",
    ),
    "about late": ("等待期已过，尚未报送", "Nothing came within the waiting time"),
    "do late": (
        "请催报；补报后自动重新比对，只补发变化部分。",
        "Ask for the data; a late file re-opens the month, and only what changed is sent.",
    ),
    "about outdated": ("比对之后数据有更新", "Data changed after the screening"),
    "do outdated": ("请在 Airflow 中重新运行 screening。", "Run the DAG “screening” for this month again."),
    "about overdue": ("{n} 户逾期未反馈", "{n} households overdue"),
    "do overdue": ("请督促乡镇核查反馈。", "Remind the townships."),
    "about review": ("{n} 行身份待核实", "{n} rows wait for a clerk's decision"),
    "do review": ("由经办人员在待核实名单中认定。", "A clerk decides in the review list."),
    "about unusual": ("数据与往期相差较大", "Data differ from the usual"),
    "do unusual": ("请核对后再批准下发。", "Look at the remarks before approving the release."),
    # months and departments
    "months": ("各月各部门", "Months and departments"),
    "month": ("数据月份", "Data month"),
    "show": ("显示", "Show"),
    "n months": ("{n} 个月", "{n} months"),
    "rows": ("{n} 行", "{n} rows"),
    "matched": ("匹配", "Matched"),
    "review": ("待核实", "Review"),
    "unmatched": ("未匹配", "Unmatched"),
    "rejected": ("退回", "Rejected"),
    "duplicate": ("重复", "Duplicate"),
    "today": ("今天", "today"),
    "days ago": ("{n} 天前", "{n} d ago"),
    "due on": ("{day} 到期", "due {day}"),
    "days over": ("超期 {n} 天", "{n} d overdue"),
    "came late": ("迟报 {n} 天", "{n} d late"),
    "newer refused": ("新版被退回", "newer refused"),
    "unusual": ("数据异常", "unusual"),
    "legend": ("图例", "Legend"),
    # townships
    "townships": ("乡镇核查", "Townships"),
    "township": ("乡镇", "Township"),
    "sent": ("下发", "Sent"),
    "returned": ("已反馈", "Returned"),
    "overdue": ("逾期", "Overdue"),
    "supervised": ("督办", "supervised"),
    "due": ("核查截止", "Due"),
    "list version": ("名单版本", "List"),
    "state": ("状态", "State"),
    "complete": ("已全部反馈", "Complete"),
    "under way": ("核查中", "Under way"),
    "is overdue": ("逾期", "Overdue"),
    "total": ("合计", "Total"),
    # charts
    "quality": ("部门数据质量", "Departments' quality"),
    "quality says": (
        "每月没有匹配上的行所占比例（满格 {top}），右侧为最近一月的匹配率。",
        "Share of rows that were not matched, month by month (full height {top}); at the right the last match rate.",
    ),
    "hit rates": ("规则命中率（近六个月）", "Rules' hit rates, six months"),
    "hit rates say": (
        "核查后属实的户数占已反馈户数的比例；细线为 95% 置信区间。",
        "Confirmed households among those answered; the thin line is the 95% interval.",
    ),
    "confirmed of": ("属实 {n} / 反馈 {all}", "{n} of {all} confirmed"),
    "no answers": ("还没有乡镇反馈，暂无命中率。", "No township has answered yet."),
    # a delivery
    "counts": ("各行去向", "What became of the rows"),
    "read": ("读取", "Read"),
    "versions": ("版本", "Versions"),
    "version": ("版本", "Version"),
    "received": ("接收日期", "Received"),
    "corrects": ("更正第 {n} 版", "corrects v{n}"),
    "refusal": ("退回原因", "Why it was refused"),
    "remarks": ("与往期比较", "Beside the usual"),
    "receipt": ("数据回执", "Receipt"),
    "data docs": ("校验报告", "Data Docs"),
    "task log": ("任务日志", "Task log"),
    "review list": ("待核实名单", "Review list"),
    "papers": ("文件与日志", "Papers and logs"),
    "no delivery": ("还没有收到这个部门的文件。", "Nothing has come from this department."),
    "nothing due": ("这个部门本月不报送数据。", "This department hands over nothing for this month."),
    "people inside": ("含个人信息，下载会留痕", "holds personal data; each download is recorded"),
    "for you": (
        "回执和待核实名单含个人信息，每次下载都会留痕。",
        "Receipts and review lists hold personal data; each download is recorded.",
    ),
    "not for you": (
        "回执和待核实名单含个人信息，只对可以批准下发的人员开放。",
        "Receipts and review lists hold personal data; they open for those who may approve a release.",
    ),
    # nothing to show
    "empty": ("还没有任何数据", "There is nothing here yet"),
    "empty do": (
        "先加载农户信息表（registry），部门文件放进收件箱后，这里会显示每个月的情况。",
        "Load the household registry, then put the departments' files into the inbox: each month appears here.",
    ),
    "401": ("请先登录 Airflow", "Please log in to Airflow first"),
    "403": ("您没有查看权限", "You may not see this"),
    "404": ("没有这个页面", "There is no such page"),
    "500": ("页面出错了", "This page failed"),
    "503": ("数据库暂时无法访问", "The database does not answer"),
    "do 401": ("登录后刷新本页。", "Log in, then reload this page."),
    "do 403": ("请向 Airflow 管理员申请相应角色。", "Ask the Airflow administrator for a role that may."),
    "do 404": ("链接可能已过期，请从看板重新进入。", "The link may be out of date; start again from the board."),
    "do 500": (
        "请刷新；如仍出错，请查看 api-server 日志。",
        "Reload; if it fails again, see the log of the api-server.",
    ),
    "do 503": ("请稍后刷新；如仍出错，请检查数据库。", "Reload in a moment; if it lasts, look at the database."),
}


def words(language: str) -> dict[str, str]:
    """The board's words in one language."""
    place = LANGUAGES.index(language)
    return {key: said[place] for key, said in WORDS.items()}
