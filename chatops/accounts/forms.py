"""What is asked of an administrator about a person."""

from typing import Any, ClassVar

from django import forms
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from chatops.accounts import services
from chatops.accounts.models import User
from chatops.core.forms import refusals_told
from chatops.xmpp.errors import Refused


class NewPersonForm(forms.ModelForm[User]):
    """A name and a password make an account."""

    password = forms.CharField(
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}), strip=False
    )

    class Meta:
        model = User
        fields = ("username", "name", "email", "is_staff")
        widgets: ClassVar[dict[str, Any]] = {"username": UnfoldAdminTextInputWidget}

    def clean_username(self) -> str:
        with refusals_told():
            return services.localpart(self.cleaned_data["username"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if password := cleaned.get("password"):
            person = User(username=cleaned.get("username", ""), name=cleaned.get("name", ""))
            try:
                services.must_be_strong(password, user=person)
                services.hash_password(password)
            except Refused as refusal:
                self.add_error("password", refusal.sentence)
        return cleaned


class PersonForm(forms.ModelForm[User]):
    """What may be changed of somebody; somebody must stay who can administer the service."""

    class Meta:
        model = User
        fields = (
            "name",
            "email",
            "uses_crs",
            "is_staff",
            "is_superuser",
            "groups",
            "user_permissions",
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        stays = cleaned.get("is_staff", True) and cleaned.get("is_superuser", True)
        if not stays and services.is_last_administrator(self.instance):
            raise forms.ValidationError(services.LastAdministrator().sentence)
        return cleaned
