"""The options: one definition, and what the form, disco and the status codes make of it."""

from typing import Any

import pytest

from chatops.rooms.configuration import (
    CONFIG,
    ShownForm,
    Wishes,
    form_fields,
    rank_changes,
    read_form,
)
from chatops.rooms.models import Room
from chatops.rooms.options import COLUMNS, OPTIONS, disco_features, status_codes
from chatops.xmpp.errors import BadRequest, NotAcceptable
from chatops.xmpp.forms import Submission

pytestmark = pytest.mark.spec("XEP-0045 §10.2")

NAMES = {option.name: option for option in OPTIONS}


def submitted(**fields: str | list[str]) -> Submission:
    values = {
        f"muc#roomconfig_{name}": value if isinstance(value, list) else [value]
        for name, value in fields.items()
    }
    return Submission("submit", CONFIG, values)


@pytest.mark.parametrize("fields", [{}, {"max_occupants": 25, "presence_broadcast": ["visitor"]}])
def test_the_form_as_it_is_shown_changes_nothing(fields: dict[str, Any]) -> None:
    room = Room(localpart="tea", password="cauldron", **fields)
    shown = {
        each.var: list(each.values) for each in form_fields(room, {"a@x": "owner"}) if each.var
    }
    wishes = read_form(Submission("submit", CONFIG, shown))
    assert wishes.columns == {column: getattr(room, column) for column in COLUMNS}
    assert rank_changes(wishes.lists, {"a@x": "owner"}) == {}


def test_every_option_is_in_the_form_and_what_is_chosen_is_among_its_choices() -> None:
    fields = {each.var: each for each in form_fields(Room(max_occupants=25), {})}
    assert set(NAMES) < set(fields)
    for name in NAMES:
        field = fields[name]
        assert field.label
        assert not field.options or set(field.values) <= {value for value, _ in field.options}


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"membersonly": "maybe"}, BadRequest),
        ({"maxusers": "many"}, BadRequest),
        ({"maxusers": "1000000"}, NotAcceptable),
        ({"historylength": "5000"}, NotAcceptable),
        ({"whois": "everybody"}, NotAcceptable),
        ({"presencebroadcast": ["visitor", "king"]}, NotAcceptable),
        ({"passwordprotectedroom": "1"}, NotAcceptable),
        ({"roomowners": []}, NotAcceptable),
        ({"roomadmins": ["@"]}, NotAcceptable),
    ],
)
def test_what_makes_no_sense_is_refused(fields: dict[str, Any], refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        read_form(submitted(**fields))


def test_unknown_fields_are_ignored_and_other_servers_names_understood() -> None:
    values = {"mam": ["0"], "muc#roomconfig_enablearchiving": ["0"], "x-unknown": ["1"]}
    assert read_form(Submission("submit", CONFIG, values)).columns == {"is_logged": False}
    assert read_form(submitted(maxusers="none")).columns == {"max_occupants": 0}


def test_the_lists_of_the_form_become_changes_of_affiliations() -> None:
    ranks = {"alice@x": "owner", "bob@x": "admin", "charlie@x": "member"}
    assert rank_changes({"admin": {"charlie@x"}}, ranks) == {
        "bob@x": "member",
        "charlie@x": "admin",
    }
    assert rank_changes({"admin": {"alice@x", "bob@x"}}, ranks) == {}
    assert rank_changes({"admin": {"alice@x"}, "owner": {"bob@x"}}, ranks) == {
        "alice@x": "admin",
        "bob@x": "owner",
    }


def test_disco_says_of_each_switch_how_it_stands() -> None:
    assert disco_features(Room(is_persistent=False)) == {
        "muc_temporary",
        "muc_public",
        "muc_open",
        "muc_unsecured",
        "muc_unmoderated",
        "muc_semianonymous",
    }
    assert disco_features(
        Room(
            is_public=False,
            is_members_only=True,
            password="x",
            is_moderated=True,
            who_sees_jids="anyone",
        )
    ) == {
        "muc_persistent",
        "muc_hidden",
        "muc_membersonly",
        "muc_passwordprotected",
        "muc_moderated",
        "muc_nonanonymous",
    }


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({}, []),
        ({"name": "Tea"}, [104]),
        ({"is_logged": False}, [171]),
        ({"who_sees_jids": "anyone"}, [172]),
        ({"who_sees_jids": "anyone", "is_logged": False, "password": "x"}, [171, 172, 104]),
    ],
)
def test_changes_have_their_codes(change: dict[str, Any], codes: list[int]) -> None:
    before = {column: getattr(Room(), column) for column in COLUMNS}
    assert status_codes(before, Room(**change)) == codes


def test_a_client_changes_what_it_touches_and_no_more() -> None:
    room = Room(pk=1, localpart="tea", name="Tea", description="Hot")
    shown = ShownForm.of(room, {"a@x": "owner", "b@x": "admin"})
    sent = {"name": "Milk", "description": "Hot"}
    lists = {"owner": {"a@x"}, "admin": {"b@x", "c@x"}}
    assert shown.touched(Wishes(sent, lists)) == ({"name": "Milk"}, {"c@x": "admin"})
    # Sent once more, with one thing as it was at first: that is a change now.
    again = shown.touched(Wishes({"name": "Tea", "description": "Hot"}, lists))
    assert again == ({"name": "Tea"}, {})
    assert shown.touched(Wishes({}, {"admin": {"c@x"}})) == ({}, {"b@x": "member"})
