"""Every page of the console, as seen by everybody: the status is right and never 500."""

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import URLPattern, URLResolver, reverse

from tests.factories import a_person, one_of_each

pytestmark = pytest.mark.django_db

FOR_EVERYBODY = {"login"}
FOR_ALL_STAFF = {"index", "password_change", "password_change_done", "jsi18n", "search"}
# What an administrator may get instead: nobody adds audit entries, and deeds are posted.
NOT_A_PAGE = {403, 404, 405}


def patterns(urls: list[URLPattern | URLResolver]) -> Iterator[URLPattern]:
    for each in urls:
        if isinstance(each, URLResolver):
            yield from patterns(each.url_patterns)
        elif each.name:
            yield each


@pytest.fixture
def addresses() -> dict[str, str]:
    """The console's pages by name; those of an object with one that exists."""
    objects = one_of_each()
    found = {}
    for pattern in patterns(admin.site.urls[0]):
        name = str(pattern.name)
        item = objects.get(name.rpartition("_")[0])
        if item is None and "object_id" in pattern.pattern.converters:
            continue
        values = {
            "object_id": item.pk if item is not None else "",
            "deed": "nothing",
            "message_id": objects["archive_message"].pk,
        }
        if name == "app_list":
            found[name] = reverse("admin:app_list", args=["rooms"])
            continue
        wanted = {key: values[key] for key in pattern.pattern.converters}
        found[name] = reverse(f"admin:{name}", kwargs=wanted)
    del found["logout"]  # it is posted, and ends the session of the one who looks
    return found


def statuses(client: Client, addresses: dict[str, str]) -> dict[str, int]:
    """What comes in the end: some pages lead on to others."""
    return {
        name: client.get(address, follow=True).status_code for name, address in addresses.items()
    }


def test_a_stranger_is_sent_to_the_login(addresses: dict[str, str]) -> None:
    for name, address in addresses.items():
        answer = Client().get(address)
        if name in FOR_EVERYBODY:
            assert answer.status_code == 200, name
        else:
            assert answer.status_code == 302, name
            assert answer.headers["Location"].startswith("/admin/login/"), name


def test_staff_without_permissions_sees_nothing_of_others(addresses: dict[str, str]) -> None:
    client = Client()
    client.force_login(a_person("clerk", is_staff=True))
    seen = statuses(client, addresses)
    for name in (*FOR_EVERYBODY, *FOR_ALL_STAFF):
        assert seen.pop(name) == 200, name
    assert {name: status for name, status in seen.items() if status not in {403, 404, 405}} == {}


def test_an_administrator_sees_every_page(addresses: dict[str, str]) -> None:
    client = Client()
    client.force_login(a_person("root", is_staff=True, is_superuser=True))
    seen = statuses(client, addresses)
    assert {n: status for n, status in seen.items() if status not in {200, *NOT_A_PAGE}} == {}
    lists = [name for name in seen if name.endswith("_changelist") or name == "index"]
    assert {name: seen[name] for name in lists if seen[name] != 200} == {}
    ours = [f"{name}_change" for name in one_of_each_names()]
    assert {name: seen[name] for name in ours if seen[name] != 200} == {}


def one_of_each_names() -> list[str]:
    return [
        f"{model._meta.app_label}_{model._meta.model_name}"
        for model in admin.site._registry
        if model.__module__.startswith("chatops.")
    ]


@pytest.mark.parametrize("word", ["tea", "'; DROP", "\x00", "%", "茶" * 300])
def test_every_search_field_takes_every_word(addresses: dict[str, str], word: str) -> None:
    client = Client()
    client.force_login(a_person("root", is_staff=True, is_superuser=True))
    for name, address in addresses.items():
        if name.endswith("_changelist"):
            assert client.get(address, {"q": word}).status_code in {200, 302}, name


def test_forged_addresses_are_refused_not_failed(addresses: dict[str, str]) -> None:
    client = Client()
    client.force_login(a_person("root", is_staff=True, is_superuser=True))
    for name in one_of_each_names():
        for number in ("0", "x", "9" * 30, "a%00b"):
            address = reverse(f"admin:{name}_changelist") + f"{number}/change/"
            assert client.get(address).status_code in {302, 404}, address
        odd = {"p": "x", "o": "99.x", "e": "1", "id__exact": "x"}
        assert client.get(addresses[f"{name}_changelist"], odd).status_code in {200, 302}, name
