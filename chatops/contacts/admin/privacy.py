"""Whom people keep away, in the browser: the same rows, rules and pushes as from a client."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import BaseInlineFormSet
from django.http import HttpRequest
from unfold.admin import TabularInline
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from chatops.accounts import services as accounts
from chatops.audit.base import AuditedModelAdmin
from chatops.audit.services import Actor
from chatops.contacts import services
from chatops.contacts.models import BLOCKED, Blocked, PrivacyList, PrivacyRule
from chatops.contacts.rules import KINDS, Rule
from chatops.contacts.services import MOST_LISTS
from chatops.core.forms import refusals_told
from chatops.xmpp.jid import InvalidJID, parse


def _person_field() -> forms.CharField:
    return forms.CharField(
        label="Person",
        help_text="Whose: a username or a JID.",
        widget=UnfoldAdminTextInputWidget(),
    )


class OfSomebodyForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form that names the person whom its object belongs to, as long as it is new."""

    person = _person_field()

    def clean_person(self) -> Any:
        with refusals_told():
            return accounts.find(self.cleaned_data["person"].strip())


class BlockedForm(OfSomebodyForm):
    """Whom somebody blocks."""

    address = forms.CharField(
        help_text="user@domain, a domain, or one device: user@domain/resource.",
        widget=UnfoldAdminTextInputWidget(),
    )

    class Meta:
        model = Blocked
        fields: tuple[str, ...] = ()

    def clean_address(self) -> str:
        try:
            return parse(self.cleaned_data["address"].strip()).full
        except InvalidJID as error:
            raise ValidationError("That is not an address.") from error

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            with refusals_told():
                services.must_have_room(cleaned["person"])
        return cleaned


@admin.register(Blocked)
class BlockedAdmin(AuditedModelAdmin):
    """Who blocks whom (XEP-0191)."""

    form = BlockedForm
    fields = ("person", "address")
    list_display = ("address", "owner")
    list_select_related = ("list__user",)
    search_fields = ("value", "list__user__username")
    search_help_text = "Address, or who blocks it"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Blocked]:
        return super().get_queryset(request).filter(BLOCKED).order_by("-pk")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, str | list[str]]:
        """The person's page links here with ``?person=name``."""
        return {"person": request.GET.get("person", "")}

    def has_change_permission(self, request: HttpRequest, obj: Blocked | None = None) -> bool:
        """An address is blocked or not."""
        return False

    def get_fields(self, request: HttpRequest, obj: Blocked | None = None) -> Any:
        return ("person", "address") if obj is None else ("value", "owner")

    def get_readonly_fields(self, request: HttpRequest, obj: Blocked | None = None) -> Any:
        return () if obj is None else ("value", "owner")

    @display(description="address", ordering="value")
    def address(self, blocked: Blocked) -> str:
        return blocked.value

    @display(description="blocked by", ordering="list__user__username")
    def owner(self, blocked: Blocked) -> str:
        return blocked.list.user.jid

    def save_model(
        self, request: HttpRequest, obj: Blocked, form: BlockedForm, change: object
    ) -> None:
        person, address = form.cleaned_data["person"], form.cleaned_data["address"]
        services.block(person, jids=[address], by=Actor.of(request))
        stored = Blocked.objects.filter(BLOCKED, list__user=person, value=address).get()
        obj.pk, obj._state.adding = stored.pk, False
        obj.list, obj.value = stored.list, stored.value

    def delete_model(self, request: HttpRequest, obj: Blocked) -> None:
        services.unblock(obj.list.user, jids=[obj.value], by=Actor.of(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Blocked]) -> None:
        for blocked in queryset.select_related("list__user"):
            self.delete_model(request, blocked)


class RuleForm(forms.ModelForm):  # type: ignore[type-arg]
    """One rule; addresses are written as they are compared."""

    class Meta:
        model = PrivacyRule
        fields = (
            "order", "allows", "type", "value", "message", "iq", "presence_in", "presence_out",
        )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("type") == PrivacyRule.Type.JID:
            try:
                cleaned["value"] = parse(cleaned.get("value", "").strip()).full
            except InvalidJID as error:
                raise ValidationError("That is not an address.") from error
        elif cleaned.get("type") == PrivacyRule.Type.ANY:
            cleaned["value"] = ""
        return cleaned


class RuleFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    """All rules of a list, which are replaced together."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        with refusals_told():
            if self.instance.user_id is not None:
                services.must_be_fit_rules(self.instance.user, self.rules())

    def rules(self) -> list[Rule]:
        """The rules that are left when this is saved."""
        found = []
        for form in self.forms:
            data = form.cleaned_data
            if not data or data.get("DELETE") or data.get("order") is None:
                continue
            kinds = [kind for kind in KINDS if data[kind.replace("-", "_")]]
            found.append(
                Rule(data["order"], data["type"], data["value"], data["allows"], frozenset(kinds))
            )
        return found


class RuleInline(TabularInline):
    model = PrivacyRule
    form, formset = RuleForm, RuleFormSet
    extra, min_num = 0, 1
    tab = False
    verbose_name_plural = (
        "rules: the lowest order that fits decides; without a tick it is about all"
    )


class PrivacyListForm(OfSomebodyForm):
    """A list's name, and whether it is the default."""

    class Meta:
        model = PrivacyList
        fields = ("name", "is_default")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is not None:
            del self.fields["person"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        person, name = cleaned.get("person"), cleaned.get("name")
        if person is not None:
            if PrivacyList.objects.filter(user=person, name=name).exists():
                raise ValidationError("There is a list of that name already.")
            if MOST_LISTS.is_exceeded_by(person.privacy_lists.count() + 1):
                raise ValidationError("This person has as many lists as one may have.")
            self.instance.user = person
        return cleaned


@admin.register(PrivacyList)
class PrivacyListAdmin(AuditedModelAdmin):
    """Lists of rules (XEP-0016)."""

    form = PrivacyListForm
    inlines = (RuleInline,)
    list_display = ("name", "owner", "applies", "rule_count")
    list_filter = ("is_default",)
    list_select_related = ("user",)
    search_fields = ("name", "user__username", "rules__value")
    search_help_text = "Name, person, or what a rule names"

    def get_fields(self, request: HttpRequest, obj: PrivacyList | None = None) -> Any:
        return ("person", "name", "is_default") if obj is None else ("user", "name", "is_default")

    def get_readonly_fields(self, request: HttpRequest, obj: PrivacyList | None = None) -> Any:
        return () if obj is None else ("user", "name")

    @display(description="person", ordering="user__username")
    def owner(self, found: PrivacyList) -> str:
        return found.user.jid

    @display(description="applies", label={"by default": "success", "where chosen": "info"})
    def applies(self, found: PrivacyList) -> str:
        return "by default" if found.is_default else "where chosen"

    @display(description="rules")
    def rule_count(self, found: PrivacyList) -> int:
        return found.rules.count()

    def save_model(self, request: HttpRequest, obj: PrivacyList, form: Any, change: object) -> None:
        """All is saved with its rules."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: object) -> None:
        found: PrivacyList = form.instance
        (rules,) = formsets
        by = Actor.of(request)
        services.set_list(found.user, name=found.name, rules=rules.rules(), by=by)
        stored = PrivacyList.objects.get(user=found.user, name=found.name)
        if stored.is_default != form.cleaned_data["is_default"]:
            services.set_default(
                found.user, name=found.name if form.cleaned_data["is_default"] else None, by=by
            )
        found.pk, found._state.adding = stored.pk, False

    def delete_model(self, request: HttpRequest, obj: PrivacyList) -> None:
        services.remove_list(obj.user, name=obj.name, by=Actor.of(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[PrivacyList]) -> None:
        for found in queryset.select_related("user"):
            self.delete_model(request, found)
