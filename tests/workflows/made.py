"""Definitions with everything that the format has, made at random; few of them make sense."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

texts = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t"), max_size=30
)
lines = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=20).map(
    lambda text: text.strip() or "A line"
)
durations = st.sampled_from(["30m", "4h", "2d", "1w"])
flags = st.booleans()
rules = st.sampled_from(["amount > 10", "region == 'EU'", "amount < 5 and region != 'US'"])
plain = st.recursive(
    st.none() | flags | st.integers(-(2**40), 2**40) | st.floats(-1e9, 1e9) | texts,
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=2)
    ),
    max_leaves=4,
)
names = st.sampled_from(["amount", "region", "note", "boss", "paper"])
roles = st.sampled_from(["staff", "finance", "boss", "asker"])
keys = [f"step{number}" for number in range(6)]
steps = st.sampled_from(keys)


def form(must: dict[str, Any] | None = None, /, **optional: Any) -> st.SearchStrategy[Any]:
    """A mapping with these keys; the optional ones may be left out or written as nothing."""
    return st.fixed_dictionaries(
        must or {}, optional={name: st.none() | made for name, made in optional.items()}
    )


routes = steps | form(
    {"to": steps}, comment=st.just("required"), exception=flags, label=lines, role=roles, when=rules
)
people = {
    "name": lines,
    "role": roles,
    "instructions": texts,
    "expected": durations,
    "due": durations,
    "inputs": st.lists(names, max_size=3),
    "outputs": st.lists(names, max_size=3),
    "not_by": st.lists(st.just("requester") | steps, max_size=2),
    "quorum": st.integers(1, 5) | st.just("all"),
    "on_overdue": form(remind_every=durations, escalate_to=roles, after=durations),
}
outcomes = st.dictionaries(st.sampled_from(["ok", "no", "back"]), routes, min_size=1)
error_routes = steps | form({"to": steps}, exception=flags)
written = st.dictionaries(st.sampled_from(["a", "note"]), plain, max_size=2)
texts_by_name = st.dictionaries(names, texts, max_size=2)
KINDS = [
    form({"kind": st.sampled_from(["approval", "task"]), "outcomes": outcomes}, **people),
    form(
        {"kind": st.just("decision")},
        name=lines,
        otherwise=steps,
        rules=st.lists(form({"when": rules, "to": steps}, exception=flags), min_size=1, max_size=3),
    ),
    form(
        {
            "kind": st.just("parallel"),
            "branches": st.lists(form({"to": steps}, when=rules), min_size=1, max_size=3),
        },
        name=lines,
        join=steps,
    ),
    form(
        {"kind": st.just("join"), "to": steps},
        name=lines,
        wait_for=st.integers(1, 5) | st.sampled_from(["all", "any"]),
    ),
    form(
        {"kind": st.just("automation"), "action": lines, "to": steps},
        **{"with": written},
        name=lines,
        role=roles,
        expected=durations,
        outputs=texts_by_name,
        on_error=error_routes,
        retry=form(attempts=st.integers(1, 9), first_delay=st.just("10s"), factor=st.floats(1, 9)),
    ),
    form({"kind": st.just("wait"), "for": durations, "to": steps}, name=lines, role=roles),
    form({"kind": st.just("wait"), "until": names, "to": steps}, name=lines),
    form(
        {"kind": st.just("subworkflow"), "workflow": st.just("other"), "to": steps},
        name=lines,
        data=written,
        outputs=texts_by_name,
        on_error=error_routes,
    ),
    form({"kind": st.just("end"), "result": st.just("done")}, name=lines, reopen=steps),
]
triggers = st.one_of(
    form({"kind": st.just("webhook")}, data=written, mapping=texts_by_name),
    form({"kind": st.just("schedule"), "cron": st.just("0 9 1 * *")}, data=written),
    form({"kind": st.just("workflow_end"), "workflow": st.just("other")}, result=names),
)


def _fields() -> st.SearchStrategy[Any]:
    more = {"label": lines, "help": texts, "required": flags, "public": flags}
    return st.fixed_dictionaries(
        {
            "amount": form({"type": st.just("money")}, currency=st.just("EUR"), **more),
            "region": form({"type": st.just("choice"), "choices": st.just(["EU", "US"])}, **more),
            "note": form({"type": st.sampled_from(["text", "long_text", "date"])}, **more),
            "boss": form({"type": st.just("user")}, **more),
            "paper": form({"type": st.just("document")}, **more),
        }
    )


ROLES = {
    "staff": form(groups=st.lists(lines, max_size=2), users=st.lists(lines, max_size=2)),
    "finance": st.just({"groups": ["finance"], "users": []}),
    "boss": st.just({"field": "boss"}),
    "asker": st.just({"requester": True}),
}
heads = form(
    {
        "format": st.just(1),
        "key": st.just("made"),
        "name": lines,
        "roles": st.fixed_dictionaries(ROLES),
        "fields": _fields(),
    },
    purpose=texts,
    owner=lines,
    deputy=lines,
    review_every_days=st.integers(1, 3650),
    baseline=form(minutes_per_request=st.floats(0, 1e6), error_rate=st.floats(0, 1)),
    rehearse=form(
        requests_per_week=st.floats(0.5, 1e5), people=st.dictionaries(roles, st.integers(1, 9))
    ),
    calendar=st.sampled_from(["24/7", "business"]),
    status_link=flags,
    status_link_names=flags,
    decide_by_mail=flags,
    start=form(
        role=roles,
        fields=st.lists(names, max_size=3),
        triggers=st.lists(triggers, max_size=2),
        first=steps,
    ),
)


@st.composite
def definitions(draw: DrawFn) -> dict[str, Any]:
    """The data of a definition file."""
    data: dict[str, Any] = draw(heads)
    data["steps"] = {key: draw(st.one_of(KINDS)) for key in draw(st.permutations(keys))}
    return data
