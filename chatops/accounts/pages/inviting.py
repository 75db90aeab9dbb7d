"""Inviting a friend from one's own account, where people may (CHATOPS_INVITES)."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from chatops.accounts import services
from chatops.accounts.models import Invitation, InvitationQuerySet
from chatops.accounts.pages import clients
from chatops.accounts.pages.own import own, person_of
from chatops.accounts.pages.page import show_page
from chatops.accounts.services import registration
from chatops.audit.services import Actor
from chatops.xmpp.errors import Refused

MOST_NOTE = 200


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@own
def invite(request: HttpRequest) -> HttpResponse:
    """One's open invitations, and a new one (XEP-0401 section 4.1)."""
    user, problem, status = person_of(request), "", 200
    if not services.may_invite(user):
        return show_page(request, "may_not_invite", status=403)
    if request.method == "POST":
        note = request.POST.get("note", "").replace("\0", "")[:MOST_NOTE]
        try:
            services.invite_friend(user, by=Actor.of(request), note=note)
            return redirect("account-invite")
        except Refused as refusal:
            problem, status = refusal.sentence, 400
    shown = {
        "invitations": _shown(request),
        "problem": problem,
        "makes_accounts": registration.mode() != registration.OFF,
    }
    return show_page(request, "invite", shown, status=status)


@never_cache
@require_POST
@own
def withdraw(request: HttpRequest, number: int) -> HttpResponse:
    """One of one's own, before somebody has used it."""
    invitation = _own_open(request).filter(pk=number).first()
    if invitation is None:
        raise Http404
    services.revoke(invitation, by=Actor.of(request))
    return redirect("account-invite")


def _own_open(request: HttpRequest) -> InvitationQuerySet:
    return Invitation.objects.open(timezone.now()).filter(made_by=person_of(request))


def _shown(request: HttpRequest) -> list[dict[str, object]]:
    base = request.build_absolute_uri("/").rstrip("/")
    shown = []
    for each in _own_open(request).select_related("contact"):
        link = services.page_of(each, base)
        if link:
            shown.append({"invitation": each, "link": link, "code": clients.code(link)})
    return shown
