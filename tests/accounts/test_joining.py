"""The pages on which people join, sign in, and look after their own account."""

import re
from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from chatops.accounts import services
from chatops.accounts.models import Challenge, FailedLogin, Invitation, User
from chatops.accounts.services import doorkeeper
from chatops.accounts.services.challenges import NUMBERS
from chatops.audit.models import Entry
from chatops.audit.services import Actor
from chatops.core.models import Ring

pytestmark = pytest.mark.django_db
BY = Actor.command("a test")
NEW = "kettle-and-cup-7"
REGISTER, ACCOUNT, LOGIN = reverse("register"), reverse("account"), reverse("account-login")


@pytest.fixture(autouse=True)
def _fresh_allowances() -> None:
    for each in (doorkeeper.ATTEMPTS, doorkeeper.ACCOUNTS, doorkeeper.FAILED_LOGINS):
        each.forget()


@pytest.fixture
def alice() -> User:
    return services.add_account("alice", password=NEW, by=BY, name="Alice A.")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text(answer: HttpResponse) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


def joining(username: str = "bob", password: str = NEW, **fields: str) -> dict[str, str]:
    return {"username": username, "password": password, "again": password, **fields}


def test_a_closed_service_says_so() -> None:
    with override_settings(CHATOPS_REGISTRATION="off"):
        for answer in (Client().get(REGISTER), Client().post(REGISTER, joining())):
            assert answer.status_code == 403
            assert "Nobody can register here" in text(answer)
        assert "No account yet?" not in text(Client().get(LOGIN))
    assert not User.objects.exists()


@override_settings(CHATOPS_REGISTRATION="open")
def test_somebody_joins_and_is_shown_how_to_connect() -> None:
    client = Client(enforce_csrf_checks=True)
    page = text(client.get(REGISTER))
    assert "@localhost" in page
    assert "picture" not in page
    assert client.post(REGISTER, joining()).status_code == 403
    client = Client()
    answer = client.post(REGISTER, joining("Bob", name="Bob B."), follow=True)
    assert answer.redirect_chain == [(reverse("account-welcome"), 302)]
    for words in ("Welcome, Bob B.", "bob@localhost", "xmpp:bob@localhost", "<svg", "5222"):
        assert words in text(answer)
    assert User.objects.get().check_password(NEW)
    assert Entry.objects.get(action="account.add").door == "browser"


@override_settings(CHATOPS_REGISTRATION="open")
@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (joining(""), "This field is required"),
        (joining("b b"), "not an address"),
        (joining("alice"), "is taken"),
        (joining("ALICE@localhost"), "is taken"),
        (joining("admin"), "only administrators give"),
        (joining(password="short"), "too short"),
        (joining(password="password"), "too common"),
        ({**joining(), "again": "other"}, "The two passwords differ"),
        (joining("<script>"), "&lt;script&gt;"),
        (joining("b\x00b"), "Null characters"),
        ({**joining(), "name": "x" * 201}, "at most 200"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(
    alice: User, fields: dict[str, str], sentence: str
) -> None:
    answer = Client().post(REGISTER, fields)
    assert answer.status_code == 200
    assert sentence in text(answer)
    assert "aria-invalid" in text(answer)
    assert NEW not in text(answer)
    assert User.objects.count() == 1


@override_settings(CHATOPS_REGISTRATION="open", CHATOPS_REGISTRATIONS_PER_HOUR=1)
def test_an_address_that_has_had_enough_is_told_so() -> None:
    assert Client().post(REGISTER, joining()).status_code == 302
    answer = Client().post(REGISTER, joining("charlie"))
    assert answer.status_code == 429
    assert "try again later" in text(answer)
    assert Client(REMOTE_ADDR="192.0.2.7").post(REGISTER, joining("charlie")).status_code == 302


def riddle(page: str) -> dict[str, str]:
    challenge = re.search(r'name="challenge" value="([^"]+)"', page)
    question = re.search(r"How much is (\w+) (plus|minus) (\w+)\?", page)
    assert challenge is not None
    assert question is not None
    left, sign, right = question.groups()
    one, other = NUMBERS.index(left), NUMBERS.index(right)
    return {
        "challenge": challenge.group(1),
        "qa": str(one + other if sign == "plus" else one - other),
    }


@override_settings(CHATOPS_REGISTRATION="captcha")
@pytest.mark.spec("XEP-0158")
def test_a_riddle_stands_at_the_door() -> None:
    client = Client()
    page = text(client.get(REGISTER))
    solved = riddle(page)
    image = client.get(reverse("register-image", args=[solved["challenge"]]))
    assert image.headers["Content-Type"] == "image/png"
    assert image.content.startswith(b"\x89PNG")

    # A slip elsewhere does not cost the riddle; a wrong answer does.
    page = text(client.post(REGISTER, joining(password="short", **solved)))
    assert riddle(page) == solved
    page = text(client.post(REGISTER, joining(**{**solved, "qa": "99"})))
    assert "not the right answer" in page
    again = riddle(page)
    assert again["challenge"] != solved["challenge"]
    assert "already" in text(client.post(REGISTER, joining(**solved)))
    page = text(client.post(REGISTER, joining()))
    assert "Answer the question" in page
    assert client.post(REGISTER, joining(**again)).status_code == 302
    assert User.objects.get().username == "bob"
    assert client.get(reverse("register-image", args=["x"])).status_code == 404
    assert not Challenge.objects.filter(pk=again["challenge"]).exists()


@pytest.mark.parametrize("odd", ["\x00", "茶" * 2_000, "<b>", "'; DROP", "\ud800"])
@pytest.mark.parametrize("mode", ["off", "invite", "captcha", "open"])
def test_odd_input_breaks_no_page(alice: User, mode: str, odd: str) -> None:
    odd = odd.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    fields = (
        *("username", "password", "again", "name", "challenge", "ocr", "qa", "code", "old"),
        *("sure", "note", "next"),
    )
    invitation = services.invite(by=BY, contact=alice)
    with override_settings(CHATOPS_REGISTRATION=mode, CHATOPS_INVITES="everybody"):
        for client in (Client(), signed_in(alice)):
            for name in (
                "register",
                "account",
                "account-login",
                "account-remove",
                "account-invite",
            ):
                data = dict.fromkeys(fields, odd)
                assert client.post(reverse(name), data).status_code < 500, name
                assert client.get(reverse(name), data).status_code < 500, name
                assert client.head(reverse(name)).status_code < 500, name
            for token in ("x", "x" * 3_000, services.token_of(invitation)):
                url = reverse("invitation", args=[token])
                assert client.post(url, dict.fromkeys(fields, odd)).status_code < 500
    assert User.objects.count() == 1


@override_settings(CHATOPS_REGISTRATION="captcha", CHATOPS_REGISTRATION_ATTEMPTS_PER_HOUR=2)
def test_riddles_run_out() -> None:
    assert [Client().get(REGISTER).status_code for _ in range(3)] == [200, 200, 429]
    assert "Try again later" in text(Client().get(REGISTER))


@pytest.mark.spec("XEP-0401 §4.2", "XEP-0379 §3.3")
def test_an_invitation_explains_itself_and_makes_the_account(alice: User) -> None:
    invitation = services.invite(by=BY, contact=alice)
    url = reverse("invitation", args=[services.token_of(invitation)])
    page = text(Client(HTTP_USER_AGENT="Mozilla/5.0 (Linux; Android 15)").get(url))
    for words in ("Alice A. invites you", "alice@localhost", "ibr=y", "<svg", "Conversations"):
        assert words in page
    assert page.index("Conversations") < page.index("For other devices") < page.index("Gajim")
    answer = Client().post(REGISTER, {"code": services.token_of(invitation).upper()})
    assert answer.headers["Location"] == url
    answer = Client().post(url, joining(), follow=True)
    assert "Welcome, bob" in text(answer)
    answer = Client().get(url)
    assert answer.status_code == 410
    assert "has been used already" in text(answer)


def test_who_is_signed_in_stays_who_he_is(alice: User) -> None:
    client = signed_in(alice)
    url = reverse("invitation", args=[services.token_of(services.invite(by=BY))])
    assert "bob@localhost" in text(client.post(url, joining()))
    assert "alice@localhost" in text(client.get(ACCOUNT))


def test_a_kept_name_is_not_to_be_chosen() -> None:
    invitation = services.invite(by=BY, username="charlie")
    url = reverse("invitation", args=[services.token_of(invitation)])
    page = text(Client().get(url))
    assert 'value="charlie"' in page
    assert Client().post(url, joining("root")).status_code == 302
    assert User.objects.get().username == "charlie"


def test_invitations_that_are_over_say_why(alice: User) -> None:
    gone = services.invite(by=BY)
    services.revoke(gone, by=BY)
    old = services.invite(by=BY)
    Invitation.objects.filter(pk=old.pk).update(use_by=timezone.now() - timedelta(days=1))
    for invitation, words in ((gone, "was withdrawn"), (old, "is too old")):
        url = reverse("invitation", args=[services.token_of(invitation)])
        for answer in (Client().get(url), Client().post(url, joining())):
            assert answer.status_code == 410
            assert words in text(answer)
    assert Client().get(reverse("invitation", args=["0" * 24])).status_code == 404
    assert "unknown" in text(Client().post(REGISTER, {"code": "0" * 24}))
    assert User.objects.count() == 1


def test_an_invitation_to_be_a_contact_makes_no_account(alice: User) -> None:
    invitation = services.invite(by=BY, contact=alice, makes_account=False)
    url = reverse("invitation", args=[services.token_of(invitation)])
    page = text(Client().get(url))
    assert "would like to chat with you" in page
    assert "ibr=y" not in page
    Client().post(url, joining())
    assert User.objects.count() == 1


def test_ones_own_account_needs_a_login(alice: User) -> None:
    for name in ("account", "account-welcome", "account-remove", "account-changed"):
        answer = Client().get(reverse(name))
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith(LOGIN)
    client = Client()
    answer = client.post(LOGIN, {"username": "alice@localhost", "password": NEW}, follow=True)
    assert "alice@localhost" in text(answer)
    assert "You have not logged in with a program yet" in text(answer)
    assert "Console" not in text(answer)
    services.note_login(user_id=alice.pk, resource="desk", door="tcp")
    assert "desk" in text(client.get(ACCOUNT))
    client.post(reverse("account-logout"))
    assert client.get(ACCOUNT).status_code == 302


def test_wrong_passwords_are_counted_on_every_page(alice: User) -> None:
    with override_settings(CHATOPS_WEB_LOGIN_FAILURES_PER_HOUR=2):
        wrong, right = ({"username": "alice", "password": each} for each in ("wrong", NEW))
        for _ in range(2):
            assert "correct" in text(Client().post(LOGIN, wrong))
        assert "Too many wrong passwords" in text(Client().post(LOGIN, right))
        assert "Too many wrong passwords" in text(Client().post(reverse("admin:login"), right))
        fields = {"old": NEW, "password": "a fine new one", "again": "a fine new one"}
        assert "Too many wrong passwords" in text(signed_in(alice).post(ACCOUNT, fields))
        assert Client(REMOTE_ADDR="192.0.2.7").post(LOGIN, right).status_code == 302
    assert FailedLogin.objects.get().count == 2


def test_a_password_is_changed_by_who_knows_it(alice: User) -> None:
    client = signed_in(alice)
    fields = {"old": NEW, "password": "a fine new one", "again": "a fine new one"}
    for changes, words in (
        ({"old": "wrong"}, "not your password"),
        ({"again": "x"}, "differ"),
        ({"password": "alice", "again": "alice"}, "too short"),
    ):
        assert words in text(client.post(ACCOUNT, {**fields, **changes}))
    answer = client.post(ACCOUNT, fields, follow=True)
    assert "Your password is changed" in text(answer)
    alice.refresh_from_db()
    assert alice.check_password("a fine new one")
    rung = [ring.payload["condition"] for ring in Ring.objects.filter(kind__endswith="SessionsEnd")]
    assert rung == ["not-authorized"]
    assert Entry.objects.get(action="account.password").actor_name == "alice@localhost"


def test_an_account_is_removed_by_its_owner(alice: User) -> None:
    client, url = signed_in(alice), reverse("account-remove")
    assert "Remove alice@localhost?" in text(client.get(url))
    assert "not your password" in text(client.post(url, {"password": "wrong", "sure": "on"}))
    assert "required" in text(client.post(url, {"password": NEW}))
    assert User.objects.exists()
    with override_settings(CHATOPS_ACCOUNT_REMOVAL=False):
        assert "Leave" not in text(client.get(ACCOUNT))
        assert client.post(url, {"password": NEW, "sure": "on"}).status_code == 403
    assert "is removed" in text(client.post(url, {"password": NEW, "sure": "on"}))
    assert not User.objects.exists()
    assert client.get(ACCOUNT).status_code == 302
    assert Entry.objects.filter(action="account.remove", actor_name="alice@localhost").exists()


def test_the_last_administrator_stays() -> None:
    root = services.add_account("root", password=NEW, by=BY, is_admin=True)
    client = signed_in(root)
    assert "Console" in text(client.get(ACCOUNT))
    answer = client.post(reverse("account-remove"), {"password": NEW, "sure": "on"})
    assert "last administrator" in text(answer)
    assert User.objects.exists()


def test_people_invite_friends_where_they_may(alice: User) -> None:
    client, url = signed_in(alice), reverse("account-invite")
    assert "Invite somebody" not in text(client.get(ACCOUNT))
    assert client.post(url).status_code == 403
    assert Client().get(url).status_code == 302
    with override_settings(CHATOPS_INVITES="everybody", CHATOPS_MAX_OPEN_INVITATIONS=2):
        assert "Invite somebody" in text(client.get(ACCOUNT))
        assert "no open invitations" in text(client.get(url))
        page = text(client.post(url, {"note": "For <b>Bob</b>"}, follow=True))
        invitation = Invitation.objects.get()
        assert f"/invite/{services.token_of(invitation)}/" in page
        assert "For &lt;b&gt;Bob&lt;/b&gt;" in page
        assert (invitation.contact, invitation.made_by) == (alice, alice)
        client.post(url)
        assert "withdraw an invitation first" in text(client.post(url))
        withdraw = reverse("account-withdraw", args=[invitation.pk])
        bob = services.add_account("bob", password=NEW, by=BY)
        assert signed_in(bob).post(withdraw).status_code == 404
        assert client.get(withdraw).status_code == 405
        client.post(withdraw)
        invitation.refresh_from_db()
        assert invitation.state == Invitation.State.REVOKED
        assert client.post(withdraw).status_code == 404
