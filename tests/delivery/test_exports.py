"""The delivery log as a file: whole, once, for its owner alone."""

import csv
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Permission
from django.db import connections
from django.test import AsyncClient, Client
from django.urls import reverse
from django.utils import timezone

from chatops.accounts.models import Device, User
from chatops.archive.models import Message
from chatops.audit.models import Entry
from chatops.audit.services import Actor
from chatops.core.ids import new_id
from chatops.delivery import export_jobs, walking
from chatops.delivery.export_jobs import TooManyExports, UnknownFormat
from chatops.delivery.log import LogQuery
from chatops.delivery.models import Delivery, EventKind, ExportJob, State
from tests.factories import a_message, a_person, add_event

pytestmark = pytest.mark.django_db

LIST = reverse("admin:delivery_exportjob_changelist")
START = reverse("admin:delivery_exportjob_start")
BY = Actor.command("a test")
State_ = ExportJob.State


@pytest.fixture(autouse=True)
def _folder(settings: Any, tmp_path: Path) -> None:
    settings.CHATOPS_DATA = tmp_path


@pytest.fixture
def alice() -> User:
    return a_person("alice", is_staff=True, is_superuser=True)


@pytest.fixture
def bob() -> User:
    return a_person("bob")


def sent(alice: User, bob: User, number: int = 1, words: str = "Tea?") -> list[Delivery]:
    device, _ = Device.objects.get_or_create(user=bob, resource="=cmd|'/c calc'!A1")
    return [
        Delivery.objects.create(
            id=new_id(),
            message=a_message(alice, bob, words),
            recipient=bob,
            device=device,
            state=State.SENT,
            changed=new_id(),
        )
        for _ in range(number)
    ]


def asked(owner: User, query: LogQuery | None = None, name: str = "csv") -> ExportJob:
    return export_jobs.request(owner=owner, by=BY, query=query or LogQuery(), format_name=name)


def done(job: ExportJob) -> str:
    export_jobs.work(job.pk)
    job.refresh_from_db()
    assert job.state == State_.DONE
    return export_jobs.path_of(job).read_bytes().decode()


def test_csv_and_json_have_the_same_rows_newest_first(alice: User, bob: User) -> None:
    rows = sent(alice, bob, 5)[::-1]
    event = add_event(
        id=rows[0].changed, message_id=rows[0].message_id, kind=EventKind.SENT, detail="+1+1"
    )
    from_csv = list(csv.DictReader(io.StringIO(done(asked(alice)))))
    from_json = json.loads(done(asked(alice, name="json")))
    for found in (from_csv, from_json):
        assert [each["message_id"] for each in found] == [str(row.message_id) for row in rows]
        assert {each["recipient"] for each in found} == {"bob@localhost"}
    assert from_json[0]["detail"] == event.detail
    assert from_json[0]["device"] == "=cmd|'/c calc'!A1"


def test_no_cell_is_a_formula(alice: User, bob: User) -> None:
    (row,) = sent(alice, bob)
    Message.objects.filter(pk=row.message_id).update(sender="+1@x.example/@SUM(A1)", stanza_id="-2")
    (found,) = csv.DictReader(io.StringIO(done(asked(alice))))
    assert found["device"] == "'=cmd|'/c calc'!A1"
    assert found["sender"] == "'+1@x.example/@SUM(A1)"
    assert found["client_id"] == "'-2"


def test_what_the_filters_show_is_exported_and_nothing_that_comes_later(
    alice: User, bob: User
) -> None:
    (row,) = sent(alice, bob)
    Delivery.objects.filter(pk=row.pk).update(state=State.FAILED)
    sent(alice, bob, 2)
    job = asked(alice, LogQuery(state=State.FAILED), "json")
    for late in sent(alice, bob, 2):
        Delivery.objects.filter(pk=late.pk).update(state=State.FAILED)
    assert [each["message_id"] for each in json.loads(done(job))] == [str(row.message_id)]
    assert json.loads(done(asked(alice, LogQuery(sender="nobody@localhost"), "json"))) == []


def test_words_are_found_beyond_what_one_page_looks_through(
    alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "_WINDOWS", (2,))
    monkeypatch.setattr(walking, "BUDGET", 4)
    (needle,) = sent(alice, bob, words="a needle")
    sent(alice, bob, 15, words="hay")
    found = json.loads(done(asked(alice, LogQuery(search="needle", words=True), "json")))
    assert [each["message_id"] for each in found] == [str(needle.message_id)]


@pytest.mark.parametrize("name", ["csv", "json"])
def test_after_a_crash_it_goes_on_where_it_was_and_no_row_comes_twice(
    alice: User, bob: User, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(export_jobs, "CHUNK", 3)
    monkeypatch.setattr(export_jobs, "SECONDS_AT_ONCE", -1.0)
    rows = sent(alice, bob, 11)
    whole = asked(alice, name=name)
    job = asked(alice, name=name)
    for _ in range(4):
        export_jobs.work(whole.pk)
    expected = export_jobs.path_of(whole).read_bytes()
    export_jobs.work(job.pk)
    with export_jobs.path_of(job).open("a") as file:
        file.write("a piece that its row never heard of, longer than what comes next")
    for _ in range(3):
        export_jobs.work(job.pk)
    job.refresh_from_db()
    assert (job.state, job.rows) == (State_.DONE, len(rows))
    assert export_jobs.path_of(job).read_bytes() == expected
    before = job.bytes
    export_jobs.work(job.pk)  # a job that comes again finds nothing to do
    assert export_jobs.path_of(job).stat().st_size == before


def test_two_workers_do_not_write_at_once(alice: User, bob: User) -> None:
    sent(alice, bob)
    job = asked(alice)
    with export_jobs._file(job) as mine:
        assert mine is not None
        export_jobs.work(job.pk)
    job.refresh_from_db()
    assert (job.state, job.rows) == (State_.OPEN, 0)
    done(job)


def test_its_file_is_its_owners_alone(alice: User, bob: User) -> None:
    job = asked(alice)
    done(job)
    path = export_jobs.path_of(job)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_who_may_not_see_any_more_gets_nothing(alice: User, bob: User) -> None:
    sent(alice, bob)
    job = asked(alice)
    User.objects.filter(pk=alice.pk).update(is_superuser=False)
    export_jobs.work(job.pk)
    job.refresh_from_db()
    assert (job.state, job.rows) == (State_.STOPPED, 0)


def test_there_are_only_so_many_and_only_of_known_formats(alice: User, settings: Any) -> None:
    settings.CHATOPS_MAX_EXPORTS = 1
    with pytest.raises(UnknownFormat):
        asked(alice, name="xls")
    asked(alice)
    with pytest.raises(TooManyExports):
        asked(alice)


def test_the_sweep_goes_on_with_what_is_forgotten_and_removes_what_is_old(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    enqueued: list[object] = []
    monkeypatch.setattr(export_jobs, "enqueue", lambda *args: enqueued.append(args))
    old, forgotten, fresh = asked(alice), asked(alice), asked(alice)
    done(old)
    enqueued.clear()
    ExportJob.objects.filter(pk=old.pk).update(expires_at=timezone.now() - timedelta(minutes=1))
    ExportJob.objects.filter(pk=forgotten.pk).update(
        touched_at=timezone.now() - timedelta(minutes=2)
    )
    export_jobs.sweep()
    assert enqueued == [("delivery.export", forgotten.pk)]
    assert set(ExportJob.objects.all()) == {forgotten, fresh}
    assert Entry.objects.filter(action="delivery.export.remove").count() == 1


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_from_the_log_to_the_list_and_who_may(alice: User, bob: User) -> None:
    sent(alice, bob)
    browser = client_of(alice)
    log_page = browser.get(reverse("admin:delivery_delivery_changelist"), {"state__exact": 30})
    assert 'name="query" value="?state__exact=30"' in log_page.content.decode()
    answer = browser.post(START, {"query": "?state__exact=30", "format": "csv"})
    assert answer["Location"] == LIST
    job = ExportJob.objects.get()
    assert (job.owner, job.query) == (alice, {"state": 30})
    (entry,) = Entry.objects.filter(action="delivery.export")
    assert entry.details == {"format": "csv", "query": {"state": 30}}
    assert "so far" in browser.get(LIST).content.decode()
    done(job)
    shown = browser.get(LIST).content.decode()
    assert f"/{job.pk}/download/" in shown
    assert "state: sent" in shown
    back = browser.get(f"{LIST}{job.pk}/change/")["Location"]
    assert back == reverse("admin:delivery_delivery_changelist") + "?state__exact=30"
    assert browser.get(START).status_code == 405
    assert "no such format" in browser.post(START, {"format": "xls"}, follow=True).content.decode()


@pytest.mark.django_db(transaction=True)
async def test_a_download_is_for_its_owner_and_noted() -> None:
    def prepare() -> tuple[User, User, ExportJob, str]:
        alice = a_person("alice", is_staff=True, is_superuser=True)
        eve = a_person("eve", is_staff=True, is_superuser=True)
        sent(alice, a_person("bob"), 3)
        job = asked(alice)
        return alice, eve, job, done(job)

    alice, eve, job, text = await sync_to_async(prepare)()
    url = reverse("admin:delivery_exportjob_download", args=[job.pk])
    mine, hers = AsyncClient(), AsyncClient()
    await sync_to_async(mine.force_login)(alice)
    await sync_to_async(hers.force_login)(eve)
    answer = await mine.get(url)
    assert answer.status_code == 200
    assert b"".join([piece async for piece in answer]).decode() == text
    assert "attachment" in answer["Content-Disposition"]
    assert (await hers.get(url)).status_code == 404
    remove = reverse("admin:delivery_exportjob_do", args=[job.pk, "remove"])
    assert (await hers.post(remove)).status_code == 404
    assert await Entry.objects.filter(action="delivery.export.download").acount() == 1
    assert (await mine.post(remove)).status_code == 302
    assert not export_jobs.path_of(job).exists()
    await sync_to_async(connections.close_all)()  # that thread has its own


def test_who_may_see_the_log_may_not_export_it_by_that(alice: User, bob: User) -> None:
    clerk = a_person("clerk", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_delivery"))
    browser = client_of(clerk)
    assert browser.post(START, {"format": "csv"}).status_code == 403
    assert START not in browser.get(reverse("admin:delivery_delivery_changelist")).content.decode()
    clerk.user_permissions.add(
        *Permission.objects.filter(codename__in=("add_exportjob", "view_exportjob"))
    )
    browser = client_of(clerk)
    browser.post(START, {"query": "?q=secret", "format": "csv"})
    assert ExportJob.objects.get().query == {"search": "secret"}  # and not in what people wrote
