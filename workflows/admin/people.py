"""Users and groups: who is in a group is who may act for a role, so nobody hands on more than
they have. Service accounts are made here too."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from workflows.admin.base import RefusedInWords, StaffAdmin, actor_of
from workflows.models import ServiceAccount
from workflows.permissions import groups_held, may_change_account, permissions_held
from workflows.services import tokens
from workflows.services.directory import Use, uses_of

admin.site.unregister(User)
admin.site.unregister(Group)

HANDED_ON = {
    "groups": groups_held,
    "user_permissions": permissions_held,
    "permissions": permissions_held,
}
"""What is chosen from a list, and what of it somebody may hand on."""
POWER = ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")


class KeepsOthers:
    """A form that offers what its reader may hand on, and leaves all else as it stands."""

    def clean(self) -> Any:
        """What was not offered stays."""
        cleaned: Any = super().clean()  # type: ignore[misc]
        cleaned = getattr(self, "cleaned_data", {}) if cleaned is None else cleaned
        for name in HANDED_ON:
            field = self.fields.get(name)  # type: ignore[attr-defined]
            if field is None or name not in cleaned or self.instance.pk is None:  # type: ignore[attr-defined]
                continue
            rows = getattr(self.instance, name)  # type: ignore[attr-defined]
            kept = rows.exclude(pk__in=field.queryset.values("pk"))
            chosen = [row.pk for row in cleaned[name]] + [row.pk for row in kept]
            cleaned[name] = field.queryset.model.objects.filter(pk__in=chosen)
        return cleaned


class AccountForm(KeepsOthers, UserChangeForm):
    """An account."""


class GroupForm(KeepsOthers, forms.ModelForm):
    """A group and its permissions."""

    class Meta:
        model = Group
        fields = ("name", "permissions")


class HandsOn:
    """Lists of groups and permissions offer what the person holds; superusers hold all."""

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """What may be handed on."""
        if db_field.name in HANDED_ON:
            rows = HANDED_ON[db_field.name](actor_of(request))
            if db_field.name != "groups":
                rows = rows.select_related("content_type")
            kwargs["queryset"] = rows
        return super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Without the deletion of many at once."""
        actions: dict[str, Any] = super().get_actions(request)  # type: ignore[misc]
        actions.pop("delete_selected", None)
        return actions

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Superusers alone: maps and the record name people and groups."""
        allowed: bool = super().has_delete_permission(request, obj)  # type: ignore[misc]
        return allowed and bool(request.user.is_superuser)


def warning_of(use: Use) -> str:
    """What is lost with a group or a person that a map names."""
    many = "request runs" if use.requests == 1 else "requests run"
    running = f", and {use.requests} {many} on it" if use.requests else ""
    return (
        f"Warning: the role “{use.role}” of {use.workflow} (version {use.version}) names"
        f" {use.name}{running}. Without it that role may have nobody; made anew under the same name"
        " it is in the role again."
    )


class WarnsOfMaps:
    """Before something that maps name is deleted, the page says which."""

    def get_deleted_objects(self, objs: Iterable[Any], request: HttpRequest) -> Any:
        """Django's list, with a line for each role that names one of these."""
        rows = list(objs)
        to_delete, *rest = super().get_deleted_objects(rows, request)  # type: ignore[misc]
        return [*map(warning_of, uses_of(rows)), *to_delete], *rest


@admin.register(User)
class UserAdmin(WarnsOfMaps, HandsOn, StaffAdmin, DjangoUserAdmin):  # type: ignore[misc]
    """People. Whoever leaves is made inactive: the record keeps their name.

    Whoever is no superuser changes no account that has a permission which they lack, no login
    and no rank, and of groups and permissions only those that are theirs; of their own account
    only its names.
    """

    of_workflow = ""
    form = AccountForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes an account that is above their own."""
        allowed: bool = super().has_change_permission(request, obj)
        return allowed and (obj is None or may_change_account(actor_of(request), obj))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Logins are named by maps, and ranks are a superuser's to give."""
        fixed = tuple(super().get_readonly_fields(request, obj))
        if request.user.is_superuser or obj is None:
            return fixed
        own = ("email", *POWER) if obj.pk == request.user.pk else ()
        return tuple(dict.fromkeys((*fixed, "username", "is_staff", "is_superuser", *own)))

    def user_change_password(
        self,
        request: HttpRequest,
        id: str,  # noqa: A002 - Django's name
        form_url: str = "",
    ) -> HttpResponse:
        """As Django does; a service account has no password, and whose was set is told."""
        account = self.get_object(request, id)
        if account is not None and ServiceAccount.objects.filter(user=account).exists():
            raise PermissionDenied
        before = account.password if account is not None else ""
        answer: HttpResponse = super().user_change_password(request, id, form_url)
        if account is not None and request.method == "POST":
            account.refresh_from_db(fields=["password"])
            if account.password != before and account.pk != request.user.pk:
                tokens.tell_of_account(
                    account, "has a new password", by=actor_of(request), now=timezone.now()
                )
        return answer

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Who has another mail address is told at the old one and at the new one."""
        before = User.objects.filter(pk=obj.pk).values_list("email", flat=True).first()
        super().save_model(request, obj, form, change)
        if change and before != obj.email and obj.pk != request.user.pk:
            tokens.tell_of_account(
                obj, "has another mail address", by=actor_of(request), now=timezone.now(),
                also=before or "",
            )  # fmt: skip


@admin.register(Group)
class GroupAdmin(WarnsOfMaps, HandsOn, StaffAdmin, DjangoGroupAdmin):  # type: ignore[misc]
    """Groups, which the roles of a map name; so only superusers rename them."""

    of_workflow = ""
    form = GroupForm

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A group that is there keeps its name, but for superusers."""
        fixed = tuple(super().get_readonly_fields(request, obj))
        return fixed if request.user.is_superuser or obj is None else (*fixed, "name")


# -- service accounts -------------------------------------------------------------------------


class NewServiceForm(forms.ModelForm):
    """A program's account: what it is called, what it is for, and who answers for it."""

    username = forms.CharField(
        label="Login", max_length=150, help_text="As maps and groups name it."
    )

    class Meta:
        model = ServiceAccount
        fields = ("username", "purpose", "owner")


@admin.register(ServiceAccount)
class ServiceAdmin(RefusedInWords, StaffAdmin):
    """Programs that act as themselves. They have tokens, no password, and a person who answers."""

    of_workflow = ""
    list_display = ("__str__", "purpose", "owner", "made_by", "created_at")
    list_select_related = ("user", "owner", "made_by")
    search_fields = ("user__username", "purpose", "owner__username")
    readonly_fields = ("user", "purpose", "owner", "made_by", "created_at")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """It is not edited; the account behind it is made inactive under Users."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: the record names it."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A new one is filled in; from then on it is read."""
        return self.readonly_fields if obj is not None else ()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """What is asked, or what is known."""
        return self.readonly_fields if obj is not None else NewServiceForm.Meta.fields

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """New ones have a form; the others are read."""
        if obj is None:
            kwargs["form"] = NewServiceForm
        return super().get_form(request, obj, change=change, **kwargs)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """People answer for what they make themselves; superusers choose freely."""
        person = actor_of(request)
        active = User.objects.filter(is_active=True, service_account=None).order_by("username")
        kwargs["queryset"] = active if person.is_superuser else active.filter(pk=person.pk)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """One service makes the account."""
        given = form.cleaned_data
        row = tokens.make_service_account(
            username=given["username"], purpose=given["purpose"], owner=given["owner"],
            by=actor_of(request), now=timezone.now(),
        )  # fmt: skip
        obj.pk, obj.user, obj._state.adding = row.pk, row.user, False
