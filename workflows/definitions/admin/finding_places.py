"""Where on its page a finding of the audit can be mended: the box that it is about."""

from collections.abc import Mapping
from typing import Final

STEP_BOXES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("step_role_missing", "role_empty", "role_field_unfit"), "role"),
    **dict.fromkeys(("one_person", "too_few_left", "nobody_left"), "role"),
    "expected_missing": "expected",
    **dict.fromkeys(("due_missing", "due_before_expected", "overdue_without_due"), "due"),
    "due_after_no_date": "setting_due_by",
    **dict.fromkeys(("calendar_unknown", "calendar_runs_out"), "setting_calendar"),
    "expires_too_soon": "setting_expires_after",
    "extend_without_due": "due",
    "signed_not_by_mail": "setting_sign",
    "reminder_never": "setting_on_overdue_remind_every",
    "escalation_empty": "setting_on_overdue_escalate_to",
    **dict.fromkeys(
        (
            *("quorum_too_large", "quorum_field_unfit", "quorum_field_may_be_empty"),
            "quorum_field_unbounded",
        ),
        "quorum",
    ),
    **dict.fromkeys(("input_unknown", "nothing_shown", "no_document_shown"), "inputs"),
    **dict.fromkeys(("output_unknown", "branches_write_same_field"), "outputs"),
    **dict.fromkeys(
        ("requester_may_decide", "separation_missing", "not_by_without_effect"), "not_by"
    ),
    **dict.fromkeys(("not_by_field_unfit", "not_by_field_may_be_empty"), "not_by"),
    **dict.fromkeys(("action_unknown", "action_told_wrongly"), "setting_action"),
    **dict.fromkeys(("connection_off", "connection_not_granted"), "setting_with_connection"),
    **dict.fromkeys(("output_path_wrong", "result_may_not_fit"), "setting_outputs"),
    **dict.fromkeys(("subworkflow_unknown", "subworkflow_not_in_use"), "setting_workflow"),
    **dict.fromkeys(("until_unfit", "until_field_may_be_empty"), "setting_until"),
    "confirm_unfit": "setting_confirms",
    "resource_kind_wrong": "setting_books_resource",
    "public_form_nobody": "role",
    "join_missing": "join",
    "join_wants_too_many": "wait_for",
    **dict.fromkeys(("rule_wrong", "rule_shadowed", "way_never_taken", "otherwise_never"), "ways"),
    **dict.fromkeys(("otherwise_missing", "outcome_uncertain", "error_way_missing"), "ways"),
    **dict.fromkeys(("table_wrong", "table_overlap", "table_row_never"), "setting_rows"),
    **dict.fromkeys(("table_gap", "table_gap_unsure"), "setting_rows"),
    **dict.fromkeys(("rule_field_may_be_empty", "reopen_unfit", "outcome_role_empty"), "ways"),
    "outcome_role_barred": "ways",
    **dict.fromkeys(("branch_misses_join", "forward_outcome_unclear", "choice_of_one"), "ways"),
}
VERSION_BOXES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("owner_missing", "owner_inactive"), "owner_name"),
    **dict.fromkeys(("deputy_missing", "deputy_inactive", "deputy_is_owner"), "deputy_name"),
    **dict.fromkeys(("start_role_missing", "start_role_unfit", "start_role_empty"), "start_role"),
    **dict.fromkeys(("start_fields_missing", "start_field_unknown"), "start_fields"),
    "start_first_missing": "first_step",
    **dict.fromkeys(("calendar_unknown", "calendar_runs_out"), "calendar"),
    "due_after_no_date": "setting_due_by",
    **dict.fromkeys(("extend_without_due", "overdue_without_due"), "setting_due"),
    **dict.fromkeys(
        ("schedule_wrong", "schedule_too_often", "schedule_skips_months"), "start_triggers"
    ),
    **dict.fromkeys(("trigger_field_unknown", "trigger_field_missing"), "start_triggers"),
    **dict.fromkeys(("public_form_field_missing", "public_form_unfollowed"), "start_triggers"),
}


def find_box(code: str, step: str | None) -> str:
    """The box that a finding is about; '' where it is about more than one."""
    return (STEP_BOXES if step else VERSION_BOXES).get(code, "")
