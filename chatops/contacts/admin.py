"""Rosters and waiting requests in the browser: changed for people, shown to their clients live."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from chatops.accounts import services as accounts
from chatops.audit.services import Actor
from chatops.contacts import services
from chatops.contacts.models import RosterItem, Subscription, SubscriptionRequest
from chatops.xmpp.elements import parse, text_of
from chatops.xmpp.errors import Refused
from chatops.xmpp.jid import InvalidJID
from chatops.xmpp.jid import parse as parse_jid

if TYPE_CHECKING:
    ItemForm = forms.ModelForm[RosterItem]
else:
    ItemForm = forms.ModelForm

SEEN = {
    Subscription.NONE: "neither sees the other",
    Subscription.TO: "sees the contact",
    Subscription.FROM: "is seen by the contact",
    Subscription.BOTH: "both see each other",
}
COLOURS = {
    SEEN[Subscription.NONE]: "info",
    SEEN[Subscription.TO]: "warning",
    SEEN[Subscription.FROM]: "warning",
    SEEN[Subscription.BOTH]: "success",
}


class RosterItemForm(ItemForm):
    """A contact's name and groups; for a new one also whose contact, and who it is."""

    person = forms.CharField(
        help_text="Whose roster: a username or a JID.", widget=UnfoldAdminTextInputWidget
    )
    contact = forms.CharField(help_text="The contact's JID.", widget=UnfoldAdminTextInputWidget)
    group_lines = forms.CharField(
        label="Groups",
        required=False,
        help_text="One on each line.",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
    )

    class Meta:
        model = RosterItem
        fields = ("name",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is not None:
            del self.fields["person"], self.fields["contact"]
            self.fields["group_lines"].initial = "\n".join(self.instance.groups)

    def clean_person(self) -> str:
        try:
            self.instance.user = accounts.find(self.cleaned_data["person"].strip())
        except Refused as refusal:
            raise ValidationError(refusal.sentence) from refusal
        return str(self.instance.user)

    def clean_contact(self) -> str:
        try:
            self.instance.jid = str(parse_jid(self.cleaned_data["contact"].strip()).bare)
        except InvalidJID as error:
            raise ValidationError("That is not an address.") from error
        return self.instance.jid

    def clean_group_lines(self) -> list[str]:
        lines = (line.strip() for line in self.cleaned_data["group_lines"].splitlines())
        return [line for line in lines if line]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                services.must_be_fit(
                    self.instance.user,
                    jid=self.instance.jid,
                    name=cleaned.get("name", ""),
                    groups=cleaned["group_lines"],
                )
            except Refused as refusal:
                raise ValidationError(refusal.sentence) from refusal
        return cleaned


@admin.register(RosterItem)
class RosterItemAdmin(ModelAdmin):
    """Everybody's contacts."""

    form = RosterItemForm
    list_display = ("person", "jid", "name", "shown_groups", "visibility", "waits")
    list_display_links = ("jid",)
    list_filter = (("subscription", ChoicesDropdownFilter), "ask", "approved")
    list_filter_submit = True
    list_select_related = ("user",)
    search_fields = ("user__username", "jid", "name")
    search_help_text = "Person, contact or name"

    def get_fields(self, request: HttpRequest, obj: RosterItem | None = None) -> list[str]:
        if obj is None:
            return ["person", "contact", "name", "group_lines"]
        return ["user", "jid", "name", "group_lines", "visibility", "waits", "approved"]

    def get_readonly_fields(self, request: HttpRequest, obj: RosterItem | None = None) -> list[str]:
        return [] if obj is None else ["user", "jid", "visibility", "waits", "approved"]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, str | list[str]]:
        """The person's page links here with ``?person=name``."""
        return {"person": request.GET.get("person", "")}

    @display(description="person", ordering="user__username")
    def person(self, item: RosterItem) -> str:
        return item.user.jid

    @display(description="groups")
    def shown_groups(self, item: RosterItem) -> str:
        return ", ".join(item.groups)

    @display(description="subscription", ordering="subscription", label=COLOURS)
    def visibility(self, item: RosterItem) -> str:
        return SEEN[Subscription(item.subscription)]

    @display(description="waits for the contact's answer", boolean=True, ordering="ask")
    def waits(self, item: RosterItem) -> bool:
        return item.ask

    def save_model(
        self, request: HttpRequest, obj: RosterItem, form: RosterItemForm, change: object
    ) -> None:
        services.set_item(
            obj.user,
            jid=obj.jid,
            name=obj.name,
            groups=form.cleaned_data["group_lines"],
            by=Actor.of(request),
        )
        stored = RosterItem.objects.get(user=obj.user, jid=obj.jid)
        obj.pk, obj._state.adding = stored.pk, False

    def delete_model(self, request: HttpRequest, obj: RosterItem) -> None:
        services.remove_item(obj.user, jid=obj.jid, by=Actor.of(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[RosterItem]) -> None:
        for item in queryset.select_related("user"):
            services.remove_item(item.user, jid=item.jid, by=Actor.of(request))


@admin.register(SubscriptionRequest)
class SubscriptionRequestAdmin(ModelAdmin):
    """Requests that wait for people, and can be answered for them."""

    list_display = ("sender", "person", "words", "asked_at")
    list_filter = (("asked_at", RangeDateTimeFilter),)
    list_filter_submit = True
    list_select_related = ("user",)
    search_fields = ("user__username", "sender")
    search_help_text = "Who asks, or whom"
    fields = readonly_fields = ("sender", "person", "words", "asked_at")
    actions = ("accept", "deny")
    actions_submit_line = ("accept_this", "deny_this")

    @display(description="asks", ordering="user__username")
    def person(self, request: SubscriptionRequest) -> str:
        return request.user.jid

    @display(description="with the words")
    def words(self, request: SubscriptionRequest) -> str:
        return text_of(parse(request.stanza), "status") or ""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Only those who want to see somebody can ask."""
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: SubscriptionRequest | None = None
    ) -> bool:
        """A request is answered, not deleted: whoever asked would wait forever."""
        return False

    @action(description="Accept for the person", permissions=["change"])
    def accept(self, request: HttpRequest, queryset: QuerySet[SubscriptionRequest]) -> None:
        self._answer(request, queryset, accept=True)

    @action(description="Deny for the person", permissions=["change"])
    def deny(self, request: HttpRequest, queryset: QuerySet[SubscriptionRequest]) -> None:
        self._answer(request, queryset, accept=False)

    @action(description="Accept", permissions=["change"], variant=ActionVariant.PRIMARY)
    def accept_this(self, request: HttpRequest, obj: SubscriptionRequest) -> None:
        self._answer(request, [obj], accept=True)

    @action(description="Deny", permissions=["change"], variant=ActionVariant.DANGER)
    def deny_this(self, request: HttpRequest, obj: SubscriptionRequest) -> None:
        self._answer(request, [obj], accept=False)

    def _answer(
        self,
        request: HttpRequest,
        waiting: QuerySet[SubscriptionRequest] | list[SubscriptionRequest],
        *,
        accept: bool,
    ) -> None:
        done = 0
        for each in waiting:
            try:
                services.answer_request(each, accept=accept, by=Actor.of(request))
                done += 1
            except Refused as refusal:
                self.message_user(request, refusal.sentence, messages.WARNING)
        if done:
            answered = "accepted" if accept else "denied"
            plural = "request" if done == 1 else "requests"
            self.message_user(request, f"{done} {plural} {answered}.", messages.SUCCESS)

    def save_model(
        self, request: HttpRequest, obj: SubscriptionRequest, form: Any, change: object
    ) -> None:
        """The page has buttons for the two answers, and nothing to save."""
        for button in self.get_actions_submit_line(request, obj.pk):
            if button.action_name in request.POST:
                button.method(request, obj)

    def log_change(self, request: HttpRequest, obj: SubscriptionRequest, message: Any) -> Any:
        """The answer is in the audit trail."""

    def response_change(self, request: HttpRequest, obj: SubscriptionRequest) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:contacts_subscriptionrequest_changelist"))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        hidden = dict.fromkeys(("show_save", "show_save_and_continue"), False)
        return super().changeform_view(
            request, object_id, form_url, {**hidden, **(extra_context or {})}
        )
