"""What was noted of the chains beside the database, and who looks after the ledger."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from chatops.accounts.models import User
from chatops.audit.models import Entry as AuditEntry
from chatops.core.ids import first_at, new_id
from chatops.delivery import tasks, watching
from chatops.delivery.anchors import anchor_file, check, note_heads
from chatops.delivery.chain import hash_of, mark_of, pack
from chatops.delivery.events import row_of
from chatops.delivery.findings import Report, What
from chatops.delivery.models import Anchor, Event, Seal, Verification
from chatops.delivery.verifying import verify
from tests.delivery.test_chain import change, fill, kinds_of, run
from tests.factories import BY

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _data_folder(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.CHATOPS_DATA = tmp_path
    monkeypatch.setattr(watching, "BREATH_SECONDS", 0)


def checked(since: int = 0) -> Report:
    report = verify(since=since)
    check(report)
    return report


def test_heads_are_noted_once_in_the_file_and_in_the_database() -> None:
    assert note_heads() == []
    assert not anchor_file().exists()
    fill()
    (first,) = note_heads()
    assert note_heads() == []
    fill()
    (second,) = note_heads()
    lines = [json.loads(line) for line in anchor_file().read_text().splitlines()]
    assert [line["number"] for line in lines] == [first.number, second.number] == [6, 12]
    assert anchor_file().stat().st_mode & 0o777 == 0o600
    report = checked()
    assert (report.found, report.anchors) == (0, 4)


def test_a_chain_that_was_cut_off_at_its_end_is_found() -> None:
    """Events and seals both: the chain that is left holds in itself."""
    events = fill(6, 2)
    note_heads()
    fill(2, 2)
    (last,) = note_heads()
    run("DELETE FROM delivery_event WHERE id >= %s", events[8].pk)
    run("DELETE FROM delivery_seal WHERE number > 4")
    assert verify().found == 0
    report = checked()
    assert [each.what for each in report.findings] == [What.CUT]
    assert f"ends with seal 4; seal {last.number} was there" in report.findings[0].sentence
    run("DELETE FROM delivery_anchor")
    assert kinds_of(checked()) == {What.CUT}
    assert kinds_of(checked(since=new_id())) == {What.CUT}
    run("DELETE FROM delivery_seal")
    run("DELETE FROM delivery_event")
    assert kinds_of(checked()) == {What.CUT}


def test_a_chain_that_was_made_anew_with_the_secret_is_found() -> None:
    events = fill(4, 2)
    note_heads()
    change(events[3], "detail", "another")
    previous = b""
    for seal in Seal.objects.order_by("number"):
        previous = previous or bytes(seal.previous)
        mine = Event.objects.filter(pk__in=[each.pk for each in events[seal.number * 2 - 2 :][:2]])
        entries = pack([row_of(each) for each in mine])
        made = hash_of(
            seal_id=seal.pk, chain=1, number=seal.number, previous=previous, events=entries
        )
        for column, value in (
            ("events", entries), ("previous", previous), ("hash", made), ("mark", mark_of(made))
        ):  # fmt: skip
            change(seal, column, value)
        previous = made
    assert verify().found == 0
    assert kinds_of(checked()) == {What.REPLACED}


def test_anchors_that_were_changed_or_removed_are_found() -> None:
    fill()
    note_heads()
    line = anchor_file().read_text()
    for wrong in (
        line.replace('"number": 6', '"number": 5'),
        line.replace('"chain": 1', '"chain": 2'),
        line.replace('"key": "', '"key": "00'),
        line[: len(line) // 2] + "\n",
        "[]\n",
        "\udcff\n",
    ):
        anchor_file().write_text(wrong, errors="surrogateescape")
        assert kinds_of(checked()) == {What.ANCHOR}
    anchor_file().unlink()
    assert "is gone" in checked().findings[0].sentence
    anchor_file().write_text(line)
    run("UPDATE delivery_anchor SET number = 5")
    assert kinds_of(checked()) == {What.ANCHOR}


def test_after_a_backup_was_restored_one_begins_anew() -> None:
    fill(6, 2)
    note_heads()
    run("DELETE FROM delivery_event WHERE id >= (SELECT id FROM delivery_seal WHERE number = 3)")
    run("DELETE FROM delivery_seal WHERE number > 3")
    fill(5, 2)
    assert kinds_of(checked()) == {What.REPLACED}
    call_command("ledger", "begin-anew", "--reason", "the disk was replaced")
    assert checked().found == 0
    assert AuditEntry.objects.latest("pk").details == {"reason": "the disk was replaced"}
    assert len(list(anchor_file().parent.glob("ledger-anchors*"))) == 2


def test_the_job_verifies_what_is_new_and_everything_once_a_day(settings: Any) -> None:
    first = tasks.look_after_ledger  # what the schedule names
    fill()
    first()
    whole = Verification.objects.get()
    assert (whole.since, whole.events, whole.found) == (0, 24, 0)
    assert Anchor.objects.count() == 1
    fill()
    first()
    latest = Verification.objects.latest("pk")
    assert latest.since > 0
    assert watching.condition() == watching.Condition(latest, whole, None)
    settings.CHATOPS_LEDGER_VERIFY_HOURS = 0
    first()
    assert Verification.objects.latest("pk").since > 0
    tasks.verify_ledger()
    assert Verification.objects.latest("pk").since == 0


def test_an_alarm_is_in_the_audit_trail_until_all_is_well_again() -> None:
    event = fill()[4]
    change(event, "detail", "another")
    watching.look_after()
    entry = AuditEntry.objects.filter(action="ledger.wrong").latest("pk")
    assert entry.details["found"] == 1
    assert str(event.pk) in entry.details["first"][0]
    wrong = watching.condition().wrong
    assert wrong is not None
    assert wrong.findings[0]["event_id"] == str(event.pk)
    run("UPDATE delivery_event SET detail = %s WHERE id = %s", event.detail, event.pk)
    watching.examine(by=BY, since=event.pk, watch=lambda done: None)
    assert watching.condition().wrong == wrong  # not everything was looked at
    watching.examine(by=BY, watch=lambda done: None)
    assert watching.condition().wrong is None
    assert AuditEntry.objects.filter(action="ledger.verify").count() == 2


PAGE = reverse("admin:delivery_verification_changelist")


def browser_of(*permissions: str) -> Client:
    user = User.objects.create(username=f"staff{User.objects.count()}", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def test_the_page_shows_the_chains_and_what_was_found() -> None:
    browser = browser_of("view_verification", "view_delivery")
    assert "No event has been written yet" in browser.get(PAGE).content.decode()
    event = fill()[4]
    watching.look_after()
    page = browser.get(PAGE).content.decode()
    assert "as it was written" in page
    assert Seal.objects.latest("pk").hash.hex() in page
    assert "Compare everything now" not in page
    change(event, "detail", "<b>another</b>")
    watching.verify_everything()
    page = browser.get(PAGE).content.decode()
    assert f"Event {event.pk} of message {event.message_id}" in page
    wrong = Verification.objects.latest("pk")
    page = browser.get(reverse("admin:delivery_verification_change", args=[wrong.pk]))
    assert reverse("admin:delivery_timeline", args=[event.message_id]) in page.content.decode()
    assert "delivery ledger is not what was written" in browser.get("/admin/").content.decode()


def test_the_overview_tells_when_nobody_verifies_any_more() -> None:
    fill(1, 1)
    done = watching.look_after()
    browser = browser_of("view_verification")
    assert "has not been verified since" not in browser.get("/admin/").content.decode()
    Verification.objects.filter(pk=done.pk).update(
        id=first_at(timezone.now() - timedelta(hours=25))
    )
    assert "has not been verified since" in browser.get("/admin/").content.decode()


def test_who_may_has_everything_compared(django_capture_on_commit_callbacks: Any) -> None:
    address = reverse("admin:delivery_verify")
    assert browser_of("view_verification").post(address).status_code == 403
    assert browser_of().get(PAGE).status_code == 403
    browser = browser_of("view_verification", "add_verification")
    assert browser.get(address).status_code == 405
    assert "Compare everything now" in browser.get(PAGE).content.decode()
    with django_capture_on_commit_callbacks() as jobs:
        assert browser.post(address, follow=True).status_code == 200
    assert len(jobs) == 1
    assert AuditEntry.objects.latest("pk").action == "ledger.verify"
