"""A table's rows as files: CSV and DMN out of a version and into a draft, all of it or nothing."""

import html
import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse

from tests.factories import NOW, load_map, make_staff, make_user, publish_map
from tests.workflows.admin_site import MODELS
from tests.workflows.support import nothing_changed, refused
from tests.workflows.test_tables import limits
from workflows.definitions.models import Step
from workflows.definitions.queries.definition_rows import definition_of
from workflows.definitions.services.table_files import put_table_file
from workflows.engine.errors import DefinitionProblem, InvalidInput, NotAllowed, WrongState
from workflows.engine.format.definition import Definition
from workflows.engine.routing.graph import Graph
from workflows.people.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lenient_templates")]

HEAD = "when amount,when region,when needed_by,set level,set limit,to,note\n"


@pytest.fixture
def editor(client: Client) -> Client:
    names = ("view", "add", "change", "delete")
    permissions = [f"{verb}_{model._meta.model_name}" for model in MODELS for verb in names]
    client.force_login(make_staff("editor", *permissions))
    return client


def drafted() -> Step:
    return load_map(limits() | {"owner": "editor"}).steps.get(key="who_signs")


def put(step: Step, content: str, *, name: str = "rows.csv", by: str = "editor") -> Step:
    actor = User.objects.get(username=by)
    put_table_file(step.version_id, step.key, content.encode(), name=name, actor=actor, now=NOW)
    return Step.objects.get(pk=step.pk)


def regions_of_map(definition: Definition) -> list[Any]:
    """What each row takes, sets and leads to."""
    rows = Graph(definition).table("who_signs").rows
    return [(row.regions, row.results, row.to) for row in rows]


def regions_of(step: Step) -> list[Any]:
    """The same of a step as it is stored."""
    return regions_of_map(definition_of(step.version))


def test_a_download_that_is_uploaded_changes_nothing(editor: Client) -> None:
    step = drafted()
    before = definition_of(step.version)
    for name, ending in (("table_csv", "csv"), ("table_dmn", "dmn")):
        answer = editor.get(reverse(f"admin:{name}", args=[step.pk]))
        assert answer.status_code == 200
        assert f'limits-v1-who_signs.{ending}"' in answer["Content-Disposition"]
        changed = put(step, answer.content.decode(), name=f"x.{ending}")
        assert regions_of(changed) == regions_of_map(before)
        assert ending == "dmn" or definition_of(changed.version) == before


def test_rows_of_a_file_take_the_place_of_the_tables_and_its_ways_follow(editor: Client) -> None:
    step = drafted()
    text = HEAD + "< 100,,,team,5000,team,small\n>= 100,not(EU),,board,,board,\n"
    file = SimpleUploadedFile("rows.csv", text.encode())
    answer = editor.post(reverse("admin:put_table", args=[step.pk]), {"file": file}, follow=True)
    assert "has the rows of rows.csv now: 2." in answer.content.decode()
    step.refresh_from_db()
    assert step.config["rows"] == [
        {
            "when": {"amount": "< 100"},
            "set": {"level": "team", "limit": "5000"},
            "to": "team",
            "note": "small",
        },
        {
            "when": {"amount": ">= 100", "region": "not(EU)"},
            "set": {"level": "board"},
            "to": "board",
        },
    ]
    ways = step.routes.filter(kind="row").order_by("position")
    assert [(way.to_step.key, way.label) for way in ways] == [
        ("team", "small"),
        ("board", "amount >= 100 · region not(EU)"),
    ]


def test_what_is_wrong_with_a_file_is_shown_and_nothing_changes(editor: Client) -> None:
    step = drafted()
    text = HEAD + "< lots,,,team,,team,\n"
    with refused(InvalidInput, "line 2, 'when amount'"):
        put(step, text)
    with nothing_changed(), pytest.raises(DefinitionProblem, match="no\\.dmn, line 1"):
        put(step, "<a/>", name="no.dmn")
    file = SimpleUploadedFile("rows.csv", text.encode())
    answer = editor.post(reverse("admin:put_table", args=[step.pk]), {"file": file}, follow=True)
    assert "line 2, &#x27;when amount&#x27;" in answer.content.decode()
    answer = editor.post(reverse("admin:put_table", args=[step.pk]), {}, follow=True)
    assert "Choose a file first." in answer.content.decode()


def test_rows_are_moved_as_text_and_what_is_refused_is_there_again(editor: Client) -> None:
    step = drafted()
    page = reverse("admin:workflows_step_change", args=[step.pk])
    put_here = reverse("admin:put_table", args=[step.pk])
    shown = text_box(editor.get(page))
    head, *lines = shown.splitlines()
    assert head.split("\t") == HEAD.strip().split(",")
    assert len(lines) == len(step.config["rows"])
    more = "\n".join([head, *reversed(lines), "< 1\tASIA"])
    answer = editor.post(put_here, {"pasted": more}, follow=True)
    line = len(lines) + 2
    assert f"line {line}, 'when region'" in html.unescape(answer.content.decode())
    assert text_box(answer).split("\n") == more.split("\n")
    assert text_box(editor.get(page)) == shown  # once, and nothing changed
    moved = "\n".join([head, *reversed(lines)])
    answer = editor.post(put_here, {"pasted": moved}, follow=True)
    assert "has the rows of what was pasted now" in answer.content.decode()
    before = step.config["rows"]
    step.refresh_from_db()
    assert step.config["rows"] == [*reversed(before)]


def text_box(answer: Any) -> str:
    found = re.search(
        r'<textarea name="pasted"[^>]*>(.*?)</textarea>', answer.content.decode(), re.S
    )
    assert found is not None
    return html.unescape(found[1])


def test_a_table_is_headed_by_the_names_of_its_fields_and_has_the_whole_width(
    editor: Client,
) -> None:
    step = drafted()
    page = reverse("admin:workflows_step_change", args=[step.pk])
    step.version.fields.filter(key="amount").update(label="How much")
    text = editor.get(page).content.decode()
    assert '<th scope="col">How much</th>' in text
    assert '<th scope="col">= Level</th>' in text
    assert 'class="handoff-mapping is-table"' in text


def test_only_who_manages_the_workflow_changes_its_draft_and_nobody_a_published_table(
    editor: Client,
) -> None:
    text = HEAD + "< 100,,,team,,team,\n"
    step = drafted()
    make_user("stranger")
    with refused(NotAllowed, "Only the owner or deputy"):
        put(step, text, by="stranger")
    published = publish_map(limits() | {"key": "other"})
    table = published.steps.get(key="who_signs")
    with refused(WrongState):
        put(table, text, by="olivia")
    file = SimpleUploadedFile("rows.csv", text.encode())
    answer = editor.post(reverse("admin:put_table", args=[table.pk]), {"file": file})
    assert answer.status_code in (302, 403, 404)
    assert definition_of(published) == definition_of(type(published).objects.get(pk=published.pk))


def test_a_file_is_given_to_whom_the_step_is_shown(client: Client) -> None:
    owner = make_staff("editor", "view_step")
    step = drafted()
    address = reverse("admin:table_csv", args=[step.pk])
    assert client.get(address).status_code == 302  # to the sign-in
    client.force_login(make_staff("looker"))
    assert client.get(address).status_code == 403
    client.force_login(make_staff("elsewhere", "view_step"))
    assert client.get(address).status_code in (302, 404)  # not their workflow
    client.force_login(owner)
    assert client.get(address).status_code == 200
    other = step.version.steps.get(key="team")
    answer = client.get(reverse("admin:table_csv", args=[other.pk]), follow=True)
    assert "is no decision table" in answer.content.decode()


def run(command: str, *arguments: str) -> dict[str, Any]:
    out = StringIO()
    call_command(command, *arguments, "--json", stdout=out)
    said: dict[str, Any] = json.loads(out.getvalue())
    return said


def test_commands_write_a_dmn_file_and_read_it_into_a_draft(tmp_path: Path) -> None:
    make_user("editor")
    step = drafted()
    file = tmp_path / "who.dmn"
    written = run("export_dmn", "limits", "--version", "1", "--out", str(file))
    assert (written["step"], written["rows"]) == ("who_signs", 4)
    text = file.read_text().replace("&lt; 5000", "&lt; 6000").replace("[5000..", "[6000..")
    file.write_text(text)
    read = run("import_dmn", str(file), "limits", "--as", "editor")
    assert read == {"key": "limits", "version": 1, "step": "who_signs", "rows": 4}
    step.refresh_from_db()
    assert step.config["rows"][1]["when"] == {"amount": "< 6000.00"}
    with pytest.raises((CommandError, SystemExit)):
        run("import_dmn", str(file), "limits")


def test_who_only_reads_a_version_sees_its_table_as_it_is_called(client: Client) -> None:
    step = publish_map(limits()).steps.get(key="who_signs")
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    page = client.get(reverse("admin:workflows_step_change", args=[step.pk])).content.decode()
    table = page.split('id="table-rows"')[1].split("</section>")[0]
    assert '<th scope="col">= Level</th>' in table
    assert "<td>[5000..20000)</td>" in table
    assert "<td>in a hurry</td>" in table
    assert table.count("<tr>") == 1 + len(step.config["rows"])
    assert "&quot;amount&quot;" not in page
    assert "Amount, Region, Needed By" in page or "Amount, Region, Needed by" in page
