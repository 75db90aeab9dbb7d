"""Dead letters: what was given up, why, and what an administrator does about it."""

from collections.abc import Callable, Iterator
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action, display
from unfold.forms import ActionForm
from unfold.widgets import UnfoldAdminTextInputWidget

from chatops.archive.models import Message
from chatops.audit.base import ReadOnlyAdmin
from chatops.audit.keyset import AddressFilter
from chatops.audit.services import Actor
from chatops.core.ids import moment_of
from chatops.delivery import retries
from chatops.delivery.admin.log import sender_of
from chatops.delivery.models import DeadLetter, Delivery, Event, State
from chatops.delivery.timeline import BADGES
from chatops.xmpp.errors import Refused

DECIDE = "delivery.decide_deadletter"
AT_ONCE = 500


class SenderFilter(AddressFilter):
    title, parameter_name = "sender's address", "sender"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        address = self.address()
        if not address:
            return queryset
        return queryset.filter(message__in=Message.objects.filter(sender_bare=address).values("pk"))


class RecipientFilter(AddressFilter):
    title, parameter_name = "recipient's address", "recipient"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        address = self.address()
        if not address:
            return queryset
        return queryset.filter(recipient__username=address.partition("@")[0])


class ReasonForm(ActionForm):
    """What is done to letters is done for a reason."""

    reason = forms.CharField(
        label="",
        required=False,
        max_length=200,
        widget=UnfoldAdminTextInputWidget({"placeholder": "Why", "aria-label": "Why"}),
    )


@admin.register(DeadLetter)
class DeadLetterAdmin(ReadOnlyAdmin):
    """A list to work through."""

    list_display = ("accepted", "sender", "recipient", "shown_state", "attempts", "why")
    list_filter = ("state", SenderFilter, RecipientFilter)
    list_filter_submit = True
    list_select_related = ("recipient",)
    search_fields = ("recipient__username",)
    search_help_text = "Recipient"
    sortable_by = ()
    action_form = ReasonForm
    actions = ("offer_again", "discard")

    def get_queryset(self, request: HttpRequest) -> Any:
        """With what the last event says."""
        last = Event.objects.filter(pk=OuterRef("changed")).values("detail")[:1]
        found = DeadLetter.objects.dead().prefetch_related("message")
        return found.annotate(reason=Subquery(last)).order_by("-changed")

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(DECIDE)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        letter = self.get_object(request, object_id)
        if letter is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return redirect(reverse("admin:delivery_timeline", args=[letter.message_id]))

    @action(description="Offer them again", permissions=["decide"])
    def offer_again(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> None:
        self._decide(request, queryset, retries.revive, "offered again")

    @action(description="Discard them", permissions=["decide"])
    def discard(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> None:
        self._decide(request, queryset, retries.discard, "discarded")

    def _decide(
        self,
        request: HttpRequest,
        queryset: QuerySet[DeadLetter],
        verb: Callable[..., int],
        done: str,
    ) -> None:
        reason, by, count = request.POST.get("reason", "").strip(), Actor.of(request), 0
        try:
            for numbers in _in_parts(queryset):
                count += verb(numbers, by=by, reason=reason)
        except Refused as refusal:
            self.message_user(request, refusal.sentence, messages.ERROR)
            return
        letters = "1 letter is" if count == 1 else f"{count} letters are"
        self.message_user(request, f"{letters} {done}.", messages.SUCCESS)

    @display(description="accepted")
    def accepted(self, letter: Delivery) -> SafeString:
        moment = moment_of(letter.message_id)
        return format_html(
            "<time datetime='{}'>{}</time>", moment.isoformat(), f"{moment:%d %b %H:%M:%S}"
        )

    @display(description="from")
    def sender(self, letter: Delivery) -> str:
        return sender_of(letter)

    @display(description="state")
    def shown_state(self, letter: Delivery) -> SafeString:
        state = State(letter.state)
        return format_html("<span class='co-badge {}'>{}</span>", BADGES[state], state.label)

    @display(description="why")
    def why(self, letter: Any) -> str:
        return letter.reason or ""


def _in_parts(queryset: QuerySet[DeadLetter]) -> Iterator[list[int]]:
    """Their keys, as they are now: what is decided leaves the list meanwhile."""
    numbers = list(queryset.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(numbers), AT_ONCE):
        yield numbers[start : start + AT_ONCE]
