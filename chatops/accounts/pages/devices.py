"""One's own devices in the browser, one by one."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from chatops.accounts import services
from chatops.accounts.models import Device
from chatops.accounts.pages.own import own, person_of
from chatops.accounts.pages.page import show_page
from chatops.accounts.sessions import online_devices
from chatops.audit.services import Actor


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@own
def show(request: HttpRequest, number: int) -> HttpResponse:
    """What is known of it; posted, it is forgotten."""
    device = get_object_or_404(Device.objects.of(person_of(request)), pk=number)
    if request.method == "POST":
        services.forget_device(device, by=Actor.of(request))
        return redirect("account")
    shown = {"device": device, "is_online": device.pk in online_devices()}
    return show_page(request, "device", shown)
