"""The notification as app servers get it (XEP-0357 section 7)."""

from collections.abc import Iterator

from django.conf import settings

from chatops.push.news import News
from chatops.push.services import Enabled
from chatops.xmpp.elements import Element, add, make
from chatops.xmpp.forms import FormField, build
from chatops.xmpp.names import PUBLISH_OPTIONS, PUBSUB, PUSH, PUSH_SUMMARY


def publication(
    registration: Enabled, *, messages: int, requests: int, latest: News | None
) -> Element:
    """The payload of the IQ: so many messages missed, and requests that wait for an answer.

    Who wrote, and what, is for the app server only where the administrator wants it so, and the
    person does not mind (section 9).
    """
    pubsub = make(f"{{{PUBSUB}}}pubsub")
    publish = add(pubsub, f"{{{PUBSUB}}}publish", node=registration.node or None)
    item = add(publish, f"{{{PUBSUB}}}item")
    notification = add(item, f"{{{PUSH}}}notification")
    fields = _summary(messages, requests, None if registration.discreet else latest)
    notification.append(build("submit", PUSH_SUMMARY, fields))
    if registration.options:
        options = add(pubsub, f"{{{PUBSUB}}}publish-options")
        given = [FormField(var, values=values) for var, values in registration.options.items()]
        options.append(build("submit", PUBLISH_OPTIONS, given))
    return pubsub


def _summary(messages: int, requests: int, latest: News | None) -> Iterator[FormField]:
    yield FormField("message-count", values=(str(messages),))
    if requests:
        yield FormField("pending-subscription-count", values=(str(requests),))
    if latest is None:
        return
    if settings.CHATOPS_PUSH_SENDER:
        yield FormField("last-message-sender", values=(latest.sender,))
    if settings.CHATOPS_PUSH_BODY and latest.body:
        yield FormField("last-message-body", values=(latest.body,))
