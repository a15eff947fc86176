"""Users and groups: who is in a group is who may act for a role, so nobody hands on more than
they have. Service accounts are made here too."""

import copy
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy, ngettext
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminSelectWidget

from workflows.access.models import ServiceAccount
from workflows.access.permissions import groups_held, may_change_account, permissions_held
from workflows.access.services import accounts, tokens
from workflows.admin_site.base import FilledInOnceMixin, RefusalMessageMixin, StaffAdmin, actor_of
from workflows.admin_site.service_writes import give_key
from workflows.engine.errors import InvalidInput
from workflows.people.admin.leaving import (
    GroupReachMixin,
    LeavingMixin,
    StrandingQuestionMixin,
)
from workflows.people.admin.permission_labels import permission_label
from workflows.people.admin.reach_sections import describe_group_reach, describe_reach
from workflows.people.forms import LanguageField, TimeZoneField
from workflows.people.lifecycle import closing
from workflows.people.models import User
from workflows.people.queries.directory import RoleUse, find_role_uses
from workflows.people.queries.reach import find_reach
from workflows.persistence.row_edits import RowEdits

admin.site.unregister(Group)

HELD_ROWS_OF_FIELD = {
    "groups": groups_held,
    "user_permissions": permissions_held,
    "permissions": permissions_held,
}
"""What is chosen from a list, and what of it somebody may hand on."""
RANK_FIELDS = accounts.RANK_FIELDS
OWN_READ_ONLY_FIELDS = (
    *("email", "is_active", "groups", "user_permissions"),
    *("manager", "department", "cost_centre", "place", "approval_limit"),
)
"""What of their own account superusers alone change."""


class KeepUnofferedMixin:
    """A form that offers what its reader may hand on, and leaves all else as it stands."""

    def clean(self) -> Any:
        """What was not offered stays."""
        cleaned: Any = super().clean()  # type: ignore[misc]
        cleaned = getattr(self, "cleaned_data", {}) if cleaned is None else cleaned
        for name in HELD_ROWS_OF_FIELD:
            field = self.fields.get(name)  # type: ignore[attr-defined]
            if field is None or name not in cleaned or self.instance.pk is None:  # type: ignore[attr-defined]
                continue
            rows = getattr(self.instance, name)  # type: ignore[attr-defined]
            unoffered_rows = rows.exclude(pk__in=field.queryset.values("pk"))
            chosen = [row.pk for row in cleaned[name]] + [row.pk for row in unoffered_rows]
            cleaned[name] = field.queryset.model.objects.filter(pk__in=chosen)
        return cleaned


class AccountForm(KeepUnofferedMixin, UserChangeForm):
    """An account."""

    time_zone = TimeZoneField(widget=UnfoldAdminSelectWidget, label=gettext_lazy("Time zone"))
    language = LanguageField(widget=UnfoldAdminSelectWidget, label=gettext_lazy("Language"))

    def clean_manager(self) -> User | None:
        """Nobody who is below the account."""
        manager: User | None = self.cleaned_data["manager"]
        try:
            accounts.check_manager(self.instance, manager)
        except InvalidInput as refused:
            raise forms.ValidationError(str(refused)) from None
        return manager


class GroupForm(KeepUnofferedMixin, forms.ModelForm):
    """A group and its permissions."""

    class Meta:
        model = Group
        fields = ("name", "permissions")


class HeldPermissionsMixin:
    """Lists of groups and permissions offer what the person holds; superusers hold all."""

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """What may be handed on."""
        if db_field.name in HELD_ROWS_OF_FIELD:
            rows = HELD_ROWS_OF_FIELD[db_field.name](actor_of(request))
            if db_field.name != "groups":
                rows = rows.select_related("content_type")
            kwargs["queryset"] = rows
        field = super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc]
        if db_field.name != "groups" and field is not None:
            field.label_from_instance = permission_label
        return field

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Without the deletion of many at once."""
        actions: dict[str, Any] = super().get_actions(request)  # type: ignore[misc]
        actions.pop("delete_selected", None)
        return actions

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Superusers alone: maps and the record name people and groups."""
        allowed: bool = super().has_delete_permission(request, obj)  # type: ignore[misc]
        return allowed and bool(request.user.is_superuser)


def describe_lost_role(use: RoleUse) -> str:
    """What is lost with a group or a person that a map names."""
    if not use.requests:
        sentence = gettext(
            "Warning: the role “%(role)s” of %(workflow)s (version %(version)s) names %(name)s."
            " Without it that role may have nobody; made anew under the same name it is in the role"
            " again."
        )
    else:
        sentence = ngettext(
            "Warning: the role “%(role)s” of %(workflow)s (version %(version)s) names %(name)s, and"
            " %(requests)s request runs on it. Without it that role may have nobody; made anew"
            " under the same name it is in the role again.",
            "Warning: the role “%(role)s” of %(workflow)s (version %(version)s) names %(name)s, and"
            " %(requests)s requests run on it. Without it that role may have nobody; made anew"
            " under the same name it is in the role again.",
            use.requests,
        )
    return sentence % {
        "role": use.role,
        "workflow": use.workflow,
        "version": use.version,
        "name": use.name,
        "requests": use.requests,
    }


class AccountPasswordForm(AdminPasswordChangeForm):
    """A new password for somebody else's account; a service writes it."""

    def __init__(self, user: User, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(user, *args, **kwargs)
        self.actor = actor

    def save(self, commit: bool = True) -> User:
        """Set it, by the service."""
        account: User = super().save(commit=False)
        accounts.set_account_password(account, by=self.actor, now=timezone.now())
        return account


class AccountPasswordMixin:
    """The page on which somebody's password is set."""

    def user_change_password(
        self,
        request: HttpRequest,
        id: str,  # noqa: A002 (Django's name)
        form_url: str = "",
    ) -> HttpResponse:
        """As Django does, by a form that knows who fills it in; a service account has none."""
        account = self.get_object(request, id)  # type: ignore[attr-defined]
        if account is not None and ServiceAccount.objects.filter(user=account).exists():
            raise PermissionDenied
        page: Any = copy.copy(self)
        page.change_password_form = partial(AccountPasswordForm, actor=actor_of(request))
        answer: HttpResponse = super(AccountPasswordMixin, page).user_change_password(  # type: ignore[misc]
            request, id, form_url
        )
        return answer


def insert_directory_fields(fieldsets: Any) -> tuple[Any, ...]:
    """Django's fields of an account, and behind the names what a company's directory says."""
    directory = (
        gettext_lazy("Directory"),
        {
            "fields": (
                ("time_zone", "language"),
                ("manager", "approval_limit"),
                ("department", "cost_centre"),
                "place",
            )
        },
    )
    head, *rest = fieldsets
    names, *later_fieldsets = rest
    return (head, names, directory, *later_fieldsets)


class MapUseWarningMixin:
    """Before something that maps name is deleted, the page says which."""

    def get_deleted_objects(self, objs: Iterable[Any], request: HttpRequest) -> Any:
        """Django's list, with a line for each role that names one of these."""
        rows = list(objs)
        to_delete, *rest = super().get_deleted_objects(rows, request)  # type: ignore[misc]
        warnings = [
            *map(describe_lost_role, find_role_uses(rows)),
            *_stranding_lines(rows, request),
        ]
        return [*warnings, *to_delete], *rest


def _stranding_lines(rows: Iterable[Any], request: HttpRequest) -> Iterator[str]:
    """What would be nobody's without these groups and people, a line for each kind."""
    reader = actor_of(request)
    for row in rows:
        if isinstance(row, Group):
            sections = describe_group_reach(row, reader)
        else:
            sections = describe_reach(find_reach(row, now=timezone.now()), reader)
        for section in sections:
            yield gettext("%(name)s: %(fact)s") % {"name": row, "fact": section.title}


@admin.register(User)
class UserAdmin(  # type: ignore[misc]
    LeavingMixin,
    AccountPasswordMixin,
    MapUseWarningMixin,
    HeldPermissionsMixin,
    StrandingQuestionMixin,
    StaffAdmin,
    DjangoUserAdmin,
):
    """People. Whoever leaves is made inactive: the record keeps their name.

    Whoever is no superuser changes no account that has a permission which they lack, no login
    and no rank, and of groups and permissions only those that are theirs; of their own account
    only its names.
    """

    of_workflow = ""
    change_form_template = "admin/workflows/account_page.html"
    form = AccountForm
    add_form = UserCreationForm
    change_password_form = AccountPasswordForm
    list_display = ("username", "full_name", "email", "department", "manager", "is_active")
    list_filter = ("is_active", "is_staff", "is_superuser", "department", "groups")
    list_select_related = ("manager",)
    autocomplete_fields = ("manager",)
    fieldsets = insert_directory_fields(DjangoUserAdmin.fieldsets)

    @admin.display(description=gettext_lazy("name"), ordering="last_name")
    def full_name(self, account: User) -> str:
        """First and last name."""
        return account.get_full_name()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes an account that is above their own."""
        allowed: bool = super().has_change_permission(request, obj)
        return allowed and (obj is None or may_change_account(actor_of(request), obj))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Logins are named by maps, and ranks are a superuser's to give."""
        fixed = tuple(super().get_readonly_fields(request, obj))
        if request.user.is_superuser or obj is None:
            return fixed
        own = OWN_READ_ONLY_FIELDS if obj.pk == request.user.pk else ()
        return tuple(dict.fromkeys((*fixed, *RANK_FIELDS, *own)))

    def write_rows(
        self, request: HttpRequest, form: Any, edits: RowEdits[User], *, is_new: bool
    ) -> None:
        """One service writes the account, its groups and its permissions."""
        closing.save_account(
            form.instance,
            by=actor_of(request),
            now=timezone.now(),
            groups=form.cleaned_data.get("groups"),
            permissions=form.cleaned_data.get("user_permissions"),
        )

    def delete_rows(self, request: HttpRequest, row: User) -> None:
        """Superusers alone."""
        accounts.delete_account(row, by=actor_of(request))


@admin.register(Group)
class GroupAdmin(  # type: ignore[misc]
    GroupReachMixin, MapUseWarningMixin, HeldPermissionsMixin, StaffAdmin, DjangoGroupAdmin
):
    """Groups, which the roles of a map name; so only superusers rename them."""

    of_workflow = ""
    change_form_template = "admin/workflows/group_page.html"
    form = GroupForm

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A group that is there keeps its name, but for superusers."""
        fixed = tuple(super().get_readonly_fields(request, obj))
        return fixed if request.user.is_superuser or obj is None else (*fixed, "name")

    def write_rows(
        self, request: HttpRequest, form: Any, edits: RowEdits[Group], *, is_new: bool
    ) -> None:
        """One service writes the group and its permissions."""
        permissions = form.cleaned_data.get("permissions")
        accounts.save_group(form.instance, by=actor_of(request), permissions=permissions)

    def delete_rows(self, request: HttpRequest, row: Group) -> None:
        """Superusers alone."""
        accounts.delete_group(row, by=actor_of(request))


# -- service accounts -------------------------------------------------------------------------


class NewServiceForm(forms.ModelForm):
    """A program's account: what it is called, what it is for, and who answers for it."""

    username = forms.CharField(
        label=gettext_lazy("Login"),
        max_length=150,
        help_text=gettext_lazy("As maps and groups name it."),
    )

    class Meta:
        model = ServiceAccount
        fields = ("username", "purpose", "owner")


@admin.register(ServiceAccount)
class ServiceAdmin(FilledInOnceMixin, RefusalMessageMixin, StaffAdmin):
    """Programs that act as themselves. They have tokens, no password, and a person who answers."""

    of_workflow = ""
    list_display = ("__str__", "purpose", "owner", "made_by", "created_at")
    list_select_related = ("user", "owner", "made_by")
    search_fields = ("user__username", "purpose", "owner__username")
    entry_form = NewServiceForm
    entry_fields = NewServiceForm.Meta.fields
    readonly_fields = ("user", "purpose", "owner", "made_by", "created_at")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """It is not edited; the account behind it is made inactive under Users."""
        return False

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """People answer for what they make themselves; superusers choose freely."""
        person = actor_of(request)
        active = User.objects.filter(is_active=True, service_account=None).order_by("username")
        kwargs["queryset"] = active if person.is_superuser else active.filter(pk=person.pk)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def write_rows(
        self, request: HttpRequest, form: Any, edits: RowEdits[ServiceAccount], *, is_new: bool
    ) -> None:
        """One service makes the account."""
        cleaned_data = form.cleaned_data
        row = tokens.make_service_account(
            username=cleaned_data["username"],
            purpose=cleaned_data["purpose"],
            owner=cleaned_data["owner"],
            by=actor_of(request),
            now=timezone.now(),
        )
        give_key(form, row)
        form.instance.user = row.user
