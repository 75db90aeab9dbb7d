"""The pages of people, as administrators and their helpers use them."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from chatops.accounts import services
from chatops.accounts.models import Device, User
from chatops.audit.models import Entry
from chatops.audit.services import Actor
from chatops.core.models import Ring

pytestmark = pytest.mark.django_db

PEOPLE = reverse("admin:accounts_user_changelist")
ADD = reverse("admin:accounts_user_add")
LOGIN = reverse("admin:login")
PASSWORD = "kettle-and-cup-7"
BY = Actor.command("a test")


def add(name: str, *, is_staff: bool = False, is_admin: bool = False) -> User:
    return services.add_account(
        name, password=PASSWORD, by=BY, is_staff=is_staff, is_admin=is_admin
    )


@pytest.fixture
def root() -> User:
    return add("root", is_admin=True)


@pytest.fixture
def alice(root: User) -> User:
    return add("alice")


@pytest.fixture
def browser(root: User) -> Client:
    return signed_in(root)


@pytest.fixture
def helper() -> User:
    """May use the console, and nothing in it yet."""
    return add("helper", is_staff=True)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def may(user: User, *names: str) -> Client:
    permissions = Permission.objects.filter(content_type__app_label="accounts", codename__in=names)
    assert permissions.count() == len(names)
    user.user_permissions.add(*permissions)
    return signed_in(user)


def page_of(user: User) -> str:
    return reverse("admin:accounts_user_change", args=[user.pk])


def do(client: Client, user: User, deed: str, **fields: str) -> HttpResponse:
    url = reverse("admin:accounts_user_do", args=[user.pk, deed])
    return client.post(url, fields, follow=True)  # type: ignore[return-value]


def deeds() -> list[str]:
    return list(Entry.objects.exclude(actor=None).order_by("id").values_list("action", flat=True))


def rung() -> list[dict[str, str]]:
    ends = Ring.objects.filter(kind__endswith=".SessionsEnd").order_by("id")
    return [ring.payload for ring in ends]


@pytest.mark.parametrize("address", ["root", "root@localhost", "ROOT@localhost"])
def test_one_signs_in_with_a_name_or_an_address(root: User, address: str) -> None:
    client = Client()
    response = client.post(LOGIN, {"username": address, "password": PASSWORD})
    assert response.status_code == 302
    assert client.get(PEOPLE).status_code == 200


@pytest.mark.parametrize(
    ("username", "target"),
    [
        ("alice", "alice@localhost"),
        ("nobody", "an unknown account"),
        ("alice@elsewhere.example", "an unknown account"),
        ("@@", "an unknown account"),
    ],
)
@pytest.mark.parametrize("password", ["wrong", "bell\x07"])
def test_a_failed_login_is_refused_and_noted_without_what_was_typed(
    alice: User, username: str, target: str, password: str
) -> None:
    response = Client().post(LOGIN, {"username": username, "password": password})
    assert response.status_code == 200
    entry = Entry.objects.filter(action="login.failed").get()
    assert (entry.door, entry.target, entry.address) == ("browser", target, "127.0.0.1")
    assert password not in str(entry.details)


def test_people_are_listed_searched_and_filtered(browser: Client, alice: User) -> None:
    services.suspend(alice, reason="holiday", by=BY)
    assert "alice@localhost" in browser.get(PEOPLE).content.decode()
    for query, there in [
        ("q=ali", True),
        ("q=bob", False),
        ("is_active__exact=0", True),
        ("is_staff__exact=1", False),
        ("online=yes", False),
        ("online=no", True),
    ]:
        shown = browser.get(f"{PEOPLE}?{query}").content.decode()
        assert (">alice@localhost<" in shown) is there, query


def test_a_person_is_added_and_can_sign_in(browser: Client) -> None:
    fields = {"username": "Bob@localhost", "password": PASSWORD, "name": "Bob B."}
    assert browser.post(ADD, {**fields, "email": "b@example.org"}).status_code == 302
    bob = User.objects.get(username="bob")
    assert (bob.name, bob.email, bob.is_staff) == ("Bob B.", "b@example.org", False)
    assert bob.check_password(PASSWORD)
    assert deeds() == ["account.add"]


@pytest.mark.parametrize(
    ("username", "password", "sentence"),
    [
        ("alice", PASSWORD, "already exists"),
        ("bob@elsewhere.example", PASSWORD, "not in localhost"),
        ("b b", PASSWORD, "not an address"),
        ("bob", "short", "too short"),
        ("bob", "password", "too common"),
        ("bob", "bell\x07bell\x07bell", "not allowed"),
    ],
)
def test_a_person_who_cannot_be_is_refused_with_a_sentence(
    browser: Client, alice: User, username: str, password: str, sentence: str
) -> None:
    people = User.objects.count()
    response = browser.post(ADD, {"username": username, "password": password})
    assert sentence in response.content.decode()
    assert User.objects.count() == people


def test_changes_are_noted_with_before_and_after(browser: Client, alice: User) -> None:
    group = Group.objects.create(name="Helpers")
    url = page_of(alice)
    shown = {"name": "Alice A.", "email": "", "is_staff": "on", "groups": [group.pk]}
    assert browser.post(url, shown).status_code == 302
    noted = Entry.objects.exclude(actor=None).order_by("id").values_list("action", "details")
    assert list(noted) == [
        (
            "account.change",
            {
                "before": {"name": "", "is_staff": False},
                "after": {"name": "Alice A.", "is_staff": True},
            },
        ),
        ("account.rights", {"before": {"groups": []}, "after": {"groups": ["Helpers"]}}),
    ]


def test_saving_leaves_alone_what_happened_meanwhile(browser: Client, alice: User) -> None:
    services.suspend(alice, reason="holiday", by=BY)
    assert browser.post(page_of(alice), {"name": "A", "is_active": "on"}).status_code == 302
    alice.refresh_from_db()
    assert (alice.name, alice.is_active) == ("A", False)


def test_somebody_is_logged_out_suspended_and_resumed(browser: Client, alice: User) -> None:
    do(browser, alice, "logout", resource="desk")
    do(browser, alice, "logout")
    response = do(browser, alice, "suspend", reason="holiday")
    assert "alice@localhost is suspended" in response.content.decode()
    assert "holiday" in response.content.decode()
    do(browser, alice, "resume")
    assert deeds() == ["account.logout", "account.logout", "account.suspend", "account.resume"]
    ended = [(news["resource"], news["condition"]) for news in rung()]
    assert ended == [("desk", "policy-violation")] + [("", "policy-violation")] * 2


def test_many_are_logged_out_at_once(browser: Client, alice: User, root: User) -> None:
    keys = [alice.pk, root.pk]
    browser.post(PEOPLE, {"action": "log_out", "_selected_action": keys})
    assert sorted(news["bare"] for news in rung()) == ["alice@localhost", "root@localhost"]


def test_a_password_is_set_for_somebody(browser: Client, alice: User) -> None:
    for password, again, sentence in [
        ("a fine new one", "another", "The two passwords differ"),
        ("short", "short", "too short"),
        ("a fine new one", "a fine new one", "is changed"),
    ]:
        response = do(browser, alice, "password", password=password, again=again)
        assert sentence in response.content.decode()
    alice.refresh_from_db()
    assert alice.check_password("a fine new one")
    assert [news["condition"] for news in rung()] == ["not-authorized"]


def test_ones_own_new_password_is_noted_and_keeps_this_browser(browser: Client, root: User) -> None:
    fields = {"old_password": PASSWORD, "new_password1": "bell\x07bell\x07bell"}
    fields["new_password2"] = fields["new_password1"]
    url = reverse("admin:password_change")
    assert "not allowed" in browser.post(url, fields).content.decode()
    fields |= {"new_password1": "a fine new one", "new_password2": "a fine new one"}
    assert browser.post(url, fields).status_code == 302
    assert browser.get(PEOPLE).status_code == 200
    assert deeds() == ["account.password"]
    assert [news["bare"] for news in rung()] == [root.jid]


def test_a_person_is_deleted_with_devices_and_all(browser: Client, alice: User) -> None:
    services.note_login(user_id=alice.pk, resource="desk", door="tcp")
    url = reverse("admin:accounts_user_delete", args=[alice.pk])
    assert "alice@localhost" in browser.get(url).content.decode()
    assert browser.post(url, {"post": "yes"}).status_code == 302
    assert not User.objects.filter(pk=alice.pk).exists()
    assert not Device.objects.exists()
    assert deeds() == ["account.remove"]


def test_the_last_administrators_stay(browser: Client, root: User) -> None:
    other = add("other", is_admin=True)
    keys = [root.pk, other.pk]
    browser.post(PEOPLE, {"action": "delete_selected", "_selected_action": keys, "post": "yes"})
    assert User.objects.filter(pk__in=keys).count() == 2
    services.remove_account(other, by=BY)
    response = browser.post(page_of(root), {"name": "", "is_staff": "on"})
    assert "last administrator" in response.content.decode()
    delete = reverse("admin:accounts_user_delete", args=[root.pk])
    response = browser.post(delete, {"post": "yes"})
    assert "last administrator" in response.content.decode()
    root.refresh_from_db()
    assert root.is_superuser


@pytest.mark.parametrize("deed", ["logout", "suspend", "resume", "password"])
def test_a_deed_needs_its_permission_and_a_post(alice: User, helper: User, deed: str) -> None:
    client = may(helper, "view_user", "change_user")
    assert do(client, alice, deed, reason="x").status_code == 403
    url = reverse("admin:accounts_user_do", args=[alice.pk, deed])
    assert client.get(url).status_code == 405
    assert deeds() == []


def test_helpers_reach_people_but_nobody_who_uses_the_console(
    root: User, alice: User, helper: User
) -> None:
    client = may(
        helper,
        "view_user",
        "change_user",
        "delete_user",
        "end_sessions",
        "suspend_user",
        "reset_password",
    )
    colleague = add("colleague", is_staff=True)
    new = {"password": "a fine new one", "again": "a fine new one"}
    for user in (root, colleague):
        assert client.get(page_of(user)).status_code == 200
        assert client.post(page_of(user), {"name": "x"}).status_code == 403
        assert do(client, user, "password", **new).status_code == 403
        assert do(client, user, "suspend", reason="x").status_code == 403
        delete = reverse("admin:accounts_user_delete", args=[user.pk])
        assert client.post(delete, {"post": "yes"}).status_code == 403
        keys = [user.pk, alice.pk]
        client.post(PEOPLE, {"action": "log_out", "_selected_action": keys})
        bulk = {"action": "delete_selected", "_selected_action": keys, "post": "yes"}
        client.post(PEOPLE, bulk)
    assert deeds() == []
    assert User.objects.filter(username__in=["root", "alice", "colleague"]).count() == 3
    assert do(client, alice, "suspend", reason="x").status_code == 200
    assert deeds() == ["account.suspend"]


def test_helpers_do_not_give_rights(alice: User, helper: User) -> None:
    client = may(helper, "view_user", "change_user", "add_user")
    client.post(page_of(alice), {"name": "A", "is_staff": "on", "is_superuser": "on"})
    client.post(ADD, {"username": "bob", "password": PASSWORD, "is_staff": "on"})
    client.post(page_of(helper), {"name": "H", "is_superuser": "on"})
    assert list(User.objects.filter(is_superuser=True).values_list("username", flat=True)) == [
        "root"
    ]
    assert not User.objects.get(username="bob").is_staff
    assert client.get(reverse("admin:auth_group_add")).status_code == 403
