"""One's own account in the browser, with or without rights in the console."""

from django.conf import settings
from django.contrib.auth import authenticate, logout, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from chatops.accounts import services
from chatops.accounts.backends import attempt_of
from chatops.accounts.models import Device, User
from chatops.accounts.pages import clients
from chatops.accounts.pages.forms import (
    TOO_MANY_FAILURES,
    LoginForm,
    PasswordForm,
    RemovalForm,
)
from chatops.accounts.pages.page import common, show_page
from chatops.accounts.services import failures, registration
from chatops.accounts.sessions import online_devices
from chatops.audit.services import Actor
from chatops.xmpp.errors import Refused

MOST_DEVICES = 20

own = login_required(login_url=reverse_lazy("account-login"))


@method_decorator(never_cache, name="dispatch")
class Login(LoginView):
    """For everybody who has an account; the console has its own."""

    template_name = "public/login.html"
    authentication_form = LoginForm
    next_page = "account"
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        may_join = registration.mode() != registration.OFF
        return super().get_context_data(**common(), may_join=may_join, **kwargs)


class Logout(LogoutView):
    """Back to where one signs in."""

    next_page = "account-login"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("old", "password", "again")
@own
def show(request: HttpRequest) -> HttpResponse:
    """Who one is, where one is logged in, and a new password."""
    user = person_of(request)
    form = PasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _changed(request, user, form):
        return redirect("account-changed")
    return show_page(
        request,
        "account",
        {
            "form": form,
            "online": online_devices(),
            "devices": Device.objects.of(user).order_by("-last_seen")[:MOST_DEVICES],
            "may_invite": services.may_invite(user),
            "removable": settings.CHATOPS_ACCOUNT_REMOVAL,
        },
    )


@never_cache
@require_safe
@own
def changed(request: HttpRequest) -> HttpResponse:
    """After a new password."""
    return show_page(request, "changed")


@never_cache
@require_safe
@own
def welcome(request: HttpRequest) -> HttpResponse:
    """How to connect: the first thing that a newcomer sees."""
    return show_welcome(request, person_of(request))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("password")
@own
def remove(request: HttpRequest) -> HttpResponseBase:
    """The same as a client's removal (XEP-0077 section 3.2)."""
    user = person_of(request)
    form = RemovalForm(request.POST or None)
    if not settings.CHATOPS_ACCOUNT_REMOVAL:
        return show_page(request, "stays", status=403)
    if request.method == "POST" and form.is_valid():
        if not _knows(request, user, form.cleaned_data["password"]):
            form.add_error("password", _wrong(request))
        else:
            try:
                services.remove_account(user, by=Actor.of(request))
            except Refused as refusal:
                form.add_error(None, refusal.sentence)
            else:
                logout(request)
                return show_page(request, "gone")
    return show_page(request, "remove", {"form": form})


def show_welcome(request: HttpRequest, person: User) -> HttpResponse:
    """How to connect with an account."""
    uri = services.uri_of_account(person.jid)
    shown = {
        "person": person,
        "uri": uri,
        "code": clients.code(uri),
        "programs": clients.recommended(request.META.get("HTTP_USER_AGENT", "")),
        "ports": clients.ports(),
    }
    return show_page(request, "welcome", shown)


def _changed(request: HttpRequest, user: User, form: PasswordForm) -> bool:
    if not _knows(request, user, form.cleaned_data["old"]):
        form.add_error("old", _wrong(request))
        return False
    password = form.cleaned_data["password"]
    try:
        services.must_be_strong(password, user=user)
        services.set_password(user, password=password, by=Actor.of(request))
    except Refused as refusal:
        form.add_error("password", refusal.sentence)
        return False
    update_session_auth_hash(request, user)  # the browser one sits at stays signed in
    return True


def _knows(request: HttpRequest, user: User, password: str) -> bool:
    """As a login, so that failures are counted and noted."""
    return authenticate(request, username=user.username, password=password) == user


def _wrong(request: HttpRequest) -> str:
    attempt = attempt_of(person_of(request).username, request.META.get("REMOTE_ADDR", ""))
    return TOO_MANY_FAILURES if failures.may_not_try(attempt) else "That is not your password."


def person_of(request: HttpRequest) -> User:
    """Whose account it is."""
    assert isinstance(request.user, User)  # noqa: S101 - `own` has seen to it
    return request.user
