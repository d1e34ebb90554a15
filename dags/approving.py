"""A person in the loop (审核发布): what a clerk is shown before lists go out, and what becomes of the answer."""

from __future__ import annotations

from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Context, Param

from shouwang.errors import UsageError
from shouwang_notices import Notice, link_to, tell

LEVELS = ("红", "黄", "蓝")
HOLD_BACK, REASON = "hold_back", "reason"


def release_note(counts: dict[str, Any], townships: list[str]) -> str:
    """What a clerk reads before approving (Markdown): counts by township and level, what changed, who is missing."""
    by_level = "，".join(f"{level} {counts['levels'].get(level, 0)}" for level in LEVELS)
    lines = [
        f"**{counts['month']}** 共 {sum(counts['levels'].values())} 户（{by_level}）；"
        f"新增 {counts['new']} 户，补充 {counts['supplement']} 户，重复不再下发 {counts['repeated']} 户。",
        "",
    ]
    before = counts.get("before") or {}
    if before:
        now_all, then_all = sum(counts["levels"].values()), sum(before["levels"].values())
        lines += [f"上月（{before['month']}）需核查 {then_all} 户，本月{_more(now_all - then_all)}。", ""]
    for state, wording in (("missing", "未报送部门"), ("refused", "数据被退回部门")):
        if counts.get(state):
            lines += [f"**{wording}：** {'、'.join(counts[state])}。名单将注明。", ""]
    if counts.get("warnings"):
        lines += ["**请留意：**", *(f"- {warning}" for warning in counts["warnings"]), ""]
    lines += ["| 乡镇 | 红 | 黄 | 蓝 | 共 | 比上月 |", "|---|--:|--:|--:|--:|--:|"]
    for township in townships:
        levels = counts["townships"].get(township, {})
        total = sum(levels.values())
        then = sum((before.get("townships") or {}).get(township, {}).values()) if before else None
        change = "—" if then is None else f"{total - then:+d}"
        lines.append(
            f"| {township} | " + " | ".join(str(levels.get(level, 0)) for level in LEVELS) + f" | {total} | {change} |"
        )
    return "\n".join(
        [*lines, "", "批准后立即向以上乡镇下发名单，可在下面选出暂缓下发的乡镇；驳回则全部不下发，请写明原因。"]
    )


def _more(difference: int) -> str:
    return "持平" if difference == 0 else f"{'多' if difference > 0 else '少'} {abs(difference)} 户"


class ReleaseApproval(ApprovalOperator):
    """Asks whether a month's lists may go out; gives the townships that are to receive theirs.

    Townships may be held back; a refusal says why. Who answered what and when goes to the audit trail, and the name
    (XCom ``by``) onto every list. Nothing goes out without an answer; who is to answer is told, and told again by the
    DAG's deadline.
    """

    def __init__(self, *, month: str, **kwargs: Any) -> None:
        super().__init__(
            params={
                HOLD_BACK: Param([], type=["null", "array"], title="暂缓下发的乡镇", items={"type": "string"}),
                REASON: Param(None, type=["null", "string"], title="驳回或暂缓的原因", maxLength=500),
            },
            execution_timeout=None,
            ignore_downstream_trigger_rules=True,  # a rejection skips the summary too; an empty plan does not
            **kwargs,
        )
        self.month = month

    template_fields = (*ApprovalOperator.template_fields, "month")

    def execute(self, context: Context) -> Any:
        townships = context["ti"].xcom_pull(task_ids="plan")
        self.params[HOLD_BACK] = Param(
            [], type=["null", "array"], title="暂缓下发的乡镇", items={"type": "string"}, examples=list(townships)
        )
        tell(
            Notice(
                cause=f"approve {context['run_id']}",
                what=f"{self.month} 预警名单待审核发布（{len(townships)} 个乡镇）",
                to_do="请审核后批准或驳回；没有人批准，名单不会下发。",
                link=link_to(context["ti"].dag_id, context["run_id"], context["ti"].task_id),
                bad=False,
            )
        )
        return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        from shouwang import steps

        townships: list[str] = context["ti"].xcom_pull(task_ids="plan")
        answer = event.get("params_input") or {}
        if answer:  # by the API, somebody may fill in one field of the form only; Airflow wants all
            event["params_input"] = answer = {HOLD_BACK: [], REASON: None, **answer}
        held = [name for name in answer.get(HOLD_BACK) or () if name]
        if stray := sorted(set(held) - set(townships)):
            raise UsageError(f"{'、'.join(stray)}: no township of this release; clear this task to be asked again.")
        if "error" not in event:
            user = event["responded_by_user"]
            by = str(user["name"] if isinstance(user, dict) else user.name)
            approved = event["chosen_options"] == [self.APPROVE]
            steps.record_decision(self.month, by, approved, held, answer.get(REASON) or "")
            if not approved:
                tell(
                    Notice(
                        cause=f"rejected {context['run_id']} {context['ti'].try_number}",
                        what=f"{self.month} 预警名单被驳回，没有下发（{len(townships)} 个乡镇）",
                        where="驳回人和原因在 approve 任务和审计记录中",
                        to_do="改正后会重新请求审核；要原样再审，请在 Airflow 中清除 approve 任务或重新触发本月。",
                        link=link_to(context["ti"].dag_id, context["run_id"], context["ti"].task_id),
                    )
                )
            context["ti"].xcom_push(key="by", value=by)
        super().execute_complete(context, event)
        return [name for name in townships if name not in held]
