"""Whether the ledger is what was written: its verifications, and what they found."""

from io import BytesIO
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Max
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from chatops.audit.base import ReadOnlyAdmin
from chatops.audit.keyset import KeysetChangeList
from chatops.audit.services import Actor
from chatops.core.ids import moment_of, read_id
from chatops.delivery import watching
from chatops.delivery.exporting import ExportQuery, export
from chatops.delivery.keys import fingerprint, public_key
from chatops.delivery.models import Anchor, Verification
from chatops.delivery.sentences import span
from chatops.delivery.verifying import heads

VERIFY = "delivery.add_verification"
SEE_LOG = "delivery.view_delivery"
MOST_AT_ONCE = 5_000  # events that somebody waits for before his page


@admin.register(Verification)
class VerificationAdmin(ReadOnlyAdmin):
    """The list of verifications; above it, how things are now."""

    list_display = ("begun", "looked_at", "by", "events", "took", "result")
    list_before_template = "delivery/proof.html"
    sortable_by = ()
    fields = ("begun", "looked_at", "by", "events", "seals", "anchors", "took", "result")
    panel_template = "delivery/findings.html"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[KeysetChangeList]:
        return KeysetChangeList

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.verify_view)
        proof = self.admin_site.admin_view(self.proof_view)
        return [
            path("verify/", view, name="delivery_verify"),
            path("message/<int:message_id>/proof/", proof, name="delivery_proof"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        noted = dict(Anchor.objects.values_list("chain").annotate(Max("pk")))
        context = {
            "title": "Proof of the ledger",
            "condition": watching.condition(),
            "chains": [
                (chain, number, digest, moment_of(noted[chain]) if chain in noted else None)
                for chain, (number, digest) in heads().items()
            ],
            "key": public_key().hex(),
            "fingerprint": fingerprint(public_key()),
            "may_verify": request.user.has_perm(VERIFY),
            **(extra_context or {}),
        }
        return super().changelist_view(request, context)

    def verify_view(self, request: HttpRequest) -> HttpResponse:
        """Have a job compare everything."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not request.user.has_perm(VERIFY):
            raise PermissionDenied
        watching.ask_for_verification(by=Actor.of(request))
        sentence = "The whole ledger is being compared; what comes of it will stand here."
        self.message_user(request, sentence, messages.SUCCESS)
        return redirect(reverse("admin:delivery_verification_changelist"))

    def proof_view(self, request: HttpRequest, message_id: int) -> HttpResponseBase:
        """One message's events as a file that proves itself."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not (self.has_view_permission(request) and request.user.has_perm(SEE_LOG)):
            raise PermissionDenied
        if read_id(str(message_id)) is None:
            raise Http404
        query = ExportQuery(message_id=message_id)
        if query.events()[MOST_AT_ONCE:].exists():
            sentence = f"These are many events: manage.py ledger export --message {message_id}"
            self.message_user(request, sentence, messages.ERROR)
            return redirect(reverse("admin:delivery_timeline", args=[message_id]))
        file = BytesIO()  # so few events are a few hundred kilobytes
        export(query=query, out=file, by=Actor.of(request))
        file.seek(0)
        return FileResponse(file, as_attachment=True, filename=f"proof-{message_id}.zip")

    @display(description="begun")
    def begun(self, done: Verification) -> SafeString:
        moment = moment_of(done.pk)
        return format_html(
            "<time datetime='{}'>{} UTC</time>", moment.isoformat(), f"{moment:%d %b %H:%M:%S}"
        )

    @display(description="compared")
    def looked_at(self, done: Verification) -> str:
        if not done.since:
            return "everything"
        return f"what came since {moment_of(done.since):%d %b %H:%M} UTC"

    @display(description="took")
    def took(self, done: Verification) -> str:
        return span(moment_of(done.finished), moment_of(done.pk))

    @display(description="result")
    def result(self, done: Verification) -> SafeString:
        if not done.found:
            return format_html("<span class='co-badge co-good'>{}</span>", "nothing wrong")
        return format_html("<span class='co-badge co-bad'>{} wrong</span>", done.found)
