"""Users and groups in the same looks; who is in a group is who may act for a role."""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from workflows.admin.base import StaffAdmin

admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(StaffAdmin, DjangoUserAdmin):
    """People. Whoever leaves is made inactive: the record keeps their name."""

    of_workflow = ""
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm


@admin.register(Group)
class GroupAdmin(StaffAdmin, DjangoGroupAdmin):
    """Groups, which the roles of a map name."""

    of_workflow = ""
