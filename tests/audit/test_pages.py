"""The trail: what is changed in the browser stands in it, and nobody changes it."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from chatops.accounts.models import User
from chatops.audit.models import Entry
from chatops.audit.services import Actor, record, record_each

pytestmark = pytest.mark.django_db

TRAIL = reverse("admin:audit_entry_changelist")
BY = Actor.command("a test")


@pytest.fixture
def root() -> User:
    return User.objects.create(username="root", is_staff=True, is_superuser=True)


@pytest.fixture
def browser(root: User) -> Client:
    client = Client()
    client.force_login(root)
    return client


def page(browser: Client, url: str) -> str:
    response = browser.get(url)
    assert response.status_code == 200
    return response.content.decode()


def test_the_trail_is_searched_and_filtered(browser: Client) -> None:
    record(BY, "room.create", "tea@conference.localhost")
    record(Actor("bob@localhost", "xmpp"), "roster.set", "coffee@shop.example")
    both = page(browser, TRAIL)
    assert "tea@conference" in both
    assert "coffee@shop" in both
    for query in ("q=coffee", "door=xmpp", "action=roster.set", "actor_name__icontains=bob"):
        found = page(browser, f"{TRAIL}?{query}")
        assert "coffee@shop" in found, query
        assert "tea@conference" not in found, query


def test_details_are_shown_in_words(browser: Client) -> None:
    entry = record(
        BY, "account.change", "alice", before={"name": ""}, after={"name": "<b>A"}, reason="wedding"
    )
    shown = page(browser, reverse("admin:audit_entry_change", args=[entry.pk]))
    assert "<th scope='row'>name</th>" in shown
    assert "&lt;b&gt;A" in shown
    assert "wedding" in shown


def test_not_even_an_administrator_adds_changes_or_deletes_entries(browser: Client) -> None:
    entry = record(BY, "room.create", "tea")
    urls = [
        reverse("admin:audit_entry_add"),
        reverse("admin:audit_entry_change", args=[entry.pk]),
        reverse("admin:audit_entry_delete", args=[entry.pk]),
    ]
    assert [browser.post(url, {"post": "yes"}).status_code for url in urls] == [403] * 3
    browser.post(TRAIL, {"action": "delete_selected", "_selected_action": [entry.pk]})
    assert Entry.objects.get() == entry


def test_staff_without_the_permission_do_not_see_the_trail() -> None:
    client = Client()
    client.force_login(User.objects.create(username="bob", is_staff=True))
    assert client.get(TRAIL).status_code == 403


def test_the_trail_is_written_in_bulk_and_never_overwritten() -> None:
    record_each(BY, "account.add", ["alice", "bob"], imported=True)
    assert list(Entry.objects.order_by("id").values_list("target", "details")) == [
        ("alice", {"imported": True}),
        ("bob", {"imported": True}),
    ]
    entry = Entry.objects.first()
    assert entry is not None
    overwriting = {"update_conflicts": True, "update_fields": ["action"], "unique_fields": ["id"]}
    with pytest.raises(TypeError):
        Entry.objects.bulk_create([entry], **overwriting)


def test_who_is_gone_stays_in_the_trail_by_name(root: User) -> None:
    record(Actor(root.jid, "browser", root.pk), "room.create", "tea")
    root.delete()
    entry = Entry.objects.get()
    assert (entry.actor, entry.actor_name) == (None, "root@localhost")


def test_a_plain_save_is_noted_with_before_and_after(browser: Client) -> None:
    permission = Permission.objects.get(content_type__app_label="audit", codename="view_entry")
    browser.post(reverse("admin:auth_group_add"), {"name": "Auditors", "permissions": []})
    group = Group.objects.get()
    url = reverse("admin:auth_group_change", args=[group.pk])
    browser.post(url, {"name": "Auditors", "permissions": [permission.pk]})
    browser.post(reverse("admin:auth_group_delete", args=[group.pk]), {"post": "yes"})
    noted = Entry.objects.order_by("id").values_list("action", "target", "details")
    assert list(noted) == [
        ("group.add", "Auditors", {"before": {"name": None}, "after": {"name": "Auditors"}}),
        (
            "group.change",
            "Auditors",
            {"before": {"permissions": []}, "after": {"permissions": [str(permission)]}},
        ),
        ("group.delete", "Auditors", {}),
    ]
    assert not LogEntry.objects.exists()
    assert browser.get(reverse("admin:auth_group_history", args=[group.pk])).status_code == 404
