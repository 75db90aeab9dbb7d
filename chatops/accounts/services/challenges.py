"""Posing riddles and checking answers (XEP-0158): each once, for a short time."""

import hmac
import io
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from captcha.image import ImageCaptcha
from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac
from PIL import Image

from chatops.accounts.models import Challenge
from chatops.accounts.services.doorkeeper import count_attempt
from chatops.core.limits import Limit
from chatops.xmpp.errors import NotAcceptable, Overloaded, Unavailable

WIDTH, HEIGHT = 200, 70
LETTERS = "ACDEFHJKLMNPRTUVWXY349"  # without those that look alike
LENGTH = 6
NUMBERS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    *("nineteen", "twenty"),
)
IMAGE, QUESTION = "ocr", "qa"  # the fields' names, XEP-0158 section 9.1


OPEN_CHALLENGES = Limit(
    "CHATOPS_MAX_OPEN_CAPTCHAS",
    "riddles",
    "Riddles that wait for an answer at the same time.",
    "resource-constraint",
)


class _Picture(ImageCaptcha):
    """The library's own opacity makes dark letters pale; people have to read them."""

    lookup_table = [min(255, 6 * light) for light in range(256)]


class ChallengeNeeded(NotAcceptable):
    """Answer the question, or type what the image shows."""


class WrongAnswer(NotAcceptable):
    """That was not the right answer; ask for a new image and try again."""

    type = "cancel"


class ChallengeOver(Unavailable):
    """This question has been answered already, or is too old; ask for a new one."""


@dataclass(frozen=True, slots=True)
class Posed:
    """A riddle as it is shown."""

    id: str
    image: bytes  # PNG
    question: str  # "" where there is only the image


def pose(*, address: str, instead_of: str = "") -> Posed:
    """Make one up, in place of one that was shown before. Raises TooManyAttempts or Overloaded."""
    count_attempt(address)
    now = timezone.now()
    Challenge.objects.filter(Q(use_by__lte=now) | Q(pk=instead_of)).delete()
    if OPEN_CHALLENGES.is_exceeded_by(Challenge.objects.count() + 1):
        raise Overloaded("Too many people register just now; try again in a few minutes.")
    text = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
    question, sum_ = _question() if settings.CHATOPS_CAPTCHA_QUESTION else ("", "")
    posed = Posed(secrets.token_urlsafe(18), _draw(text), question)
    Challenge.objects.create(
        id=posed.id,
        image=posed.image,
        question=question,
        image_answer=_hash(posed.id, text),
        question_answer=_hash(posed.id, sum_) if question else "",
        use_by=_use_by(now),
    )
    return posed


def check(challenge_id: str, answers: Mapping[str, str]) -> None:
    """Take the riddle away, solved or not; one right answer is enough.

    Raises ChallengeNeeded, ChallengeOver or WrongAnswer.
    """
    given = {kind: text for kind, text in answers.items() if text.strip()}
    if not challenge_id or not given:
        raise ChallengeNeeded
    found = Challenge.objects.filter(pk=challenge_id, use_by__gt=timezone.now())
    posed = found.first()
    if posed is None or not found.delete()[0]:  # deleted by whoever was faster
        raise ChallengeOver
    right = {IMAGE: posed.image_answer, QUESTION: posed.question_answer}
    if not any(
        right.get(kind) and hmac.compare_digest(right[kind], _hash(posed.pk, text))
        for kind, text in given.items()
    ):
        raise WrongAnswer


def find(challenge_id: str) -> Posed | None:
    """To show it again; None where the riddle is answered or too old."""
    found = Challenge.objects.filter(pk=challenge_id, use_by__gt=timezone.now()).first()
    return None if found is None else Posed(found.pk, bytes(found.image), found.question)


def _draw(text: str) -> bytes:
    """In 32 colours: half the bytes, since it travels inside a stanza (XEP-0231 section 2.1)."""
    ink = 40 + secrets.randbelow(80), 40 + secrets.randbelow(80), 40 + secrets.randbelow(80)
    paper = 255 - secrets.randbelow(20), 255 - secrets.randbelow(20), 255 - secrets.randbelow(20)
    image = _Picture(WIDTH, HEIGHT).generate_image(text, bg_color=paper, fg_color=ink)
    out = io.BytesIO()
    image.convert("RGB").quantize(32, Image.Quantize.MEDIANCUT).save(out, "PNG", optimize=True)
    return out.getvalue()


def _question() -> tuple[str, str]:
    left, right = secrets.randbelow(20) + 1, secrets.randbelow(9) + 1
    if secrets.randbelow(2) and left >= right:
        return f"How much is {NUMBERS[left]} minus {NUMBERS[right]}?", str(left - right)
    return f"How much is {NUMBERS[left]} plus {NUMBERS[right]}?", str(left + right)


def _hash(challenge_id: str, answer: str) -> str:
    key = f"chatops.accounts.challenge.{challenge_id}"
    return salted_hmac(key, "".join(answer.upper().split()), algorithm="sha256").hexdigest()


def _use_by(now: datetime) -> datetime:
    return now + timedelta(seconds=settings.CHATOPS_CAPTCHA_SECONDS)
