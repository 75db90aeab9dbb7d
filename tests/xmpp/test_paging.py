"""Result set management, XEP-0059."""

import pytest

from chatops.xmpp.elements import Element, parse
from chatops.xmpp.errors import BadRequest
from chatops.xmpp.paging import SET, PageWanted, page_info

pytestmark = pytest.mark.spec("XEP-0059")

RSM = "http://jabber.org/protocol/rsm"


def wanted(inner: str) -> PageWanted:
    return PageWanted.read(parse(f"<query><set xmlns='{RSM}'>{inner}</set></query>"))


def texts(element: Element) -> dict[str, str | None]:
    return {each.tag.rpartition("}")[2]: each.text for each in element}


@pytest.mark.parametrize(
    ("inner", "page"),
    [
        ("", PageWanted()),
        ("<max>10</max>", PageWanted(most=10)),
        ("<max>0</max>", PageWanted(most=0)),
        ("<max>5</max><after>a1</after>", PageWanted(most=5, after="a1")),
        ("<before/>", PageWanted(before="")),
        ("<before>a1</before>", PageWanted(before="a1")),
        ("<index>7</index>", PageWanted(index=7)),
    ],
)
def test_what_page_is_wanted(inner: str, page: PageWanted) -> None:
    assert wanted(inner) == page


def test_without_a_set_all_is_wanted() -> None:
    assert PageWanted.read(parse("<query/>")) == PageWanted()


@pytest.mark.parametrize("text", ["", "-1", "1.5", "ten", "\u0661", "1234567890"])
def test_a_number_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadRequest):
        wanted(f"<max>{text}</max>")


def test_the_answer_names_the_pages_ends_its_place_and_the_count() -> None:
    info = page_info("a", "b", count=3, index=0)
    assert info.tag == SET
    assert texts(info) == {"first": "a", "last": "b", "count": "3"}
    assert info[0].get("index") == "0"


def test_an_empty_page_has_no_ends() -> None:
    assert texts(page_info(None, None, count=0, index=0)) == {"count": "0"}
