"""A person in the loop (审核发布): what a clerk is shown before lists go out, and what becomes of
the answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypedDict

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Context, Param
from airflow.sdk.execution_time.comms import TriggerDagRun

from shouwang_dags import ReleaseRejected
from shouwang_notices import Notice, link_to, tell

if TYPE_CHECKING:
    from shouwang.release.approvals import HeldBack
    from shouwang.release.planning import ReleasePlan

LEVELS = ("红", "黄", "蓝")
HOLD_BACK, REASON = "hold_back", "reason"
OVER = ("success", "failed", "skipped", "upstream_failed", "removed")
"""States of a task that asks nobody any more."""


class Question(TypedDict):
    """What is asked: the lists that would go out, and the month's figures."""

    plan: ReleasePlan
    figures: dict[str, Any]


def release_note(question: Question) -> str:
    """What a clerk reads before approving (Markdown): what would go out to whom, what went before,
    who is missing."""
    plan, figures = question["plan"], question["figures"]
    new, supplement = (
        sum(planned[kind] for planned in plan["lists"]) for kind in ("new", "supplement")
    )
    lines = [
        f"**{plan['month']}** 本次下发 {len(plan['lists'])} 个乡镇 {new + supplement} 户：新增 {new} 户，"
        f"补充 {supplement} 户；本月此前已下发 {plan['sent']} 户，重复不再下发 {figures['repeated']} 户。",
        "",
    ]
    if plan["causes"]:
        lines += [f"**起因：** 上次下发后收到{'、'.join(plan['causes'])}。", ""]
    if before := figures.get("before"):
        now_all, then_all = sum(figures["levels"].values()), sum(before["levels"].values())
        lines += [
            f"上月（{before['month']}）需核查 {then_all} 户，本月{_more(now_all - then_all)}。",
            "",
        ]
    for state, wording in (("missing", "未报送部门"), ("refused", "数据被退回部门")):
        if figures.get(state):
            lines += [f"**{wording}：** {'、'.join(figures[state])}。名单将注明。", ""]
    if figures.get("warnings"):
        lines += ["**请留意：**", *(f"- {warning}" for warning in figures["warnings"]), ""]
    if plan["held"]:
        lines += [
            "**仍在暂缓下发**（下面已预先选中；要下发，请去掉）：",
            *map(_held, plan["held"]),
            "",
        ]
    lines += [
        "| 乡镇 | 名单 | 新增 | 补充 | 红 | 黄 | 蓝 | 共 |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    for planned in plan["lists"]:
        counts = [
            planned["new"],
            planned["supplement"],
            *(planned["levels"].get(level, 0) for level in LEVELS),
        ]
        total = planned["new"] + planned["supplement"]
        kind = f"{planned['kind']} 第{planned['version']}版"
        lines.append(
            f"| {planned['township']} | {kind} | {' | '.join(map(str, counts))} | {total} |"
        )
    return "\n".join(
        [
            *lines,
            "",
            "批准后立即向以上乡镇下发名单，可在下面选出暂缓下发的乡镇（一直暂缓，直到有人去掉）；驳回则全部不下发，请写明原因。",
            f"批准只对以上内容有效（编号 {plan['content']}）：此后有变化的乡镇不会下发，会重新请求审核。",
        ]
    )


def _held(hold: HeldBack) -> str:
    return f"- {hold['township']}：{hold['by']} 自 {hold['since']} 起（{hold['month']} 名单），原因：{hold['reason'] or '未写明'}"


def _more(difference: int) -> str:
    return "持平" if difference == 0 else f"{'多' if difference > 0 else '少'} {abs(difference)} 户"


def why_not_asked(context: Context, plan: ReleasePlan) -> str:
    """Why nobody is asked about a plan; empty where somebody is to be."""
    if not plan["lists"]:
        return "no township has anything new to receive."
    newest = plan["question"]
    if (
        newest
        and plan["asked"][newest] == plan["content"]
        and _states(context, [newest]).get(newest, OVER[0]) not in OVER
    ):
        return "another run asks for these very lists."
    if context["dag_run"].run_type == "manual":
        return ""
    if plan["rejected"]:
        return "these lists were rejected; trigger this DAG for the month to be asked again."
    if {hold["township"] for hold in plan["held"]}.issuperset(
        each["township"] for each in plan["lists"]
    ):
        return "all of it is held back; trigger this DAG for the month to be asked again."
    return ""


def withdraw_older(context: Context, plan: ReleasePlan) -> None:
    """Withdraw the questions of other runs for lists that say something else by now.

    Their runs are cleared, as `TriggerDagRunOperator` does: they plan anew, and find the newer
    question.
    """
    from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

    older = [run for run, content in plan["asked"].items() if content != plan["content"]]
    for run, state in _states(context, older).items():
        if state == "awaiting_input":
            SUPERVISOR_COMMS.send(
                TriggerDagRun(dag_id=context["ti"].dag_id, run_id=run, reset_dag_run=True)
            )


def _states(context: Context, runs: list[str]) -> dict[str, str | None]:
    """What the question of each other run of this DAG has come to."""
    instance, others = context["ti"], [run for run in runs if run != context["run_id"]]
    if not others:
        return {}
    told = instance.get_task_states(dag_id=instance.dag_id, task_ids=["approve"], run_ids=others)
    return {run: tasks.get("approve") for run, tasks in told.items()}


class ReleaseApproval(ApprovalOperator):
    """Asks whether a month's lists may go out; gives those that may: each township with the
    fingerprint of its list.

    Townships may be held back; those that are already are chosen beforehand. A refusal says why,
    and fails the task, so that it is seen. Who answered what and when goes to the audit trail, and
    the name (XCom ``by``) onto every list. Nothing goes out without an answer; who is to answer is
    told, and told again by ``followup``.
    """

    def __init__(self, *, month: str, **kwargs: Any) -> None:
        super().__init__(
            params={
                HOLD_BACK: _townships([], ()),
                REASON: Param(
                    None, type=["null", "string"], title="驳回或暂缓的原因", maxLength=500
                ),
            },
            execution_timeout=None,
            **kwargs,
        )
        self.month = month

    template_fields = (*ApprovalOperator.template_fields, "month")

    def execute(self, context: Context) -> Any:
        from shouwang.release import planning

        plan: ReleasePlan = context["ti"].xcom_pull(task_ids="plan")["plan"]
        townships = [planned["township"] for planned in plan["lists"]]
        self.params[HOLD_BACK] = _townships([hold["township"] for hold in plan["held"]], townships)
        planning.record_question(plan, context["run_id"])
        tell(
            Notice(
                cause=f"approve {context['run_id']} {plan['content']}",
                what=f"{self.month} 预警名单待审核发布（{len(townships)} 个乡镇）",
                to_do="请审核后批准或驳回；没有人批准，名单不会下发。",
                link=link_to(context["ti"].dag_id, context["run_id"], context["ti"].task_id),
                bad=False,
            )
        )
        return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> list[dict[str, str]]:
        from shouwang.release import planning

        if "error" in event:
            self.process_trigger_event_error(event)
        plan: ReleasePlan = context["ti"].xcom_pull(task_ids="plan")["plan"]
        answer = event.get("params_input") or {}
        if answer:  # by the API, somebody may fill in one field of the form only; Airflow wants all
            held = [hold["township"] for hold in plan["held"]]
            event["params_input"] = answer = {HOLD_BACK: held, REASON: None, **answer}
        held_back = [name for name in answer[HOLD_BACK] or () if name] if answer else None
        user = event["responded_by_user"]
        by = str(user["name"] if isinstance(user, dict) else user.name)
        approved = event["chosen_options"] == [self.APPROVE]
        lists = planning.record_decision(plan, by, approved, held_back, answer.get(REASON) or "")
        if not approved:
            tell(
                Notice(
                    cause=f"rejected {context['run_id']} {context['ti'].try_number}",
                    what=f"{self.month} 预警名单被驳回，没有下发（{len(plan['lists'])} 个乡镇）",
                    where="驳回人和原因在 approve 任务和审计记录中",
                    to_do="改正后会重新请求审核；要原样再审，请在 Airflow 中为本月触发 release。",
                    link=link_to(context["ti"].dag_id, context["run_id"], context["ti"].task_id),
                )
            )
            raise ReleaseRejected(
                f"{self.month}: the lists were rejected, nothing goes out; by whom and why stands in "
                "the audit trail."
            )
        context["ti"].xcom_push(key="by", value=by)
        super().execute_complete(context, event)
        return [
            {"township": planned["township"], "content": planned["content"]} for planned in lists
        ]


def _townships(chosen: list[str], among: Iterable[str]) -> Param:
    return Param(
        chosen,
        type=["null", "array"],
        title="暂缓下发的乡镇",
        items={"type": "string"},
        examples=[*among],
    )
