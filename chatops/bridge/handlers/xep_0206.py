"""XMPP over BOSH, XEP-0206: stream restarts and errors in the door `chatops.bridge.doors.bosh`."""

from django.conf import settings

from chatops.core.features import Feature

xmpp_over_bosh = Feature("XEP-0206", (), at=(), enabled=lambda: settings.CHATOPS_BOSH)
