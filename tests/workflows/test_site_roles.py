"""`make_roles`: groups that make an ops person, an auditor and an analyst of an empty site."""

import json

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.test import Client

from tests.factories import make_user, publish_map, purchase_people
from workflows.access.permissions import may_audit_site, may_manage
from workflows.access.services.site_roles import ensure_site_roles
from workflows.definitions.models import WorkflowTemplate

pytestmark = pytest.mark.django_db


def test_an_auditor_reads_workflows_that_are_made_later_and_what_the_trail_says_of_the_site() -> (
    None
):
    ensure_site_roles()
    rosa = make_user("rosa", groups=["auditor"])
    purchase_people()
    template = publish_map().template
    assert template in WorkflowTemplate.objects.auditable_by(rosa)
    assert may_audit_site(rosa)
    assert not may_manage(rosa, template)


def test_an_analyst_reads_figures_and_not_the_site_and_ops_see_no_values_by_that_alone() -> None:
    ensure_site_roles()
    purchase_people()
    template = publish_map().template
    analyst, ops = make_user("ana", groups=["analyst"]), make_user("oto", groups=["ops"])
    assert template in WorkflowTemplate.objects.auditable_by(analyst)
    assert not may_audit_site(analyst)
    assert ops.has_perm("workflows.change_templateversion")
    assert template not in WorkflowTemplate.objects.auditable_by(ops)
    assert not may_audit_site(ops)


def test_every_permission_of_the_workflows_app_opens_no_workflow() -> None:
    purchase_people()
    template = publish_map().template
    opal = make_user("opal", is_staff=True)
    opal.user_permissions.set(Permission.objects.filter(content_type__app_label="workflows"))
    assert opal.has_perm("workflows.audit_workflowtemplate")
    assert not WorkflowTemplate.objects.auditable_by(opal).exists()
    assert not may_manage(opal, template)
    opal.user_permissions.add(Permission.objects.get(codename="audit_everything"))
    assert template in WorkflowTemplate.objects.auditable_by(opal)


def test_running_it_again_changes_nothing_and_keeps_what_the_site_added(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ensure_site_roles()
    more = Permission.objects.get(codename="view_session")
    Group.objects.get(name="auditor").permissions.add(more)
    call_command("make_roles", "--json")
    assert json.loads(capsys.readouterr().out) == {"ops": [], "auditor": [], "analyst": []}
    assert more in Group.objects.get(name="auditor").permissions.all()


def test_the_first_superuser_of_an_empty_site_sees_its_health(client: Client) -> None:
    client.force_login(make_user("root", is_superuser=True, is_staff=True))
    assert client.get("/reports/health/").status_code == 200
    assert client.get("/reports/health.json").status_code == 200


def test_who_runs_workflows_changes_no_account() -> None:
    ensure_site_roles()
    ops = Group.objects.get(name="ops")
    assert {row.codename for row in ops.permissions.filter(content_type__model="user")} == {
        "view_user"
    }
