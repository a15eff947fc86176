"""Who else may: the pages on which the owner of a workflow or a connection lets others."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from guardian.admin import (
    AdminGroupObjectPermissionsForm,
    AdminUserObjectPermissionsForm,
    GuardedModelAdminMixin,
    UserManage,
)
from guardian.shortcuts import get_perms_for_model
from unfold.widgets import UnfoldAdminTextInputWidget

from workflows.admin.base import change_url, link
from workflows.admin.sight import is_id
from workflows.models import TemplateVersion


class PersonForm(UserManage):
    """Whose grants are looked at."""

    user = forms.CharField(label="Username", max_length=150, widget=UnfoldAdminTextInputWidget)


class Grants(GuardedModelAdminMixin):
    """A page of the admin with grants on each row, for those who answer for the row."""

    grantable: ClassVar[Sequence[str]] = ()
    """The permissions that mean something on one row; Django's own mean nothing there."""

    def may_grant(self, request: HttpRequest, obj: Any) -> bool:
        """Whether the person answers for the row."""
        raise NotImplementedError

    def _granting(self, request: HttpRequest, object_pk: str, to: str = "0") -> None:
        if not (is_id(object_pk) and is_id(to)):
            raise Http404
        row = self.get_object(request, object_pk)  # type: ignore[attr-defined]
        if row is None or not self.may_grant(request, row):
            raise PermissionDenied

    def get_obj_perms_base_context(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        """With the permissions that can be granted here."""
        context: dict[str, Any] = super().get_obj_perms_base_context(request, obj)
        known = get_perms_for_model(obj)
        return {**context, "model_perms": known.filter(codename__in=self.grantable)}

    def get_obj_perms_user_select_form(self, request: HttpRequest) -> type[forms.Form]:
        """Asks for a username in words."""
        return PersonForm

    def get_obj_perms_manage_user_form(self, request: HttpRequest) -> type[forms.Form]:
        """Offers what can be granted here."""
        return _offering(AdminUserObjectPermissionsForm, self.grantable)

    def get_obj_perms_manage_group_form(self, request: HttpRequest) -> type[forms.Form]:
        """Offers what can be granted here."""
        return _offering(AdminGroupObjectPermissionsForm, self.grantable)

    def obj_perms_manage_view(self, request: HttpRequest, object_pk: str) -> HttpResponse:
        """Who may what; for those who answer for the row."""
        self._granting(request, object_pk)
        return super().obj_perms_manage_view(request, object_pk)

    def obj_perms_manage_user_view(
        self, request: HttpRequest, object_pk: str, user_id: str
    ) -> HttpResponse:
        """A person's grants."""
        self._granting(request, object_pk, user_id)
        return super().obj_perms_manage_user_view(request, object_pk, user_id)

    def obj_perms_manage_group_view(
        self, request: HttpRequest, object_pk: str, group_id: str
    ) -> HttpResponse:
        """A group's grants."""
        self._granting(request, object_pk, group_id)
        return super().obj_perms_manage_group_view(request, object_pk, group_id)


def _offering(form: type[forms.Form], names: Sequence[str]) -> type[forms.Form]:
    """The form, with these permissions to choose from."""

    def choices(self: Any) -> list[tuple[str, str]]:
        known = get_perms_for_model(self.obj).filter(codename__in=names)
        return [(permission.codename, permission.name) for permission in known]

    return type(form.__name__, (form,), {"get_obj_perms_field_choices": choices})


def maps_listed(versions: Iterable[TemplateVersion]) -> SafeString | str:
    """Maps of others with links, and who answers for each."""
    lines = format_html_join(
        "",
        "<div>{}, of {}</div>",
        ((link(change_url(one), one), one.template.owner or "nobody") for one in versions),
    )
    return lines or "by none"
