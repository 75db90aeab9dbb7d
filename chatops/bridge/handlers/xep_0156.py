"""Alternative connection methods, XEP-0156: where WebSocket and BOSH are, for scripts to find.

Host metadata as RFC 6415 has it, at ``/.well-known/host-meta`` and ``/.well-known/host-meta.json``.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.views.decorators.http import require_safe

from chatops.core.features import Feature
from chatops.xmpp.elements import add, make, serialise

XRD = "http://docs.oasis-open.org/ns/xri/xrd-1.0"
RELATION = "urn:xmpp:alt-connections:"

discovery = Feature("XEP-0156", (), at=())


def links() -> dict[str, str]:
    """By its relation (section 2.1) the address of each door that HTTP leads to."""
    base = settings.CHATOPS_PUBLIC_URL
    found = {f"{RELATION}websocket": f"ws{base.removeprefix('http')}/xmpp-websocket"}
    if settings.CHATOPS_BOSH:
        found[f"{RELATION}xbosh"] = f"{base}/http-bind"
    return found


@require_safe
def host_meta(request: HttpRequest) -> HttpResponseBase:
    """RFC 6415 section 2; who prefers JSON, and says so, gets that (section 3)."""
    if request.get_preferred_type(["application/xrd+xml", "application/json"]) == (
        "application/json"
    ):
        return host_meta_json(request)
    document = make(f"{{{XRD}}}XRD")
    for relation, address in links().items():
        add(document, f"{{{XRD}}}Link", rel=relation, href=address)
    declaration = b"<?xml version='1.0' encoding='utf-8'?>\n"
    return _shared(HttpResponse(declaration + serialise(document), "application/xrd+xml"))


@require_safe
def host_meta_json(request: HttpRequest) -> HttpResponseBase:
    """The same as JRD (RFC 6415 appendix A)."""
    found = [{"rel": relation, "href": address} for relation, address in links().items()]
    return _shared(JsonResponse({"links": found}))


def _shared(response: HttpResponse) -> HttpResponse:
    """For the scripts of every site, as section 3 wishes; it is the same for everybody."""
    response["Access-Control-Allow-Origin"] = "*"
    response["Vary"] = "Accept"
    response["Cache-Control"] = "public, max-age=3600"
    return response
