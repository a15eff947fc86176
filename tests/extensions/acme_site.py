"""A map that uses each kind of what an extension adds, and requests that run on it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.automation.driving import plain, work_off
from tests.extensions.test_extensions import IBAN
from tests.extensions.test_role_finders import make_directory
from tests.factories import NOW, load_map
from tests.workflows.drawn import HEAD, NO
from tests.workflows.support import Flow, again, digest_now, publish
from workflows.definitions.models import TemplateVersion

MODULES: dict[str, tuple[str, ...]] = {
    "field type": ("iban", "iban_page"),
    "role finder": ("managers", "manager_boxes"),
    "action": ("step_pages",),
    "trigger": ("desks",),
    "function": ("rules",),
    "channel": ("pager",),
}
"""The company's modules, by what they add; `desks` has an action too, `rules` a calendar."""
EVERY_MODULE = tuple(module for modules in MODULES.values() for module in modules)
KEY = "acme"


def acme_map(**head: Any) -> dict[str, Any]:
    """Each kind is used where it can be used, in what runs and in what is only declared."""
    step = {"kind": "approval", "expected": "4h", "due": "2d", "inputs": ["amount", "account"]}
    outcomes = {"approve": "pay", "reject": NO, "stop": {"to": "stopped", "exception": True}}
    steps = {
        "size": {
            "kind": "decision",
            "rules": [{"when": "is_even(amount) and amount > 100", "to": "pay"}],
            "otherwise": "reserve",
        },
        "reserve": _call("acme.reserve_desk", "badge", {"floor": "3"}),
        "badge": _call("acme.order_badge", "review", {"building": "North"}),
        "review": {
            **step,
            "role": "manager",
            "outputs": ["account"],
            "calendar": "four-days",
            "outcomes": {
                **outcomes,
                "approve": {"to": "pay", "when": f"account == '{IBAN}'"},
            },
        },
        "pay": {**step, "role": "finance", "outcomes": {**outcomes, "approve": "done"}},
    }
    map_ = plain(KEY, steps, calendar="four-days", fields=_fields())
    map_["roles"] |= {
        "manager": {"boss_of": "requester"},
        "finance": {"departments": ["Finance"]},
    }
    trigger = {"kind": "acme.badge", "with": {"door": 7}, "mapping": {"amount": "$.price"}}
    map_["start"] |= {
        "fields": ["amount", "account", "others"],
        "triggers": [trigger, {"kind": "public_form"}, {"kind": "webhook"}],
    }
    return map_ | head


def _fields() -> dict[str, Any]:
    account = {"type": "iban", "label": "Account"}
    return {
        **HEAD["fields"],
        "account": {**account, "visible_to": ["manager", "asker", "finance"]},
        "others": {"type": "list", "columns": {"to": account, "share": {"type": "number"}}},
        "even": {"type": "boolean", "value": "is_even(amount)"},
    }


def _call(action: str, to: str, told: dict[str, str]) -> dict[str, Any]:
    step = {"kind": "automation", "action": action, "role": "bosses", "expected": "1h"}
    return {**step, "with": told, "on_error": {"to": "review", "exception": True}, "to": to}


@dataclass(frozen=True)
class AcmeSite:
    """The requests: one waits at a manager's, one at a department's, one is over."""

    version: TemplateVersion
    draft: TemplateVersion
    reviewed: Flow
    paid: Flow
    over: Flow


def make_acme_site() -> AcmeSite:
    """The map published, another version of it drafted, and its requests."""
    make_directory()
    version = publish(acme_map())
    reviewed, paid, over = (_begin() for _ in range(3))
    for flow in (paid, over):
        flow.decide("review", "approve", by="mona", seen=digest_now(flow, "review"))
    over.decide("pay", "approve", by="bob", seen=digest_now(over, "pay"))
    draft = load_map(acme_map(purpose="The next one."))
    return AcmeSite(version, draft, reviewed, paid, over)


def _begin() -> Flow:
    others = [{"to": IBAN, "share": "0.5"}]
    flow = again(KEY, amount="7", account=IBAN, others=others)
    work_off(NOW + timedelta(minutes=1))
    work_off(NOW + timedelta(minutes=2))
    flow.refresh()
    assert flow.where == "review", flow.where
    return flow
