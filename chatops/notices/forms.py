"""The form a notice is composed with."""

from typing import Any

from django import forms
from django.urls import reverse

from chatops.notices.audiences import audience_of
from chatops.notices.models import Audience, Notice
from chatops.xmpp.errors import Refused

# Where a refusal of an audience is shown.
PLACES = {Audience.ROOM: "room", Audience.LIST: "addresses"}


class NoticeForm(forms.ModelForm[Notice]):
    class Meta:
        model = Notice
        fields = (
            "subject",
            "body",
            "wants_receipt",
            "audience",
            "room",
            "addresses",
            "lifetime_days",
            "attempts",
        )
        labels = {"body": "Text", "wants_receipt": "Ask for a receipt", "audience": "For whom"}
        help_texts = {
            "subject": "Optional. Clients show it as a heading, or before the text.",
            "body": "Plain text. Who is absent gets it at the next login.",
            "wants_receipt": "Clients then confirm that it arrived (XEP-0184).",
            "room": "Its owners, admins and members, and whoever is inside when it is sent.",
            "addresses": "Usernames or addresses: one a line, or with commas between them.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "audience" in self.fields:  # not where the notice is only looked at
            address = reverse("admin:notices_notice_count")
            self.fields["audience"].widget.attrs["data-count-url"] = address

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        place = PLACES.get(cleaned.get("audience", ""))
        if place in cleaned:
            names = ("audience", "room", "addresses")
            try:
                audience_of(Notice(**{name: cleaned.get(name) for name in names}))
            except Refused as refusal:
                self.add_error(place, refusal.sentence)
        return cleaned
