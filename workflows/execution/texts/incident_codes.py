"""Why a step cannot go on, in a few words: for tables, where a sentence would be too long."""

from typing import Final

from django.utils.translation import gettext, gettext_lazy

from workflows.execution.choices import IncidentCode

STATUS_PREFIX: Final = "status_"

ACTION_CODES: Final = {
    "name_not_found": gettext_lazy("the host's name cannot be looked up"),
    "cannot_connect": gettext_lazy("nothing answers at that host"),
    "timed_out": gettext_lazy("no answer in time"),
    "tls_failed": gettext_lazy("the host shows no valid certificate"),
    "broken_answer": gettext_lazy("the answer broke off"),
    "answer_unreadable": gettext_lazy("the answer cannot be read"),
    "answer_too_large": gettext_lazy("the answer is too long"),
    "output_missing": gettext_lazy("the answer lacks a value"),
    "output_unfit": gettext_lazy("a value of the answer does not fit its field"),
    "connection_unknown": gettext_lazy("there is no such connection"),
    "connection_off": gettext_lazy("the connection is switched off"),
    "connection_not_granted": gettext_lazy("the owner may not use the connection"),
    "secret_unreadable": gettext_lazy("the connection's secret has to be entered again"),
    "action_crashed": gettext_lazy("the action ended with an error"),
    "worker_lost": gettext_lazy("the worker ended before an answer was there"),
    "expression_failed": gettext_lazy("an expression cannot be worked out"),
    "placeholder_unknown": gettext_lazy("a placeholder cannot be filled in"),
    "no_recipient": gettext_lazy("the mail has nobody to go to"),
    "no_address": gettext_lazy("the person has no mail address"),
    "recipient_refused": gettext_lazy("the mail server refused the recipient"),
    "mail_failed": gettext_lazy("the mail server did not take the mail"),
    "start_refused": gettext_lazy("the other workflow could not be started"),
}
"""The codes of Handoff's own actions that a site meets; `docs/automation.md` has all of them."""


def incident_code_text(code: str) -> str:
    """What a code means; a company's own action's code, and a rare one, as it is."""
    if code in IncidentCode.values:
        return str(IncidentCode(code).label)
    if code in ACTION_CODES:
        return str(ACTION_CODES[code])
    status = code.removeprefix(STATUS_PREFIX)
    if status != code and status.isdecimal():
        return gettext("the answer had the status %(status)s") % {"status": status}
    return code
