"""The console's page of limits."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from chatops.accounts.models import User
from chatops.contacts.services import CONTACTS
from tests.factories import a_person

pytestmark = pytest.mark.django_db


def seen_by(user: User) -> tuple[int, str]:
    client = Client()
    client.force_login(user)
    answer = client.get("/admin/limits/")
    return answer.status_code, answer.content.decode()


def test_each_limit_is_listed_with_what_happens_and_how_often(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(CONTACTS, "hits", 0)
    monkeypatch.setattr(CONTACTS, "last_hit", None)
    monkeypatch.setattr(f"django.conf.settings.{CONTACTS.setting}", 2)
    auditor = a_person("auditor", is_staff=True)
    auditor.user_permissions.add(
        Permission.objects.get(codename="view_entry", content_type__app_label="audit")
    )
    _, page = seen_by(auditor)
    assert "CHATOPS_MAX_ROSTER_ITEMS" in page
    assert "2 contacts" in page
    assert CONTACTS.is_exceeded_by(3)
    _, page = seen_by(auditor)
    assert "last <time" in page


@pytest.mark.parametrize(("is_staff", "status"), [(True, 403), (False, 302)])
def test_who_may_not_see_it(is_staff: bool, status: int) -> None:
    assert seen_by(a_person("nosy", is_staff=is_staff))[0] == status
