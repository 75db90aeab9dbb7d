"""`make run`: a service that is alive from the first look."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.conftest import Person
from tests.service import ROOT, ServiceProcess

MUC = "http://jabber.org/protocol/muc"


def start_demo(service: ServiceProcess) -> tuple[subprocess.Popen[str], str]:
    """The process, and what it says until it is ready for people."""
    demo = subprocess.Popen(
        [sys.executable, ROOT / "manage.py", "demo"],
        env=os.environ | service.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert demo.stdout is not None
    said = ""
    while "Ctrl-C" not in said:
        line = demo.stdout.readline()
        assert line, said
        said += line
    return demo, said


def end(demo: subprocess.Popen[str]) -> None:
    demo.send_signal(signal.SIGINT)
    assert demo.wait(15) == 0
    assert demo.stdout is not None
    demo.stdout.close()


async def test_the_demo_lives_tells_its_password_once_and_ends_cleanly(tmp_path: Path) -> None:
    service = ServiceProcess(tmp_path / "data")
    demo, said = start_demo(service)
    try:
        assert said.startswith("ready ")
        assert service.http in said
        assert said.count("Password: ") == 1
        secrets = service.data / "demo-passwords.json"
        assert secrets.stat().st_mode & 0o077 == 0
        heidi = await Person(service, "heidi").connect()
        await heidi.authenticate("heidi", json.loads(secrets.read_text())["heidi"])
        await heidi.bind("desk")
        await heidi.appear()
        room = f"operations@conference.{service.domain}"
        await heidi.send(
            f"<presence to='{room}/heidi'><x xmlns='{MUC}'><history maxstanzas='5'/></x></presence>"
        )
        for _ in range(5):  # of the week before
            await heidi.wait_for(
                "<message from='*' type='groupchat'><body>*</body>"
                "<delay xmlns='urn:xmpp:delay' stamp='*'/></message>"
            )
        await heidi.send(
            f"<message to='alice@{service.domain}' type='chat' id='m1'><body>Are you real?</body>"
            "<request xmlns='urn:xmpp:receipts'/></message>"
        )
        answers = f"<message from='alice@{service.domain}/demo'>{{}}</message>"
        await heidi.wait_for(answers.format("<received xmlns='urn:xmpp:receipts' id='m1'/>"))
        await heidi.wait_for(answers.format("<body>*</body>"))
        await heidi.hang_up()
    finally:
        end(demo)
    demo, said = start_demo(service)
    end(demo)
    assert "Password: " not in said
