"""People in the browser: who they are, where they are logged in, what may be done about it."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from chatops.accounts import services
from chatops.accounts.models import Device, User
from chatops.audit.base import AuditedModelAdmin, Deed, ReadOnlyAdmin
from chatops.audit.services import Actor, record
from chatops.core import wire
from chatops.xmpp.errors import Refused

admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):
    pass


class NewPersonForm(forms.ModelForm[User]):
    """A name and a password make an account."""

    password = forms.CharField(
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}), strip=False
    )

    class Meta:
        model = User
        fields = ("username", "name", "email", "is_staff")
        widgets: ClassVar[dict[str, Any]] = {"username": UnfoldAdminTextInputWidget}

    def clean_username(self) -> str:
        try:
            return services.localpart(self.cleaned_data["username"])
        except Refused as refusal:
            raise forms.ValidationError(refusal.sentence) from refusal


@admin.register(User)
class PersonAdmin(AuditedModelAdmin):
    list_display = ("shown_jid", "name", "online", "status", "last_seen", "is_staff")
    list_filter = ("is_staff", "is_active")
    search_fields = ("username", "name", "email")
    ordering = ("username",)
    readonly_fields = ("date_joined", "last_seen", "is_active", "suspended_reason")
    filter_horizontal = ("groups", "user_permissions")
    panel_template = "accounts/person_panels.html"
    fieldsets = (
        (None, {"fields": ("username", "name", "email")}),
        ("State", {"fields": ("is_active", "suspended_reason", "date_joined", "last_seen")}),
        (
            "Console",
            {
                "classes": ("collapse",),
                "fields": ("is_staff", "is_superuser", "groups", "user_permissions"),
            },
        ),
    )
    deeds: ClassVar[dict[str, Deed]] = {
        "logout": Deed("accounts.end_sessions", "do_logout"),
        "suspend": Deed("accounts.suspend_user", "do_suspend"),
        "resume": Deed("accounts.suspend_user", "do_resume"),
        "password": Deed("accounts.reset_password", "do_password"),
    }

    @admin.display(description="address", ordering="username")
    def shown_jid(self, user: User) -> str:
        return user.jid

    @admin.display(description="online")
    def online(self, user: User) -> SafeString:
        count = len(sessions_of(user))
        if not count:
            return format_html("<span class='co-muted'>{}</span>", "offline")
        label = "1 device" if count == 1 else f"{count} devices"
        return format_html("<span class='co-badge co-good'>{}</span>", label)

    @admin.display(description="state", ordering="is_active")
    def status(self, user: User) -> SafeString:
        if user.is_active:
            return format_html("<span class='co-muted'>{}</span>", "active")
        return format_html("<span class='co-badge co-bad'>{}</span>", "suspended")

    def get_form(
        self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any
    ) -> type[ModelForm[User]]:
        if obj is None:
            kwargs["form"] = NewPersonForm
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            fields = ("username", "password", "name", "email", "is_staff")
            return [(None, {"fields": fields})]
        return super().get_fieldsets(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        own = super().get_readonly_fields(request, obj)
        if obj is None:
            return ()
        locked: tuple[str, ...] = ("username",)
        if not request.user.is_superuser:  # nobody gives himself, or others, more than he has
            locked = (*locked, "is_staff", "is_superuser", "groups", "user_permissions")
        return (*own, *locked)

    def save_model(
        self, request: HttpRequest, obj: User, form: ModelForm[User], change: bool
    ) -> None:
        if change:
            before = {name: form.initial.get(name) for name in form.changed_data}
            super().save_model(request, obj, form, change)
            record(Actor.of(request), "account.change", obj, fields=sorted(before))
            return
        made = services.add_account(
            obj.username,
            password=form.cleaned_data["password"],
            by=Actor.of(request),
            name=obj.name,
        )
        made.email = obj.email
        made.is_staff = obj.is_staff and bool(request.user.is_superuser)
        made.save(update_fields=["email", "is_staff"])
        obj.pk = made.pk

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        services.remove_account(obj, by=Actor.of(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset:
            services.remove_account(user, by=Actor.of(request))

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        if obj is not None and services.is_last_administrator(obj):
            return False
        return bool(super().has_delete_permission(request, obj))

    def panel_context(self, request: HttpRequest, item: User) -> dict[str, Any]:
        return {"sessions": sessions_of(item), "devices": item.devices.order_by("-last_seen")}

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        """Whoever may do everything is out of reach of those who may not."""
        user = super().get_object(request, object_id, from_field)
        changes = request.method == "POST"
        if user is not None and user.is_superuser and changes and not request.user.is_superuser:
            raise PermissionDenied
        return user

    def do_logout(self, request: HttpRequest, user: User) -> str:
        resource = request.POST.get("resource", "")
        services.end_sessions(user, by=Actor.of(request), resource=resource)
        return f"{user.jid}/{resource} is logged out." if resource else f"{user} is logged out."

    def do_suspend(self, request: HttpRequest, user: User) -> str:
        services.suspend(user, reason=request.POST.get("reason", ""), by=Actor.of(request))
        return f"{user} is suspended and logged out everywhere."

    def do_resume(self, request: HttpRequest, user: User) -> str:
        services.resume(user, by=Actor.of(request))
        return f"{user} may log in again."

    def do_password(self, request: HttpRequest, user: User) -> str:
        password = request.POST.get("password", "")
        services.set_password(user, password=password, by=Actor.of(request))
        return f"The password of {user} is changed; all devices must log in anew."


@admin.register(Device)
class DeviceAdmin(ReadOnlyAdmin):
    list_display = ("user", "resource", "door", "first_seen", "last_seen")
    list_filter = ("door",)
    search_fields = ("user__username", "resource")
    list_select_related = ("user",)
    ordering = ("-last_seen",)


def sessions_of(user: User) -> list[dict[str, Any]]:
    """The account's sessions, if the service runs in this process."""
    if not wire.running():
        return []
    return [
        {
            "resource": session.jid.resource,
            "door": session.door,
            "address": session.address,
            "since": datetime.fromtimestamp(session.since, UTC),
            "available": session.presence is not None,
            "priority": session.priority,
            "waiting": session.blocked_until_resumed,
        }
        for session in list(wire.wire().sessions_of(user.jid))
    ]
