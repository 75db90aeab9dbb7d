"""Who is told of what one's own devices miss, in the browser."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from chatops.accounts.pages.own import own, person_of
from chatops.accounts.pages.page import show_page
from chatops.audit.services import Actor
from chatops.push import services
from chatops.push.models import Discretion, Registration


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@own
def show(request: HttpRequest) -> HttpResponse:
    """One's registrations; posted, what may be told (section 9: not by clients)."""
    user = person_of(request)
    if request.method == "POST":
        discreet = request.POST.get("discreet") == "on"
        services.set_discreet(user, discreet=discreet, by=Actor.of(request))
        return redirect("account-push")
    shown = {
        "registrations": Registration.objects.filter(user=user).select_related("device"),
        "is_on": settings.CHATOPS_PUSH,
        "tells_sender": settings.CHATOPS_PUSH_SENDER,
        "tells_body": settings.CHATOPS_PUSH_BODY,
        "is_discreet": Discretion.objects.filter(user=user).exists(),
    }
    return show_page(request, "push", shown)


@never_cache
@require_POST
@own
def remove(request: HttpRequest, number: int) -> HttpResponse:
    """One of one's own."""
    mine = Registration.objects.filter(user=person_of(request)).select_related("user", "device")
    services.remove(get_object_or_404(mine, pk=number), by=Actor.of(request))
    return redirect("account-push")
