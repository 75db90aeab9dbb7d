"""Pages on which somebody makes an account: openly, by solving a riddle, or by an invitation."""

from typing import Any

from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from chatops.accounts import services
from chatops.accounts.models import Invitation
from chatops.accounts.pages import clients
from chatops.accounts.pages.forms import CodeForm, JoinForm
from chatops.accounts.pages.own import show_welcome
from chatops.accounts.pages.page import show_page
from chatops.accounts.services import Application, challenges, doorkeeper, registration
from chatops.xmpp.errors import Refused

BACKEND = "chatops.accounts.backends.NameOrJidBackend"
TOO_MANY = 429
RIDDLES = (challenges.ChallengeNeeded, challenges.ChallengeOver, challenges.WrongAnswer)
WAIT = (doorkeeper.TooManyAttempts, doorkeeper.TooManyAccounts)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("password", "again")
def register(request: HttpRequest) -> HttpResponse:
    """Whatever way is open to everybody."""
    mode = registration.mode()
    if mode == registration.OFF:
        return show_page(request, "closed", status=403)
    if mode == registration.INVITE:
        return _ask_code(request)
    return _join(request, "register", None)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("password", "again")
def invited(request: HttpRequest, token: str) -> HttpResponse:
    """What an invitation is for, and the account that is made by it (XEP-0401 section 4.2)."""
    try:
        invitation = services.find_invitation(token)
    except services.NoSuchInvitation as refusal:
        return _over(request, refusal.sentence, 404)
    if invitation.state != Invitation.State.OPEN:
        return _over(request, _why(invitation), 410)
    uri = services.uri_of(invitation)
    shown = {
        "invitation": invitation,
        "uri": uri,
        "code": clients.code(uri),
        "programs": clients.recommended(request.META.get("HTTP_USER_AGENT", "")),
    }
    if not invitation.makes_account or registration.mode() == registration.OFF:
        return show_page(request, "introduction", shown)
    return _join(request, "invited", invitation, shown)


@never_cache
@require_safe
def image(request: HttpRequest, challenge: str) -> HttpResponse:
    """The picture of a riddle that waits for its answer."""
    posed = challenges.find(challenge)
    if posed is None:
        raise Http404
    return HttpResponse(posed.image, content_type="image/png")


def _join(
    request: HttpRequest,
    template: str,
    invitation: Invitation | None,
    shown: dict[str, Any] | None = None,
) -> HttpResponse:
    fixed = invitation.username if invitation is not None else ""
    form = JoinForm(request.POST.dict() or None, fixed=fixed)
    shown, status = dict(shown or {}), 200
    if request.method == "POST" and form.is_valid():
        try:
            return _make(request, form, invitation)
        except Refused as refusal:
            form.add_error(_field_of(refusal), refusal.sentence)
            status = TOO_MANY if isinstance(refusal, WAIT) else 200
    if invitation is None and registration.mode() == registration.CAPTCHA:
        try:
            shown["riddle"] = _riddle(request, form)
        except Refused as refusal:
            return show_page(request, "later", {"why": refusal.sentence}, status=TOO_MANY)
    return show_page(request, template, {"form": form, **shown}, status=status)


def _make(request: HttpRequest, form: JoinForm, invitation: Invitation | None) -> HttpResponse:
    given = form.cleaned_data
    application = Application(
        given["username"],
        given["password"],
        given["name"],
        invitation=invitation,
        challenge=given["challenge"],
        answers={kind: given[kind] for kind in (challenges.IMAGE, challenges.QUESTION)},
    )
    user = services.register(application, door="browser", address=_address(request))
    if request.user.is_authenticated:  # who sits there stays who he is
        return show_welcome(request, user)
    login(request, user, BACKEND)
    return redirect("account-welcome")


def _riddle(request: HttpRequest, form: JoinForm) -> challenges.Posed:
    """The same one again, as long as it waits for an answer; else a new one."""
    before = form["challenge"]
    posed = None if before.errors else challenges.find(before.value() or "")
    if posed is not None:
        return posed
    form.data = {**form.data, "ocr": "", "qa": ""}
    return challenges.pose(address=_address(request))


def _ask_code(request: HttpRequest) -> HttpResponse:
    """Where an invitation is needed: perhaps somebody has its code in hand."""
    form, status = CodeForm(request.POST or None), 200
    if request.method == "POST" and form.is_valid():
        token = form.cleaned_data["code"]
        try:
            doorkeeper.count_attempt(_address(request))
            services.find_invitation(token)
            return redirect("invitation", token.strip().lower())
        except Refused as refusal:
            form.add_error("code", refusal.sentence)
            status = TOO_MANY if isinstance(refusal, WAIT) else 200
    return show_page(request, "by_invitation", {"form": form}, status=status)


def _over(request: HttpRequest, why: str, status: int) -> HttpResponse:
    return show_page(request, "over", {"why": why}, status=status)


def _why(invitation: Invitation) -> str:
    return {
        Invitation.State.USED: "This invitation has been used already.",
        Invitation.State.EXPIRED: "This invitation is too old.",
        Invitation.State.REVOKED: "This invitation was withdrawn.",
        Invitation.State.OPEN: "",
    }[invitation.state]


def _field_of(refusal: Refused) -> str | None:
    """Beside which field a refusal is shown; None: above the form."""
    if isinstance(refusal, registration.BadName | services.AlreadyThere):
        return "username"
    if isinstance(refusal, services.BadPassword):
        return "password"
    return "ocr" if isinstance(refusal, RIDDLES) else None


def _address(request: HttpRequest) -> str:
    return request.META.get("REMOTE_ADDR") or ""
