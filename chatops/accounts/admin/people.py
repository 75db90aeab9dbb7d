"""People in the browser: who they are, where they are logged in, what may be done about it."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from chatops.accounts import services
from chatops.accounts.forms import NewPersonForm, PersonForm
from chatops.accounts.models import Device, User
from chatops.accounts.pages.cards import CardForm, photo_of, save_card, vars_of
from chatops.accounts.services import vcards
from chatops.accounts.sessions import online_devices, online_keys, sessions_of
from chatops.audit.base import (
    AuditedModelAdmin,
    Deed,
    PlainModelAdmin,
    changes_of,
)
from chatops.audit.services import Actor, origin_of, record
from chatops.xmpp.errors import NotAcceptable, Refused

AVATAR = (
    "bg-primary-600 flex font-semibold h-8 items-center justify-center rounded-full text-white w-8"
)
PHOTO = "h-8 object-cover rounded-full w-8"
RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")

admin.site.unregister(Group)


class UnfitCard(NotAcceptable):
    """A vCard is not as it should be."""


@admin.register(Group)
class GroupAdmin(PlainModelAdmin):
    """Groups give rights, so those who have all of them make the groups."""

    search_fields = ("name",)
    ordering = ("name",)
    filter_horizontal = ("permissions",)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["queryset"] = Permission.objects.select_related("content_type")
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return bool(request.user.is_superuser)


class OnlineFilter(admin.SimpleListFilter):
    """Who has a session of the service that runs in this process."""

    title = "online"
    parameter_name = "online"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Online now"), ("no", "Offline")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        if self.value() not in ("yes", "no"):
            return queryset
        there = online_keys()
        online = queryset.filter(pk__in=there)
        return online if self.value() == "yes" else queryset.exclude(pk__in=there)


@admin.register(User)
class PersonAdmin(AuditedModelAdmin):
    form = PersonForm
    list_display = ("avatar", "shown_jid", "name", "online", "status", "last_seen", "is_staff")
    list_display_links = ("shown_jid",)
    list_filter = (OnlineFilter, "is_staff", "is_active")
    search_fields = ("username", "name", "email")
    ordering = ("username",)
    readonly_fields = ("date_joined", "last_seen", "is_active", "suspended_reason")
    filter_horizontal = ("groups", "user_permissions")
    panel_template = "accounts/person_panels.html"
    fieldsets = (
        (None, {"fields": ("username", "name", "email")}),
        ("State", {"fields": ("is_active", "suspended_reason", "date_joined", "last_seen")}),
        ("Delivery", {"fields": ("uses_crs",)}),
        (
            "Console",
            {
                "classes": ("collapse",),
                "fields": RIGHTS,
            },
        ),
    )
    deeds: ClassVar[dict[str, Deed]] = {
        "card": Deed("accounts.change_user", "do_card"),
        "logout": Deed("accounts.end_sessions", "do_logout"),
        "suspend": Deed("accounts.suspend_user", "do_suspend"),
        "resume": Deed("accounts.suspend_user", "do_resume"),
        "password": Deed("accounts.reset_password", "do_password"),
    }

    actions = ("log_out",)

    @admin.display(description="")
    def avatar(self, user: User) -> SafeString:
        photo = getattr(user, "vcard", None)
        if photo is not None and photo.image_type:
            address = reverse("photo", args=[user.pk, photo.photo_hash])
            return format_html("<img class='{}' src='{}' alt=''>", PHOTO, address)
        initial = user.get_short_name()[:1].upper()
        return format_html("<span class='{}' aria-hidden='true'>{}</span>", AVATAR, initial)

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

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "user_permissions":
            kwargs["queryset"] = Permission.objects.select_related("content_type")
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def get_form(
        self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any
    ) -> type[ModelForm[User]]:
        if obj is None:
            kwargs["form"] = NewPersonForm
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            rights = ("is_staff",) if request.user.is_superuser else ()
            return [(None, {"fields": ("username", "password", "name", "email", *rights)})]
        return super().get_fieldsets(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            return ()
        # Nobody gives himself, or others, more than he has.
        locked = () if request.user.is_superuser else RIGHTS
        return (*super().get_readonly_fields(request, obj), "username", *locked)

    def save_model(
        self, request: HttpRequest, obj: User, form: ModelForm[User], change: bool
    ) -> None:
        by, given = Actor.of(request), form.cleaned_data
        if change:
            own = ("name", "email", "uses_crs", "is_staff", "is_superuser")
            changes = {name: given[name] for name in own if name in form.changed_data}
            services.change_account(obj, by=by, **changes)
            return
        made = services.add_account(
            obj.username,
            password=given["password"],
            by=by,
            is_staff=given.get("is_staff", False),
            name=obj.name,
            email=obj.email,
        )
        obj.pk = made.pk

    def save_related(
        self, request: HttpRequest, form: ModelForm[User], formsets: Any, change: bool
    ) -> None:
        super().save_related(request, form, formsets, change)
        if rights := changes_of(form, ("groups", "user_permissions")):
            record(Actor.of(request), "account.rights", form.instance, **rights)

    def get_deleted_objects(
        self, objs: Iterable[User], request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[str]]:
        """What goes with them, counted: an account takes all of its rows along."""
        people = list(objs)
        keys = [user.pk for user in people]
        counts = {
            "people": len(people),
            "devices": Device.objects.filter(user__in=keys).count(),
        }
        reach = all(services.may_act_on(user, user_id=request.user.pk) for user in people)
        allowed = reach and self.has_delete_permission(request)
        stay = User.objects.filter(is_superuser=True, is_staff=True, is_active=True)
        last = any(user.is_superuser for user in people) and not stay.exclude(pk__in=keys).exists()
        return (
            [user.jid for user in people],
            counts,
            set() if allowed else {"people"},
            [services.LastAdministrator().sentence] if last else [],
        )

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        try:
            services.remove_account(obj, by=Actor.of(request))
        except Refused as refusal:  # the page had asked; it has changed in between
            raise PermissionDenied(refusal.sentence) from refusal

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset:
            self.delete_model(request, user)

    def has_end_sessions_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("accounts.end_sessions"))

    @admin.action(description="Log out everywhere", permissions=["end_sessions"])
    def log_out(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        def work() -> str:
            with transaction.atomic():
                for user in queryset:
                    services.end_sessions(user, by=Actor.of(request))
            return f"{len(queryset)} people are logged out everywhere."

        self.answer(request, work)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        heavy = ("vcard__document", "vcard__photo")
        return super().get_queryset(request).select_related("vcard").defer(*heavy)

    def panel_context(self, request: HttpRequest, item: User) -> dict[str, Any]:
        return {
            "card": CardForm(initial=vars_of(vcards.details_of(item)), auto_id="card_%s"),
            "photo": photo_of(item),
            "sessions": sessions_of(item),
            "origin": origin_of(item.jid) if request.user.has_perm("audit.view_entry") else None,
            "online": online_devices(),
            "devices": Device.objects.of(item).order_by("-last_seen"),
            "reachable": services.may_act_on(item, user_id=request.user.pk),
            "is_oneself": item.pk == request.user.pk,
        }

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        """Who uses the console is out of reach of those who may not do everything."""
        user = super().get_object(request, object_id, from_field)
        if user is not None and request.method == "POST":
            self._must_reach(request, user)
        return user

    def _must_reach(self, request: HttpRequest, user: User) -> None:
        if not services.may_act_on(user, user_id=request.user.pk):
            raise PermissionDenied

    def do_card(self, request: HttpRequest, user: User) -> str:
        form = CardForm(request.POST, request.FILES)
        if not form.is_valid() or not save_card(user, form, by=Actor.of(request)):
            raise UnfitCard(" ".join(str(error) for each in form.errors.values() for error in each))
        return f"The vCard of {user} is saved; others see it at once."

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
        if password != request.POST.get("again"):
            raise services.BadPassword("The two passwords differ; nothing was changed.")
        services.must_be_strong(password, user=user)
        services.set_password(user, password=password, by=Actor.of(request))
        if user.pk == request.user.pk:
            update_session_auth_hash(request, user)  # the browser one sits at stays signed in
        return f"The password of {user} is changed; all devices must log in anew."
