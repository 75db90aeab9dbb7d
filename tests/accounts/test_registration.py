"""Making an account for oneself, inviting others, and how often one may try."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from chatops.accounts import services
from chatops.accounts.models import Challenge, Invitation, InvitationUse, User
from chatops.accounts.services import Application, challenges, doorkeeper, registration
from chatops.accounts.services.doorkeeper import Allowance, network_of
from chatops.audit.models import Entry
from chatops.audit.services import Actor
from chatops.contacts.models import RosterItem
from chatops.core.limits import Limit, limits
from chatops.rooms import services as rooms
from chatops.rooms.models import Affiliation
from chatops.xmpp.errors import Refused

pytestmark = pytest.mark.django_db
BY = Actor.command("a test")
NEW = "kettle-and-cup-7"


@pytest.fixture(autouse=True)
def _fresh_allowances() -> None:
    for each in (doorkeeper.ATTEMPTS, doorkeeper.ACCOUNTS, doorkeeper.FAILED_LOGINS):
        each.forget()


@pytest.fixture
def alice() -> User:
    return services.add_account("alice", password=NEW, by=BY)


def register(username: str, invitation: Invitation | None = None, **fields: str) -> User:
    application = Application(
        username, fields.pop("password", NEW), invitation=invitation, **fields
    )
    return services.register(application, door="browser", address="192.0.2.1")


@pytest.mark.spec("XEP-0077 §3.1")
def test_who_registered_when_how_and_from_where_is_noted() -> None:
    with override_settings(CHATOPS_REGISTRATION="open"):
        user = register("bob", name="Bob", email="b@example.org")
    assert user.check_password(NEW)
    assert (user.name, user.email, user.is_staff) == ("Bob", "b@example.org", False)
    entry = Entry.objects.get(action="account.add")
    assert (entry.actor_name, entry.door, entry.address) == (
        "bob@localhost (registering)",
        "browser",
        "192.0.2.1",
    )
    assert entry.details["how"] == "open"
    assert NEW not in str(entry.details)
    root = services.add_account("root", password=NEW, by=BY, is_admin=True)
    console = Client()
    console.force_login(root)
    page = console.get(reverse("admin:accounts_user_change", args=[user.pk])).content.decode()
    assert "by bob@localhost (registering), through browser, from 192.0.2.1: open" in page


@pytest.mark.parametrize(
    ("mode", "refusal"),
    [
        ("off", registration.RegistrationOff),
        ("invite", registration.InvitationNeeded),
        ("captcha", challenges.ChallengeNeeded),
    ],
)
def test_each_mode_asks_for_its_own(mode: str, refusal: type[Refused]) -> None:
    with override_settings(CHATOPS_REGISTRATION=mode), pytest.raises(refusal):
        register("bob")
    assert not User.objects.exists()


def test_an_invitation_brings_rights_rooms_and_a_contact(alice: User) -> None:
    rooms.create("tea", by=BY, owner=alice.jid, name="Tea")
    helpers = Group.objects.create(name="Helpers")
    invitation = services.invite(
        by=BY,
        contact=alice,
        groups=[helpers],
        rooms=["tea@conference.localhost", "gone@conference.localhost"],
        most_uses=2,
        note="New colleagues",
    )
    bob = register("bob", services.admit(services.token_of(invitation)))
    assert list(bob.groups.all()) == [helpers]
    assert Affiliation.objects.get(jid=bob.jid).rank == Affiliation.Rank.MEMBER
    sees = RosterItem.objects.values_list("user__username", "jid", "subscription")
    assert sorted(sees) == [
        ("alice", "bob@localhost", "both"),
        ("bob", "alice@localhost", "both"),
    ]
    assert list(InvitationUse.objects.values_list("jid", flat=True)) == ["bob@localhost"]
    invitation.refresh_from_db()
    assert (invitation.used, invitation.state) == (1, Invitation.State.OPEN)
    register("charlie", services.admit(services.token_of(invitation)))
    with pytest.raises(services.NoSuchInvitation):
        register("dora", invitation)
    assert not User.objects.filter(username="dora").exists()


def test_a_token_is_kept_as_a_hash_and_shown_by_who_has_the_secret() -> None:
    invitation = services.invite(by=BY)
    token = services.token_of(invitation)
    assert len(token) == 24
    assert token.isalnum()
    assert token not in str(Invitation.objects.values().get())
    assert services.find_invitation(f" {token.upper()} ") == invitation
    with override_settings(SECRET_KEY="another"):
        assert services.token_of(invitation) == services.page_of(invitation) == ""


def test_an_invitation_ends(alice: User) -> None:
    invitation = services.invite(by=BY, username="bob")
    token = services.token_of(invitation)
    with pytest.raises(services.AlreadyThere):
        services.invite(by=BY, username="BOB")
    with pytest.raises(services.AlreadyThere):
        services.invite(by=BY, username="alice")
    services.revoke(invitation, by=BY)
    with pytest.raises(services.NoSuchInvitation):
        services.revoke(invitation, by=BY)
    with pytest.raises(services.NoSuchInvitation):
        services.admit(token)
    old = services.invite(by=BY, username="bob")  # the name is free again
    Invitation.objects.filter(pk=old.pk).update(use_by=timezone.now() - timedelta(seconds=1))
    with pytest.raises(services.NoSuchInvitation):
        services.admit(services.token_of(old))
    # Who was admitted before its end may finish (XEP-0445 section 4).
    assert register("bob", old).username == "bob"


@pytest.mark.parametrize(
    "fields",
    [
        {"use_by": timezone.now() - timedelta(days=1)},
        {"use_by": timezone.now() + timedelta(days=400)},
        {"most_uses": 0},
        {"most_uses": 100_000},
        {"most_uses": 2, "username": "bob"},
        {"username": "b b"},
        {"note": "x" * 300},
    ],
)
def test_odd_invitations_are_refused(fields: dict[str, object]) -> None:
    with pytest.raises(Refused):
        services.invite(by=BY, **fields)  # type: ignore[arg-type]
    assert not Invitation.objects.exists()


def test_people_invite_where_they_may_and_not_without_end(alice: User) -> None:
    with pytest.raises(services.MayNotInvite):
        services.invite_friend(alice, by=BY)
    with override_settings(CHATOPS_INVITES="everybody", CHATOPS_MAX_OPEN_INVITATIONS=2):
        invitation = services.invite_friend(alice, by=BY)
        assert invitation.contact == alice
        services.invite_friend(alice, by=BY)
        with pytest.raises(Refused, match="withdraw"):
            services.invite_friend(alice, by=BY)
        services.revoke(invitation, by=BY)
        services.invite_friend(alice, by=BY)


@pytest.mark.parametrize(
    ("fields", "ending"),
    [
        ({}, "localhost?register;preauth={}"),
        ({"username": "bob"}, "bob@localhost?register;preauth={}"),
        ({"contact": "alice"}, "alice@localhost?roster;preauth={};ibr=y"),
        ({"contact": "alice", "makes_account": False}, "alice@localhost?roster;preauth={}"),
        ({"contact": "alice", "username": "bob"}, "bob@localhost?register;preauth={}"),
    ],
)
@pytest.mark.spec("XEP-0401 §4.1", "XEP-0445 §2", "XEP-0379 §3.2")
def test_a_link_says_what_it_is_for(alice: User, fields: dict[str, object], ending: str) -> None:
    if "contact" in fields:
        fields = {**fields, "contact": alice}
    invitation = services.invite(by=BY, **fields)  # type: ignore[arg-type]
    assert services.uri_of(invitation) == f"xmpp:{ending.format(services.token_of(invitation))}"


def test_riddles_are_answered_in_time_once_and_are_bounded() -> None:
    posed = challenges.pose(address="192.0.2.1")
    assert challenges.find(posed.id) == posed
    assert "answer" not in posed.question
    Challenge.objects.update(use_by=timezone.now())
    assert challenges.find(posed.id) is None
    with pytest.raises(challenges.ChallengeOver):
        challenges.check(posed.id, {"qa": "1"})
    with override_settings(CHATOPS_MAX_OPEN_CAPTCHAS=1):
        challenges.pose(address="192.0.2.1")
        assert Challenge.objects.count() == 1  # the old one is gone
        with pytest.raises(Refused, match="Too many people"):
            challenges.pose(address="192.0.2.2")


def test_the_letters_of_an_image_count_whatever_their_case(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(challenges, "LETTERS", "A")
    posed = challenges.pose(address="192.0.2.1")
    challenges.check(posed.id, {"ocr": " aaa aAa", "qa": ""})
    assert not Challenge.objects.exists()


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_what_counts_as_one_address(address: str, network: str) -> None:
    assert network_of(address) == network


def test_an_allowance_comes_back_with_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000.0
    monkeypatch.setattr("chatops.accounts.services.doorkeeper.time.monotonic", lambda: now)
    limit = Limit("CHATOPS_REGISTRATIONS_PER_HOUR", "x", "A test's.", "x")
    limits.remove(limit)
    allowance = Allowance(limit)
    with override_settings(CHATOPS_REGISTRATIONS_PER_HOUR=3):
        assert [allowance.take("192.0.2.1") for _ in range(4)] == [True, True, True, False]
        assert allowance.take("192.0.2.2")
        assert not allowance.has_some("192.0.2.1")
        now += 1_201
        assert allowance.has_some("192.0.2.1")
        assert [allowance.take("192.0.2.1") for _ in range(2)] == [True, False]
        assert limit.hits == 3
    with override_settings(CHATOPS_REGISTRATIONS_PER_HOUR=0):
        assert allowance.take("192.0.2.1")
