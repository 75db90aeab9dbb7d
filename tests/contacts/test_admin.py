"""The contact pages, as an administrator uses them."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from chatops.accounts.models import User
from chatops.audit.models import Entry
from chatops.contacts import services
from chatops.contacts.models import RosterItem, SubscriptionRequest
from chatops.contacts.subscriptions import Kind
from chatops.core.models import Ring

pytestmark = pytest.mark.django_db

ITEMS = reverse("admin:contacts_rosteritem_changelist")
ADD = reverse("admin:contacts_rosteritem_add")
REQUESTS = reverse("admin:contacts_subscriptionrequest_changelist")


@pytest.fixture
def alice() -> User:
    return User.objects.create(username="alice")


@pytest.fixture
def bob() -> User:
    return User.objects.create(username="bob")


@pytest.fixture
def browser() -> Client:
    root = User.objects.create(username="root", is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(root)
    return client


@pytest.fixture
def waiting(alice: User, bob: User) -> SubscriptionRequest:
    """Alice has asked bob."""
    services.send(alice, contact=bob.jid, kind=Kind.SUBSCRIBE)
    stanza = "<presence xmlns='jabber:client'><status>please, bob</status></presence>"
    services.receive(bob, contact=alice.jid, kind=Kind.SUBSCRIBE, stanza=stanza)
    return SubscriptionRequest.objects.get()


def page(browser: Client, url: str) -> str:
    response = browser.get(url)
    assert response.status_code == 200
    return response.content.decode()


def test_contacts_are_listed_found_and_filtered(browser: Client, alice: User) -> None:
    for name in ("tea", "coffee"):
        services.set_item(alice, jid=f"{name}@shop.example", name=name.title(), groups=["Shops"])
    shown = page(browser, ITEMS)
    assert "tea@shop.example" in shown
    assert "neither sees the other" in shown
    found = page(browser, f"{ITEMS}?q=coffee")
    assert "coffee@shop.example" in found
    assert "tea@shop.example" not in found
    assert "tea@shop.example" not in page(browser, f"{ITEMS}?subscription__exact=both")
    assert "tea@shop.example" in page(browser, f"{ITEMS}?user__id__exact={alice.pk}")


def test_a_contact_is_added_renamed_and_removed_for_somebody(browser: Client, alice: User) -> None:
    assert 'value="alice"' in page(browser, f"{ADD}?person=alice")
    fields = {"name": "Tea", "group_lines": "Shops\n\nWork "}
    browser.post(ADD, {"person": "alice", "contact": "Tea@Shop.example/x", **fields})
    item = RosterItem.objects.get()
    assert (item.user, item.jid, item.groups) == (alice, "tea@shop.example", ["Shops", "Work"])
    change = reverse("admin:contacts_rosteritem_change", args=[item.pk])
    assert "Shops\nWork" in page(browser, change)
    browser.post(change, {"name": "Green tea", "group_lines": ""})
    item.refresh_from_db()
    assert (item.name, item.groups) == ("Green tea", [])
    browser.post(reverse("admin:contacts_rosteritem_delete", args=[item.pk]), {"post": "yes"})
    assert not RosterItem.objects.exists()
    deeds = [entry.action for entry in Entry.objects.filter(action__startswith="roster")]
    assert deeds == ["roster.remove", "roster.set", "roster.set"]
    assert Ring.objects.count() == 3


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"person": "nobody"}, "There is no account nobody."),
        ({"contact": "@@"}, "That is not an address."),
        ({"contact": "alice@localhost"}, "One cannot have oneself as a contact."),
        ({"group_lines": "x\nx"}, "A group is named twice."),
    ],
)
def test_a_mistake_is_explained_on_the_page(
    browser: Client, alice: User, fields: dict[str, str], sentence: str
) -> None:
    good = {"person": "alice", "contact": "tea@shop.example", "name": "", "group_lines": ""}
    response = browser.post(ADD, {**good, **fields})
    assert sentence in response.content.decode()
    assert not RosterItem.objects.exists()


@pytest.mark.parametrize("by_list", [True, False])
@pytest.mark.parametrize(("answer", "subscription"), [("accept", ["from"]), ("deny", [])])
def test_a_request_is_answered_for_somebody(
    browser: Client,
    waiting: SubscriptionRequest,
    *,
    answer: str,
    subscription: list[str],
    by_list: bool,
) -> None:
    assert "please, bob" in page(browser, REQUESTS)
    if by_list:
        url, data = REQUESTS, {"action": answer, "_selected_action": [waiting.pk]}
    else:
        assert deed(waiting, answer) in page(browser, page_of(waiting))
        url, data = deed(waiting, answer), {}
    response = browser.post(url, data, follow=True)
    assert "alice@localhost" in response.content.decode()
    stored = RosterItem.objects.filter(user__username="bob").values_list("subscription", flat=True)
    assert list(stored) == subscription
    assert not SubscriptionRequest.objects.exists()
    assert Entry.objects.filter(action=f"roster.{answer}").count() == 1


def test_the_persons_page_leads_to_the_contacts(browser: Client, alice: User) -> None:
    services.set_item(alice, jid="tea@shop.example", name="", groups=[])
    shown = page(browser, reverse("admin:accounts_user_change", args=[alice.pk]))
    for link in (f"{ITEMS}?user__id__exact={alice.pk}", f"{ADD}?person=alice"):
        assert f'href="{link}"' in shown


def page_of(waiting: SubscriptionRequest) -> str:
    return reverse("admin:contacts_subscriptionrequest_change", args=[waiting.pk])


def deed(waiting: SubscriptionRequest, name: str) -> str:
    return reverse("admin:contacts_subscriptionrequest_do", args=[waiting.pk, name])


def test_who_may_only_look_cannot_change_or_answer(
    alice: User, waiting: SubscriptionRequest
) -> None:
    clerk = User.objects.create(username="clerk", is_staff=True)
    clerk.user_permissions.set(
        Permission.objects.filter(content_type__app_label="contacts", codename__startswith="view")
    )
    browser = Client()
    browser.force_login(clerk)
    assert "please, bob" in page(browser, REQUESTS)
    assert browser.post(ADD, {"person": "alice", "contact": "a@b.example"}).status_code == 403
    assert deed(waiting, "accept") not in page(browser, page_of(waiting))
    assert browser.post(deed(waiting, "accept")).status_code == 403
    browser.post(REQUESTS, {"action": "accept", "_selected_action": [waiting.pk]})
    assert SubscriptionRequest.objects.exists()
    assert not Entry.objects.filter(action__startswith="roster").exists()
