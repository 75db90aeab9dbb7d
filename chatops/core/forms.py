"""What Django's forms and the services have in common."""

from collections.abc import Iterator
from contextlib import contextmanager

from django import forms
from django.core.exceptions import ValidationError

from chatops.xmpp.errors import Refused


@contextmanager
def refusals_told() -> Iterator[None]:
    """In a form's `clean`: what a service refuses is wrong with the form, in the same words."""
    try:
        yield
    except Refused as refusal:
        raise ValidationError(refusal.sentence) from refusal


def first_error(form: forms.BaseForm) -> str:
    """What is wrong with a form, in one sentence."""
    return next(
        (f"{name}: {error}" for name, errors in form.errors.items() for error in errors), ""
    )
