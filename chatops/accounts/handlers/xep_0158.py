"""CAPTCHA forms, XEP-0158: a riddle among the fields of a registration form."""

from django.conf import settings

from chatops.accounts.handlers import xep_0231
from chatops.accounts.handlers.xep_0221 import media
from chatops.accounts.services import challenges, registration
from chatops.core.database import in_db
from chatops.core.features import Feature, StrangerRequest
from chatops.xmpp.elements import Element
from chatops.xmpp.forms import FormField, Submission

CHALLENGE, SID, OCR, QA = "challenge", "sid", challenges.IMAGE, challenges.QUESTION

captcha = Feature(
    "XEP-0158",
    level="partial",
    note="in registration forms (section 4)",
    enabled=lambda: registration.mode() == registration.CAPTCHA,
)


async def pose(request: StrangerRequest) -> challenges.Posed:
    """A new riddle for this stream, instead of its last one."""
    before = request.notes.get(CHALLENGE, "")
    posed = await in_db(challenges.pose, address=request.address, instead_of=before)
    request.notes[CHALLENGE] = posed.id
    return posed


def fields(request: StrangerRequest, posed: challenges.Posed) -> list[FormField]:
    """One right answer is enough, so that who cannot see the image can answer the question."""
    sid = request.stanza.get("id", "")
    asked = [
        FormField(CHALLENGE, "hidden", values=(posed.id,)),
        FormField(SID, "hidden", values=(sid,)),
    ]
    if not posed.question:
        return [*asked, FormField(OCR, label="Enter the text you see", required=True)]
    return [
        *asked,
        FormField(OCR, label="Enter the text you see"),
        FormField(QA, label=f"Or: {posed.question}"),
    ]


def illustrate(request: StrangerRequest, posed: challenges.Posed, form: Element) -> Element:
    """Put the image beside its field; returns the element that holds it."""
    cid, data = xep_0231.keep(request, posed.image)
    uris = [f"cid:{cid}"]
    if settings.CHATOPS_PUBLIC_URL:
        uris.append(f"{settings.CHATOPS_PUBLIC_URL}/register/image/{posed.id}.png")
    for field in form:
        if field.get("var") == OCR:
            width, height = challenges.WIDTH, challenges.HEIGHT
            field.append(media(uris, "image/png", width=width, height=height))
    return data


def answers(submission: Submission) -> tuple[str, dict[str, str]]:
    """The riddle's id and what was answered, by field (section 4)."""
    given = {kind: submission.text(kind) or "" for kind in (OCR, QA)}
    return submission.text(CHALLENGE) or "", given
