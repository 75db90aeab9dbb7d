"""The options as a browser shows them: the labels, explanations and rules of the clients' form."""

from typing import Any, ClassVar

from django import forms
from django.utils.functional import cached_property
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from chatops.core.forms import refusals_told
from chatops.rooms import services
from chatops.rooms.models import Room, RoomOptions, RoomPolicy, Template
from chatops.rooms.options import COLUMNS, OPTIONS, ROLES
from chatops.rooms.services import RankChange
from chatops.xmpp.jid import InvalidJID, parse

ALL_ROLES = [role for role, _ in ROLES]


class OptionsForm(forms.ModelForm[Any]):
    """For all that has options."""

    presence_broadcast = forms.MultipleChoiceField(
        choices=ROLES, required=False, widget=forms.CheckboxSelectMultiple
    )
    member_list_visible_to = forms.MultipleChoiceField(
        choices=ROLES, required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for option in OPTIONS:
            field = self.fields.get(option.column)
            if field is None:
                continue
            field.label, field.help_text = option.label, option.desc
            if option.kind == "list-multi" and not self.initial.get(option.column):
                self.initial[option.column] = ALL_ROLES  # empty means all

        if "description" in self.fields:
            self.fields["description"].widget.attrs["rows"] = 3

    def clean_presence_broadcast(self) -> list[str]:
        return _all_is_empty(self.cleaned_data["presence_broadcast"])

    def clean_member_list_visible_to(self) -> list[str]:
        return _all_is_empty(self.cleaned_data["member_list_visible_to"])

    def chosen(self, columns: frozenset[str]) -> dict[str, Any]:
        """What was filled in."""
        given = self.cleaned_data
        return {column: given[column] for column in columns if column in given}


class RoomForm(OptionsForm):
    """A room that is there. Only what was touched here is saved; what is not, may change meanwhile.

    Where two have changed the same, the second one is told, and decides.
    """

    seen_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Room
        fields = tuple(option.column for option in OPTIONS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for column in COLUMNS & self.fields.keys():
            self.fields[column].show_hidden_initial = True
        self.initial["seen_version"] = self.instance.version

    @cached_property
    def changes(self) -> dict[str, Any]:
        """What was touched."""
        return self.chosen(COLUMNS & frozenset(self.changed_data))

    @property
    def seen(self) -> int:
        """The version that the page showed."""
        seen = self.cleaned_data.get("seen_version")
        return int(self.initial["seen_version"] if seen is None else seen)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if not self.errors:
            current = Room.objects.get(pk=self.instance.pk)
            try:
                with refusals_told():
                    services.must_not_overwrite(current, self.changes, seen=self.seen)
            except forms.ValidationError:
                # Whoever saves again has read what the other one did.
                posted: Any = self.data
                self.data = posted = posted.copy()
                posted["seen_version"] = str(current.version)
                raise
        return given


class NewRoomForm(OptionsForm):
    """A room to be, with its first people."""

    owner = forms.CharField(
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="Address of the first owner; you, if it is left empty.",
    )
    members = forms.CharField(
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        help_text="Addresses or usernames of members, with blanks or line breaks between them.",
    )

    class Meta:
        model = Room
        fields = ("localpart", *(option.column for option in OPTIONS))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["localpart"].help_text = f"What stands before @{services.HOST}."

    def clean_localpart(self) -> str:
        """As addresses are compared; a name in capitals is the same room."""
        text = self.cleaned_data["localpart"]
        try:
            localpart = parse(f"{text}@{services.HOST}").local
        except InvalidJID as error:
            raise forms.ValidationError("This cannot be the address of a room.") from error
        with refusals_told():
            services.must_be_free(localpart)
        return localpart

    def clean_owner(self) -> str:
        text = self.cleaned_data["owner"]
        with refusals_told():
            return services.whom(text) if text else ""

    def clean_members(self) -> list[RankChange]:
        words = self.cleaned_data["members"].replace(",", " ").split()
        with refusals_told():
            return [RankChange(services.whom(word), "member") for word in words]


class CloneForm(forms.Form):
    """Another room like one that is there."""

    localpart = forms.CharField(max_length=1023)
    name = forms.CharField(max_length=200, required=False)
    people = forms.BooleanField(required=False)


class TemplateForm(OptionsForm):
    class Meta:
        model = Template
        fields = (
            "title",
            "about",
            *(option.column for option in OPTIONS if option.column not in services.OWN),
        )


class PolicyForm(forms.ModelForm[RoomPolicy]):
    """Who makes rooms, and what members are told."""

    class Meta:
        model = RoomPolicy
        fields = (
            "who_creates",
            "group",
            "message_format",
            "subject",
            "added",
            "changed",
            "removed",
            "json",
        )
        widgets: ClassVar[dict[str, Any]] = {
            **{
                name: UnfoldAdminTextareaWidget(attrs={"rows": 2})
                for name in ("added", "changed", "removed")
            },
            "json": UnfoldAdminTextareaWidget(attrs={"rows": 5}),
            "group": UnfoldAdminSelectWidget,
        }

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if given.get("who_creates") == RoomPolicy.Creators.GROUP and not given.get("group"):
            self.add_error("group", "Choose the group.")
        for name in ("subject", "added", "changed", "removed"):
            self._check(name, lambda text: services.must_be_templates([text]))
        if given.get("json") or given.get("message_format") == RoomPolicy.Format.JSON:
            self._check("json", services.must_be_json)
        return given

    def _check(self, name: str, rule: Any) -> None:
        try:
            with refusals_told():
                rule(self.cleaned_data.get(name, ""))
        except forms.ValidationError as error:
            self.add_error(name, error)


def options_of(source: RoomOptions) -> dict[str, Any]:
    """As a new form begins with them."""
    return {column: getattr(source, column) for column in COLUMNS - services.OWN}


def sections(*, without: frozenset[str] = frozenset()) -> list[tuple[str, dict[str, Any]]]:
    """The form's sections, as the options name them."""
    found: dict[str, list[str]] = {}
    for option in OPTIONS:
        if option.column not in without:
            found.setdefault(option.section, []).append(option.column)
    return [(section, {"fields": columns}) for section, columns in found.items()]


def _all_is_empty(roles: list[str]) -> list[str]:
    return [] if len(roles) == len(ROLES) else roles
