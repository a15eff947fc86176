"""A finding, and the list of all findings that there are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from workflows.engine.audit.sentences import SENTENCES, AuditSentences
from workflows.engine.texts import Text

Severity = Literal["error", "warning"]

ERRORS: Final = (
    "start_role_missing",
    "start_role_unfit",
    "start_role_empty",
    "start_fields_missing",
    "start_first_missing",
    "start_field_unknown",
    "trigger_field_unknown",
    "owner_missing",
    "owner_inactive",
    "deputy_missing",
    "deputy_inactive",
    "deputy_is_owner",
    "calendar_unknown",
    "step_role_missing",
    "role_empty",
    "role_field_unfit",
    "role_setting_wrong",
    "group_choice_unknown",
    "outcome_role_empty",
    "escalation_empty",
    "expected_missing",
    "input_unknown",
    "output_unknown",
    "until_unfit",
    "action_unknown",
    "action_told_wrongly",
    "placeholder_unknown",
    "round_unfit",
    "output_path_wrong",
    "subworkflow_unknown",
    "schedule_wrong",
    "trigger_path_wrong",
    "exceptions_too_few",
    "step_unreachable",
    "end_missing",
    "end_unreachable",
    "otherwise_missing",
    "rule_wrong",
    "value_wrong",
    "value_circle",
    "value_written",
    "table_wrong",
    "table_gap",
    "table_gap_unsure",
    "table_overlap",
    "outcome_uncertain",
    "quorum_too_large",
    "quorum_field_unfit",
    "nobody_left",
    "separation_missing",
    "not_by_field_unfit",
    "reopen_unfit",
    "join_missing",
    "join_unfit",
    "join_shared",
    "join_alone",
    "due_after_no_date",
    "join_entered_from_outside",
    "join_wants_too_many",
    "branch_misses_join",
    "block_entered_from_side",
    "blocks_cross",
    "each_unfit",
    "chain_start_unfit",
    "chain_rule_wrong",
    "chain_never_ends",
    "chain_currencies",
    "each_step_shared",
    "hold_step_shared",
    "each_too_deep",
    "each_list_changed",
    "row_outside",
    "loop_without_person",
    "bound_unfit",
    "bounds_crossed",
    "pattern_never",
    "pattern_too_long",
    "nobody_to_choose",
    "condition_wrong",
    "condition_in_circle",
    "default_unfit",
    "hold_field_unfit",
    "confirm_unfit",
    "resource_kind_wrong",
    "field_asked_unseen",
    "public_form_field_missing",
    "public_form_nobody",
    "public_form_unfollowed",
)
WARNINGS: Final = (
    "due_missing",
    "due_before_expected",
    "overdue_without_due",
    "expires_too_soon",
    "extend_without_due",
    "reminder_never",
    "trigger_field_missing",
    "trigger_without_requester",
    "outcome_role_barred",
    "quorum_field_unbounded",
    "one_person",
    "too_few_left",
    "requester_may_decide",
    "approver_named_by_themselves",
    "nothing_shown",
    "no_document_shown",
    "schedule_too_often",
    "schedule_skips_months",
    "subworkflow_not_in_use",
    "group_unknown",
    "group_choice_empty",
    "manager_missing",
    "person_inactive",
    "connection_off",
    "calendar_runs_out",
    "trigger_workflow_unknown",
    "subworkflow_field_missing",
    "subworkflow_field_unfit",
    "subworkflow_field_may_be_empty",
    "rule_shadowed",
    "way_never_taken",
    "otherwise_never",
    "table_row_never",
    "parallel_of_one",
    "decision_of_one",
    "choice_of_one",
    "currency_missing",
    "public_without_link",
    "end_not_told_apart",
    "field_read_too_early",
    "decided_too_late",
    "not_by_without_effect",
    "not_by_field_may_be_empty",
    "forward_outcome_unclear",
    "role_field_may_be_empty",
    "quorum_field_may_be_empty",
    "rule_field_may_be_empty",
    "until_field_may_be_empty",
    "decider_may_be_missing",
    "action_field_may_be_empty",
    "hold_field_may_be_empty",
    "hold_amount_unfit",
    "hold_may_end_before",
    "field_never_filled",
    "branches_write_same_field",
    "result_may_not_fit",
    "may_divide_by_zero",
    "value_may_divide_by_zero",
    "value_may_be_empty",
    "trigger_value_unfit",
    "join_capped",
    "each_of_nothing",
    "column_filled_by_nobody",
    "chain_manager_missing",
    "chain_rule_idle",
    "chain_fact_is_field",
    "chain_value_may_be_empty",
    "each_never_stops",
    "error_way_missing",
    "step_name_twice",
    "part_owner_inactive",
    "part_deputy_is_owner",
    "field_group_unknown",
    "hold_never_confirmed",
    "resource_group_unknown",
    "field_not_shown",
    "hidden_field_told",
    "hidden_date_told",
    "signed_not_by_mail",
)
PERMISSIONS: Final = (
    *("connection_not_granted", "start_not_granted", "listen_not_granted"),
    "extension_gone",
)
"""What the site finds besides: something that a map relies on was withdrawn."""
CODES: Final[Mapping[str, Severity]] = {
    **dict.fromkeys(ERRORS, "error"),
    **dict.fromkeys(WARNINGS, "warning"),
}
"""What the audit of a map alone can find."""
SEVERITIES: Final[Mapping[str, Severity]] = {**CODES, **dict.fromkeys(PERMISSIONS, "error")}


FindingValue = str | int | Text


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """One thing that is wrong with a map: its code, and what stands in its sentences.

    `step` is the key of the step, where it is about one; `variant` chooses among the sentences of
    a code that has several.
    """

    severity: Severity
    code: str
    step: str | None
    variant: str = ""
    parameters: Mapping[str, FindingValue] = field(default_factory=dict)

    @property
    def message(self) -> Text:
        """What would go wrong when the workflow runs a hundred times."""
        return self._sentences.message.filled(self.parameters)

    @property
    def remedy(self) -> Text:
        """How to mend it."""
        return self._sentences.remedy.filled(self.parameters)

    @property
    def _sentences(self) -> AuditSentences:
        return SENTENCES[f"{self.code}.{self.variant}" if self.variant else self.code]


def make_finding(
    code: str, step: str | None, variant: str = "", /, **parameters: object
) -> AuditFinding:
    """A finding with the severity that its code has; what is no text or number counts as it is
    said."""
    values = {
        name: value if isinstance(value, str | int | Text) else str(value)
        for name, value in parameters.items()
    }
    return AuditFinding(SEVERITIES[code], code, step, variant, values)
