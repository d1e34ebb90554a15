"""The pipeline (流程): one function a step. The DAGs and the command line call the same ones.

Arguments and results are small and plain, without personal data: they pass through Airflow's XCom and logs. Every step
may be run again, or killed and run again, and ends in the same state.
"""

from shouwang.steps.arriving import (
    arrived,
    come_late,
    deadline,
    declare_late,
    departments,
    init,
    load,
    load_registry,
    match,
    receive,
    scorecard,
    settled,
    take_in,
    validate,
)
from shouwang.steps.asking import answer_question, learn_contract, questions, revoke_answer
from shouwang.steps.deciding import list_decisions, load_review, revoke_decision, write_review
from shouwang.steps.following import (
    case_story,
    collect_returns,
    expire,
    household_story,
    list_cases,
    load_feedback,
    remove_risk,
    renew_passwords,
    supervise,
    write_case_form,
)
from shouwang.steps.releasing import (
    record_decision,
    rejected,
    release,
    release_plan,
    release_township,
    send,
    send_township,
    summarise,
    to_screen,
    unsent,
)
from shouwang.steps.reporting import check_registry, write_bulletin, write_results
from shouwang.steps.screening import month_figures, month_table, outdated, screen
from shouwang.steps.sealing import drop_key, keys, rotate_keys
from shouwang.steps.versioning import diff_versions, restore_version, versions
from shouwang.steps.watching import gauges, note_run, record_ended_runs, runs

__all__ = [
    "answer_question", "arrived", "case_story", "check_registry", "collect_returns", "come_late", "deadline", "declare_late",
    "departments", "diff_versions", "drop_key", "expire", "gauges", "household_story", "init", "keys", "learn_contract", "list_cases", "list_decisions", "load",
    "load_feedback", "load_registry", "load_review", "match", "month_figures", "month_table", "note_run", "outdated", "questions", "receive",
    "record_decision", "record_ended_runs", "rejected", "release", "release_plan", "release_township", "remove_risk", "renew_passwords", "restore_version",
    "revoke_answer", "revoke_decision", "rotate_keys", "runs", "scorecard", "screen", "send", "send_township", "settled", "summarise", "supervise", "take_in",
    "to_screen", "unsent", "validate", "versions", "write_bulletin", "write_case_form", "write_results",
    "write_review",
]  # fmt: skip
