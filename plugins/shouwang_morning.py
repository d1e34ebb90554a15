"""The chores of every morning (跟踪督办): each does a room's work and tells people of what asks for
them. What they give are counts and names of townships."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from typing import Any

from shouwang_dags import CountyDags
from shouwang_notices import Notice, link_to, tell

log = logging.getLogger(__name__)


def collect(here: CountyDags) -> dict[str, Any]:
    """Read what came back; tell of places that could not be reached."""
    from shouwang.responses import following

    done = following.collect_returns()
    if away := done["unreachable"]:
        tell(
            Notice(
                cause=f"unreachable {away}",
                what=f"有 {len(away)} 处报回地址连不上",
                where="；".join(away),
                to_do="请检查网络与账号；已报回的表不会丢失，下次再取。",
                link=link_to(here.dag_id("followup")),
            )
        )
    names = ("taken", "known_already", "blank")
    counts = [{k: v for k, v in told.items() if k in names} for told in done["files"]]
    return {"files": len(counts), "answers": counts, "failed": sorted(done["failed"])}


def send_again(here: CountyDags) -> dict[str, Any]:
    """Send what is still to be sent."""
    from shouwang.release import releasing

    done = releasing.send()
    if failed := sorted(done["failed"]):
        tell(
            Notice(
                cause=f"not sent {failed}",
                what=f"{'、'.join(failed)} 的名单没有送达",
                where="；".join(done["failed"].values()),
                to_do="请检查该乡镇的地址与账号；每天自动重发，不会重复下发。",
                link=link_to(here.dag_id("followup")),
            )
        )
    return {"sent": len(done["sent"]), "failed": failed}


def remind_of_releases(here: CountyDags) -> dict[str, Any]:
    """Remind of questions that nobody has answered for `calendar.approval_hours`, and of townships
    that are held back."""
    from shouwang.release import planning

    patience = here.county.settings.calendar.approval_hours
    waiting = [asked for asked in planning.waiting_releases() if asked["hours"] >= patience]
    for asked in waiting:
        tell(
            Notice(
                cause=f"remind {asked['month']} {asked['run']}",
                what=f"{asked['month']} 预警名单仍未审核，没有下发（{len(asked['townships'])} 个乡镇）",
                to_do="请批准或驳回；没有人批准，名单不会下发。",
                link=link_to(here.dag_id("release"), asked["run"], "approve"),
            )
        )
    held = sorted(planning.held_townships(), key=lambda hold: (hold["since"], hold["township"]))
    if held:
        tell(
            Notice(
                cause=f"held {[hold['township'] for hold in held]}",
                what=f"暂缓下发的乡镇 {len(held)} 个",
                where="，".join(f"{hold['township']}（自 {hold['since']}）" for hold in held),
                to_do="原因在审计记录中；要下发，请为该月触发 release，去掉后批准。",
                link=link_to(here.dag_id("release")),
                bad=False,
            )
        )
    return {
        "waiting": [asked["month"] for asked in waiting],
        "held": [hold["township"] for hold in held],
    }


def remind(here: CountyDags) -> dict[str, int]:
    """Remind of what is due today."""
    due = _by_township("due")
    if due:
        tell(
            Notice(
                cause=f"due {sorted(due.items())}",
                what=f"今天到期的线索 {sum(due.values())} 条",
                where="，".join(f"{name} {count} 条" for name, count in sorted(due.items())),
                to_do="请提醒乡镇今天报回核查结果。",
                link=link_to(here.dag_id("followup")),
                bad=False,
            )
        )
    return due


def supervise(here: CountyDags) -> dict[str, int]:
    """Put what is overdue on the supervision list."""
    from shouwang.responses import following

    overdue = _by_township("overdue")
    if overdue:
        following.supervise("shouwang")
        tell(
            Notice(
                cause=f"overdue {sorted(overdue.items())}",
                what=f"超期未核查的线索 {sum(overdue.values())} 条，已列入督办单",
                where="，".join(f"{name} {count} 条" for name, count in sorted(overdue.items())),
                to_do="督办单在县级发件箱，各乡镇的已随同下发。",
                link=link_to(here.dag_id("followup")),
            )
        )
    return overdue


def _by_township(what: str) -> dict[str, int]:
    from shouwang.responses import following

    return dict(Counter(row["township"] for row in following.list_cases(what=what)))


def renew_passwords(here: CountyDags) -> dict[str, list[str]]:
    """Replace passwords that have outlived their year; name who has one that nobody has told
    them."""
    from shouwang.responses import following

    done = following.renew_passwords()
    if untold := done["untold"]:
        tell(
            Notice(
                cause=f"untold {untold}",
                what=f"{'、'.join(untold)} 的新密码还没有告知",
                where="名单用新密码加密；以前的名单仍用旧密码打开。",
                to_do="请逐个运行 shouwang secrets show --township 乡镇 --by 姓名，当面或电话告知，不要随名单发送。",
                link=link_to(here.dag_id("followup")),
            )
        )
    return done


def expire(here: CountyDags) -> int:
    """Delete what has been kept too long."""
    from shouwang.responses import following

    return sum(gone["files"] for gone in following.expire())


def record_runs(here: CountyDags) -> int:
    """Put on our own record which runs have ended since yesterday."""
    from shouwang_listener import record_ended_runs

    return record_ended_runs()


CHORES: dict[str, Callable[[CountyDags], object]] = {
    "collect": collect,
    "send_again": send_again,
    "remind_of_releases": remind_of_releases,
    "remind": remind,
    "supervise": supervise,
    "renew_passwords": renew_passwords,
    "record_runs": record_runs,
    "expire": expire,
}


def do_all(here: CountyDags) -> list[str]:
    """Do every chore; those that failed, which hold up none of the others."""
    failed = []
    for name, chore in CHORES.items():
        try:
            log.info("%s: %s", name, chore(here))
        except Exception as error:
            log.error(
                "%s failed (%s); it is tried again after the rest of the morning.",
                name,
                type(error).__name__,
            )
            failed.append(name)
    return failed
