"""Who else may: the pages on which the owner of a workflow or a connection lets others."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy, gettext_noop
from guardian.admin import (
    AdminGroupObjectPermissionsForm,
    AdminUserObjectPermissionsForm,
    GroupManage,
    GuardedModelAdminMixin,
    UserManage,
)
from guardian.shortcuts import get_perms_for_model
from unfold.widgets import UnfoldAdminTextInputWidget

from workflows.access.services.grants import set_row_permissions
from workflows.admin_site.base import actor_of
from workflows.admin_site.elements import render_include
from workflows.admin_site.links import change_url
from workflows.admin_site.visibility import is_row_id
from workflows.definitions.models import TemplateVersion
from workflows.people.models import User


class GrantedPersonForm(UserManage):
    """Whose grants are looked at."""

    user = forms.CharField(
        label=gettext_lazy("Username"), max_length=150, widget=UnfoldAdminTextInputWidget
    )


class GrantedGroupForm(GroupManage):
    """Which group's grants are looked at."""

    group = forms.CharField(
        label=gettext_lazy("Group"), max_length=150, widget=UnfoldAdminTextInputWidget
    )


DJANGO_NAMES = (gettext_noop("Can view workflow"),)
"""What Django itself calls a permission that can be granted on a row."""


class ObjectGrantsMixin(GuardedModelAdminMixin):
    """A page of the admin with grants on each row, for those who answer for the row."""

    grantable: ClassVar[Sequence[str]] = ()
    """The permissions that mean something on one row; Django's own mean nothing there."""

    def may_grant(self, request: HttpRequest, obj: Any) -> bool:
        """Whether the person answers for the row."""
        raise NotImplementedError

    def _require_grant_access(self, request: HttpRequest, object_pk: str, to: str = "0") -> None:
        if not (is_row_id(object_pk) and is_row_id(to)):
            raise Http404
        row = self.get_object(request, object_pk)  # type: ignore[attr-defined]
        if row is None or not self.may_grant(request, row):
            raise PermissionDenied

    def get_obj_perms_base_context(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        """With the permissions that can be granted here."""
        context: dict[str, Any] = super().get_obj_perms_base_context(request, obj)
        permissions = list(get_perms_for_model(obj).filter(codename__in=self.grantable))
        for permission in permissions:
            permission.name = gettext(permission.name)
        return {**context, "model_perms": permissions}

    def get_obj_perms_user_select_form(self, request: HttpRequest) -> type[forms.Form]:
        """Asks for a username in words."""
        return GrantedPersonForm

    def get_obj_perms_group_select_form(self, request: HttpRequest) -> type[forms.Form]:
        """Asks for a group's name in words."""
        return GrantedGroupForm

    def get_obj_perms_manage_user_form(self, request: HttpRequest) -> type[forms.Form]:
        """Offers what can be granted here."""
        return _build_grants_form(AdminUserObjectPermissionsForm, self.grantable, request)

    def get_obj_perms_manage_group_form(self, request: HttpRequest) -> type[forms.Form]:
        """Offers what can be granted here."""
        return _build_grants_form(AdminGroupObjectPermissionsForm, self.grantable, request)

    def obj_perms_manage_view(self, request: HttpRequest, object_pk: str) -> HttpResponse:
        """Who may what; for those who answer for the row."""
        self._require_grant_access(request, object_pk)
        return super().obj_perms_manage_view(request, object_pk)

    def obj_perms_manage_user_view(
        self, request: HttpRequest, object_pk: str, user_id: str
    ) -> HttpResponse:
        """A person's grants."""
        self._require_grant_access(request, object_pk, user_id)
        return super().obj_perms_manage_user_view(request, object_pk, user_id)

    def obj_perms_manage_group_view(
        self, request: HttpRequest, object_pk: str, group_id: str
    ) -> HttpResponse:
        """A group's grants."""
        self._require_grant_access(request, object_pk, group_id)
        return super().obj_perms_manage_group_view(request, object_pk, group_id)


class RowGrantsMixin:
    """guardian's form of a person's or a group's grants, whose choice a service writes."""

    actor: User
    grantable: Sequence[str] = ()

    def get_obj_perms_field_choices(self) -> list[tuple[str, str]]:
        """What can be granted on this kind of row."""
        form: Any = self
        permissions = get_perms_for_model(form.obj).filter(codename__in=self.grantable)
        return [(permission.codename, gettext(permission.name)) for permission in permissions]

    def save_obj_perms(self) -> None:
        """One call of the service."""
        form: Any = self
        holder = form.user if hasattr(form, "user") else form.group
        chosen = form.cleaned_data[form.get_obj_perms_field_name()]
        set_row_permissions(form.obj, holder, chosen, grantable=self.grantable, by=self.actor)


def _build_grants_form(
    form: type[forms.Form], grantable: Sequence[str], request: HttpRequest
) -> type[forms.Form]:
    """The form, for who fills it in and what can be granted here."""
    attributes = {"actor": actor_of(request), "grantable": grantable}
    return type(form.__name__, (RowGrantsMixin, form), attributes)


def render_map_list(versions: Iterable[TemplateVersion]) -> SafeString | str:
    """Maps of others with links, and who answers for each."""
    lines = [(change_url(version), version) for version in versions]
    return render_include("map_list", lines=lines) if lines else gettext("none")
