"""``manage.py account``, beside a service that runs on the same database."""

import json

import pytest

from tests.conftest import Person
from tests.conversation import Mismatch
from tests.service import PASSWORD, ServiceProcess


async def test_accounts_are_managed_while_the_service_runs(
    service: ServiceProcess, alice: Person
) -> None:
    name = f"made-by-command-{alice.name}"
    service.manage("account", "add", f"{name}@localhost", "--password", PASSWORD, "--name", "New")
    newcomer = Person(service, name)
    client = await newcomer.online("desk")

    # A new password ends what the old one has opened.
    service.manage("account", "set-password", name, text="another password\n")
    await client.ended("not-authorized")
    with pytest.raises(Mismatch):
        await newcomer.online("desk")
    again = await newcomer.connect()
    await again.authenticate(name, "another password")
    await again.bind("desk")

    listed = json.loads(service.manage("account", "list", "--format", "json"))
    assert {
        "jid": newcomer.jid,
        "name": "New",
        "administrator": False,
        "suspended": False,
    } in listed
    service.manage("account", "remove", newcomer.jid)
    await again.ended("not-authorized")
    for each in newcomer.clients:
        await each.hang_up()
    assert newcomer.jid not in service.manage("account", "list")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("add", "root", "--password", "x"), "already"),
        (("add", "x@elsewhere.example", "--password", "x"), "not in localhost"),
        (("remove", "nobody-of-that-name"), "no account"),
        (("remove", "root"), "last administrator"),
        (("import", "/no/such/file"), "Cannot read"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(
    service: ServiceProcess, words: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(RuntimeError, match=sentence):
        service.manage("account", *words)
