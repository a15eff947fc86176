"""What the kill test and the soak run on: the map, the people and their tokens."""

from typing import Any

DECIDERS, ASKERS = 4, 2


def the_map(url: str) -> dict[str, Any]:
    """Two calls and a person side by side, a join, and a person behind it."""
    order = {
        "kind": "automation",
        "action": "http",
        "to": "met",
        "retry": {"attempts": 8, "first_delay": "1s", "factor": 1.5},
    }
    path = "/{{ way }}/{{ request.reference }}"
    told = {
        "method": "POST",
        "connection": "other-side",
        "timeout": 1,
        "json": {"x": "{{ amount }}"},
    }
    task = {"kind": "task", "role": "crew", "expected": "1h", "due": "1d"}
    refuse = {
        "no": {"to": "stopped", "exception": True},
        "never": {"to": "stopped", "exception": True},
    }
    return {
        "format": 1,
        "key": "killed",
        "name": "Killed now and then",
        "owner": "olga",
        "deputy": "dan",
        "purpose": "To lose nothing.",
        "roles": {"askers": {"groups": ["askers"]}, "crew": {"groups": ["crew"]}},
        "fields": {
            "amount": {"type": "money", "required": True},
            "way": {"type": "choice", "choices": ["usual", "refused"], "required": True},
            "number": {"type": "text"},
        },
        "start": {"role": "askers", "fields": ["amount", "way"], "first": "split"},
        "steps": {
            "split": {
                "kind": "parallel",
                "join": "met",
                "branches": [{"to": "order"}, {"to": "tell"}, {"to": "look"}],
            },
            "order": order
            | {"with": told | {"path": path + "/order"}, "outputs": {"number": "$.number"}},
            "tell": order | {"with": told | {"path": "/usual/{{ request.reference }}/tell"}},
            "look": task | {"outcomes": {"ok": "met", **refuse}},
            "met": {"kind": "join", "wait_for": "all", "to": "sign"},
            "sign": task | {"outcomes": {"ok": "done", **refuse}},
            "done": {"kind": "end", "result": "done"},
            "stopped": {"kind": "end", "result": "stopped"},
        },
    }


def furnish(url: str) -> dict[str, str]:
    """Tables, people, the connection and the published map; the tokens by name."""
    import django

    django.setup()
    from django.conf import settings
    from django.contrib.auth.models import Group
    from django.core.management import call_command
    from django.db import connection
    from django.utils import timezone

    from tests.migrated import copy_migrated
    from workflows.access.services import tokens
    from workflows.connections.models import Connection
    from workflows.definitions.services import publishing as definitions
    from workflows.engine.format.definition import Definition
    from workflows.notices.models import NoticeChoice
    from workflows.people.models import User

    if connection.vendor == "sqlite":
        copy_migrated(settings.VAR)
    call_command("migrate", verbosity=0)
    now = timezone.now()
    people = {name: User.objects.create_user(name) for name in ("olga", "dan")}
    for count, group in ((DECIDERS, "crew"), (ASKERS, "askers")):
        members = Group.objects.get_or_create(name=group)[0]
        for number in range(count):
            name = f"{group[:-1] if group == 'askers' else 'decider'}{number}"
            people[name] = User.objects.create_user(name, f"{name}@example.com")
            people[name].groups.add(members)
            NoticeChoice.objects.create(person=people[name], kind="team", timing="at_once")
    Connection.objects.create(
        key="other-side",
        name="The other side",
        base_url=url,
        owner=people["olga"],
        allowed_hosts="127.0.0.1",
    )
    version, _ = definitions.load_definition(
        Definition.model_validate(the_map(url)), actor=None, now=now
    )
    definitions.publish(version.pk, actor=None, now=now)
    return {
        name: tokens.make_token(
            user=user,
            name="kill test",
            scopes=["read", "work", "start"],
            expires_at=None,
            by=None,
            now=now,
        )[1]
        for name, user in people.items()
        if name not in ("olga", "dan")
    }
