"""Ops who may open the admin's tables, and have no grant on a workflow, learn nothing of it there,
nor on any page."""

import re

import pytest
from django.contrib import admin

from tests.rights.everything import caller, make_everything

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lenient_templates")]


def test_the_lists_of_the_admin_show_ops_without_a_grant_no_row_of_a_workflow() -> None:
    there = make_everything()
    for name in ("ops with view", "ops with all"):
        me = caller(name)
        for model, page in list(admin.site._registry.items()):
            if not getattr(page, "of_workflow", ""):
                continue
            path = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
            answer = me.get(path)
            assert answer.status_code == 200, path
            shown = list(answer.context["cl"].result_list)
            assert not [row for row in shown if getattr(row, "request", 1) is not None], path
            body = answer.content.decode()
            for row in (there.site.waiting, there.site.stuck, there.site.over):
                assert not re.search(rf"\b{row.reference}\b", body), path
            assert "Purchase approval" not in body, path


def test_pages_of_who_has_every_permission_on_the_tables_name_no_request() -> None:
    there = make_everything()
    me = caller("ops with all")
    for path in ("/", "/requests/", "/workflows/", "/reports/", "/reports/health/"):
        answer = me.get(path)
        assert answer.status_code == 200, path
        for row in (there.site.waiting, there.site.stuck, there.site.over):
            assert not re.search(rf"\b{row.reference}\b", answer.content.decode()), path


def test_what_other_tables_name_is_not_found_by_lookups_searches_or_autocompletion() -> None:
    there = make_everything()
    me = caller("ops with all")
    row = there.site.waiting
    for path in (
        f"/admin/workflows/workflowinstance/?q={row.reference}",
        f"/admin/workflows/workitem/?request__id__exact={row.pk}",
        f"/admin/workflows/incident/?request__template__id__exact={row.template_id}",
        "/admin/workflows/trailevent/?command=start",
        "/admin/workflows/templateversion/?q=purchase",
        "/admin/workflows/workitem/?assignee__password__startswith=md5",
        "/admin/workflows/workflowinstance/?requester__email__startswith=s",
        "/admin/workflows/workflowinstance/?data__amount__startswith=1",
        "/admin/autocomplete/?app_label=workflows&model_name=workitem&field_name=request&term=P",
        f"/admin/workflows/templateversion/{there.rows['version']}/file/",
    ):
        answer = me.get(path)
        assert answer.status_code < 500, path
        body = re.sub(
            rf'(\bq=|value="){row.reference}\b', "", getattr(answer, "content", b"").decode()
        )
        assert not re.search(rf"\b{row.reference}\b", body), path
        assert "manager_review" not in getattr(answer, "content", b"").decode(), path
