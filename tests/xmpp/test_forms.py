"""Data forms, XEP-0004."""

import pytest

from chatops.xmpp.elements import Element, parse
from chatops.xmpp.errors import BadRequest
from chatops.xmpp.forms import FormField, Submission, build, read_boolean

pytestmark = pytest.mark.spec("XEP-0004")

DATA = "jabber:x:data"
FIELD, VALUE = f"{{{DATA}}}field", f"{{{DATA}}}value"


def field(form: Element, var: str) -> Element:
    return next(each for each in form.iter(FIELD) if each.get("var") == var)


def test_what_was_submitted_is_read_by_name() -> None:
    form = parse(
        f"<x xmlns='{DATA}' type='submit'>"
        "<field var='FORM_TYPE' type='hidden'><value>urn:example</value></field>"
        "<field type='fixed'><value>Just a text</value></field>"
        "<field var='one'><value>1</value></field>"
        "<field var='many'><value>a</value><value>b</value></field>"
        "<field var='empty'><value/></field>"
        "<field var='none'/>"
        "</x>"
    )
    read = Submission.read(form)
    assert (read.type, read.form_type) == ("submit", "urn:example")
    assert read.values == {"one": ["1"], "many": ["a", "b"], "empty": [""], "none": []}
    texts = [read.text(var) for var in ("one", "many", "empty", "none", "missing")]
    assert texts == ["1", "a", "", "", None]


@pytest.mark.parametrize(
    ("text", "meaning"),
    [("1", True), ("true", True), ("0", False), ("false", False), ("", False)],
)
def test_booleans_have_two_spellings(text: str, meaning: bool) -> None:
    assert read_boolean(text) is meaning


def test_anything_else_is_no_boolean() -> None:
    with pytest.raises(BadRequest):
        read_boolean("yes")


def test_a_form_shows_its_type_its_choices_and_what_is_required() -> None:
    fields = [
        FormField("role", "list-single", "Role", ["b"], [("a", "A"), ("b", "B")], required=True),
        FormField("ids", "list-multi", open=True),
        FormField("note", description="Why <so>?"),
    ]
    form = build("form", "urn:example", fields, "Title & all")
    assert form.findtext(f"{{{DATA}}}title") == "Title & all"
    assert field(form, "FORM_TYPE").get("type") == "hidden"
    assert field(form, "FORM_TYPE").findtext(VALUE) == "urn:example"
    role = field(form, "role")
    assert [each.text for each in role.findall(VALUE)] == ["b"]
    assert [each.findtext(VALUE) for each in role.findall(f"{{{DATA}}}option")] == ["a", "b"]
    assert role.find(f"{{{DATA}}}required") is not None
    assert (
        field(form, "ids").find("{http://jabber.org/protocol/xdata-validate}validate/*") is not None
    )
    assert field(form, "note").get("type") == "text-single"
    assert field(form, "note").findtext(f"{{{DATA}}}desc") == "Why <so>?"


def test_what_is_built_is_read_back() -> None:
    values = ["line one", "line <two>"]
    result = build("result", "urn:example", [FormField("text", "text-multi", values=values)])
    assert Submission.read(result) == Submission("result", "urn:example", {"text": values})
