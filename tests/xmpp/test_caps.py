"""The verification string, XEP-0115 section 5."""

import pytest

from chatops.xmpp.caps import IllFormed, verification
from chatops.xmpp.elements import parse

pytestmark = pytest.mark.spec("XEP-0115 §5")

INFO = "http://jabber.org/protocol/disco#info"


def info(inner: str) -> str:
    return f"<query xmlns='{INFO}'>{inner}</query>"


EXODUS = (
    "<identity category='client' name='Exodus 0.9.1' type='pc'/>"
    "<feature var='http://jabber.org/protocol/caps'/>"
    "<feature var='http://jabber.org/protocol/disco#info'/>"
    "<feature var='http://jabber.org/protocol/disco#items'/>"
    "<feature var='http://jabber.org/protocol/muc'/>"
)


def form(fields: str, type_: str = "hidden") -> str:
    return (
        f"<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='{type_}'>"
        f"<value>urn:xmpp:dataforms:softwareinfo</value></field>{fields}</x>"
    )


def field(var: str, *values: str) -> str:
    inner = "".join(f"<value>{value}</value>" for value in values)
    return f"<field var='{var}'>{inner}</field>"


PSI = (
    "<identity xml:lang='en' category='client' name='Psi 0.11' type='pc'/>"
    "<identity xml:lang='el' category='client' name='Ψ 0.11' type='pc'/>"
    "<feature var='http://jabber.org/protocol/caps'/>"
    "<feature var='http://jabber.org/protocol/disco#info'/>"
    "<feature var='http://jabber.org/protocol/disco#items'/>"
    "<feature var='http://jabber.org/protocol/muc'/>"
    + form(
        field("ip_version", "ipv4", "ipv6")
        + field("os", "Mac")
        + field("os_version", "10.5.1")
        + field("software", "Psi")
        + field("software_version", "0.11")
    )
)


def test_the_specifications_own_examples() -> None:
    assert verification(parse(info(EXODUS))) == "QgayPKawpkPSDYmwT/WM94uAlu0="
    assert verification(parse(info(PSI))) == "q07IKJEyjvHSyhy//CH0CxmKi8w="


def test_the_order_makes_no_difference() -> None:
    parts = EXODUS.split("/>")[:-1]
    turned = "".join(f"{part}/>" for part in reversed(parts))
    assert verification(parse(info(turned))) == verification(parse(info(EXODUS)))


def test_a_form_that_is_not_of_a_hidden_type_does_not_count() -> None:
    plain = info(EXODUS + form(field("os", "Mac"), "text-single"))
    assert verification(parse(plain)) == verification(parse(info(EXODUS)))


@pytest.mark.parametrize(
    "inner",
    [
        EXODUS + "<feature var='http://jabber.org/protocol/muc'/>",
        EXODUS + "<identity category='client' name='Exodus 0.9.1' type='pc'/>",
        EXODUS + form("") + form(""),
    ],
)
def test_what_is_ill_formed_has_no_hash(inner: str) -> None:
    with pytest.raises(IllFormed):
        verification(parse(info(inner)))
