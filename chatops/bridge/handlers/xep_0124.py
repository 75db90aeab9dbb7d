"""BOSH, bidirectional streams over HTTP, XEP-0124: the door is `chatops.bridge.doors.bosh`."""

from django.conf import settings

from chatops.core.features import Feature

bosh = Feature(
    "XEP-0124",
    (),
    at=(),
    note="at `/http-bind`; one stream a session",
    enabled=lambda: settings.CHATOPS_BOSH,
)
