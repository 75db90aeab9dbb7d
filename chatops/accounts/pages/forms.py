"""What is asked of somebody who joins, signs in or changes his password."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest
from unfold.forms import AuthenticationForm as ConsoleForm

from chatops.accounts import services
from chatops.accounts.backends import attempt_of
from chatops.accounts.services import failures
from chatops.core.forms import refusals_told

TOO_MANY_FAILURES = "Too many wrong passwords came from your network; try again later."
LONGEST = 1023  # RFC 7622 section 3.3.1


class Styled(forms.Form):
    """In the console's look, with the first field that is wrong told to assistive programs."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.setdefault("class", "co-input")


def _password(label: str, *, new: bool = False) -> forms.CharField:
    kind = "new-password" if new else "current-password"
    widget = forms.PasswordInput(attrs={"autocomplete": kind})
    return forms.CharField(label=label, widget=widget, strip=False, max_length=LONGEST)


class _NewPassword(Styled):
    """Twice, so that a slip of the finger is found."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        password, again = cleaned.get("password"), cleaned.get("again")
        if password and again and password != again:
            self.add_error("again", "The two passwords differ.")
        return cleaned


class JoinForm(_NewPassword):
    """An account, and the answer to a riddle where one is posed."""

    username = forms.CharField(
        label="Name",
        max_length=LONGEST,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    name = forms.CharField(
        label="How others see you",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    password = _password("Password", new=True)
    again = _password("Password, once more", new=True)
    challenge = forms.CharField(required=False, max_length=100, widget=forms.HiddenInput)
    ocr = forms.CharField(
        label="The letters in the picture",
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )
    qa = forms.CharField(
        required=False, max_length=100, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def __init__(self, *args: Any, fixed: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if fixed:  # the name that an invitation keeps
            self.fields["username"].required = False
            self.fields["username"].disabled = True
            self.fields["username"].initial = fixed

    def clean_username(self) -> str:
        name = str(self.cleaned_data["username"])
        with refusals_told():
            return services.localpart(name) if name else ""


class CodeForm(Styled):
    """An invitation that came on paper."""

    code = forms.CharField(
        label="Invitation code",
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class PasswordForm(_NewPassword):
    """A new password by who knows the old one."""

    old = _password("Password until now")
    password = _password("New password", new=True)
    again = _password("New password, once more", new=True)


class RemovalForm(Styled):
    """The end of an account, meant by its owner."""

    password = _password("Your password")
    sure = forms.BooleanField(
        label="Remove my account for good", widget=forms.CheckboxInput(attrs={"class": "co-check"})
    )


class _Counted(AuthenticationForm):
    """Says why a right password does not help for a while."""

    def clean(self) -> dict[str, Any]:
        address = self.request.META.get("REMOTE_ADDR", "") if self.request is not None else ""
        attempt = attempt_of(str(self.cleaned_data.get("username", "")), address)
        if failures.may_not_try(attempt):
            raise forms.ValidationError(TOO_MANY_FAILURES)
        return super().clean()


class LoginForm(Styled, _Counted):
    """For one's own account."""

    def __init__(self, request: HttpRequest | None = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        self.fields["username"].label = "Name"
        self.fields["username"].help_text = f"as in name@{settings.CHATOPS_DOMAIN}"


class ConsoleLoginForm(_Counted, ConsoleForm):  # type: ignore[misc]  # unfold is untyped
    """For the console."""
