"""How fast a stream is read, and how many there may be."""

import pytest

from chatops.bridge.stream.admission import LOOPBACK, Admission, network_of
from chatops.bridge.stream.pace import Pace
from chatops.xmpp.errors import StreamFault


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in (
        ("CHATOPS_STANZAS_PER_SECOND", 10),
        ("CHATOPS_STANZA_BURST", 20),
        ("CHATOPS_BYTES_PER_SECOND", 1_000),
        ("CHATOPS_BYTE_BURST", 0),
        ("CHATOPS_MAX_CONNECTIONS_PER_ADDRESS", 2),
        ("CHATOPS_MAX_CONNECTIONS_WAITING", 3),
    ):
        monkeypatch.setattr(f"django.conf.settings.{name}", value)
    return monkeypatch


def test_a_burst_is_free_and_then_the_rate_holds(limits: pytest.MonkeyPatch) -> None:
    pace = Pace(100.0, stranger=False)
    pace.stanzas -= 20
    pace.tick(100.0)
    assert pace.exceeded() == pytest.approx(0.1)
    pace.tick(100.2)
    assert pace.exceeded() == 0
    pace.tick(1_000.0)
    assert pace.stanzas == 20  # no more than the burst, however long the silence


def test_bytes_are_paid_back(limits: pytest.MonkeyPatch) -> None:
    pace = Pace(100.0, stranger=False)
    pace.bytes -= 6_000
    pace.tick(100.0)
    assert pace.exceeded() == pytest.approx(5.0)


def test_no_rate_is_no_limit(limits: pytest.MonkeyPatch) -> None:
    for name in ("STANZAS", "BYTES"):
        limits.setattr(f"django.conf.settings.CHATOPS_{name}_PER_SECOND", 0)
    pace = Pace(100.0, stranger=False)
    pace.stanzas -= 1e9
    pace.bytes -= 1e12
    pace.tick(100.0)
    assert pace.exceeded() == 0


def test_connections_of_one_network_and_of_all_that_wait(limits: pytest.MonkeyPatch) -> None:
    admission = Admission()
    first, second = admission.enter("2001:db8::1"), admission.enter("2001:db8::2")
    with pytest.raises(StreamFault, match="from your address"):
        admission.enter("2001:db8::3")  # the same /64
    second.leave()
    second.leave()
    admission.enter("2001:db8::3")
    admission.enter("198.51.100.7")
    with pytest.raises(StreamFault, match="later"):
        admission.enter("198.51.100.8")
    first.logged_in()
    admission.enter("127.0.0.1")


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("2001:db8::1", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("127.0.0.9", LOOPBACK),
        ("::1", LOOPBACK),
        ("", ""),
    ],
)
def test_what_counts_as_one_address(address: str, network: str) -> None:
    assert network_of(address) == network
