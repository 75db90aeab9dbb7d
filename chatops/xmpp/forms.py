"""Data forms, XEP-0004: reading what was submitted, building what is asked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from chatops.xmpp.elements import Element, add, make
from chatops.xmpp.errors import BadRequest
from chatops.xmpp.names import DATA, VALIDATE

X = f"{{{DATA}}}x"
_FIELD, _VALUE, _OPTION = f"{{{DATA}}}field", f"{{{DATA}}}value", f"{{{DATA}}}option"


@dataclass(frozen=True, slots=True)
class Submission:
    """A form that came filled in: its type, FORM_TYPE and the values of each field."""

    type: str
    form_type: str
    values: dict[str, list[str]]

    @classmethod
    def read(cls, element: Element) -> "Submission":
        """From ``<x xmlns='jabber:x:data'/>``."""
        values = {
            var: [value.text or "" for value in each.findall(_VALUE)]
            for each in element.findall(_FIELD)
            if (var := each.get("var"))  # without a name it is a text between the fields
        }
        form_type = "".join(values.pop("FORM_TYPE", [])[:1])
        return cls(element.get("type", "form"), form_type, values)

    def text(self, var: str) -> str | None:
        """The first value; None where the field is missing, '' where it has no value."""
        found = self.values.get(var)
        return None if found is None else (found[0] if found else "")


def read_boolean(text: str) -> bool:
    """Section 3.3. Raises BadRequest."""
    if text in ("1", "true"):
        return True
    if text in ("0", "false", ""):
        return False
    raise BadRequest(f"{text!r} is neither true nor false.")


@dataclass(frozen=True, slots=True)
class FormField:
    """A field to show."""

    var: str
    type: str = "text-single"
    label: str = ""
    values: Sequence[str] = ()
    options: Sequence[tuple[str, str]] = field(default=())  # value and label
    description: str = ""
    required: bool = False
    open: bool = False  # values beyond the options are welcome (XEP-0122 section 3.2.2)


def build(type_: str, form_type: str, fields: Iterable[FormField], title: str = "") -> Element:
    """A form of that type ("form", "result") with its FORM_TYPE (XEP-0068)."""
    form = make(X, type_=type_)
    if title:
        add(form, f"{{{DATA}}}title", title)
    hidden = add(form, _FIELD, var="FORM_TYPE", type_="hidden")
    add(hidden, _VALUE, form_type)
    for each in fields:
        element = add(
            form,
            _FIELD,
            var=each.var or None,
            type_=each.type if type_ == "form" or each.type != "text-single" else None,
            label=each.label or None,
        )
        if each.description:
            add(element, f"{{{DATA}}}desc", each.description)
        if each.required:
            add(element, f"{{{DATA}}}required")
        if each.open:
            validate = add(element, f"{{{VALIDATE}}}validate", datatype="xs:string")
            add(validate, f"{{{VALIDATE}}}open")
        for value in each.values:
            add(element, _VALUE, value)
        for value, label in each.options:
            option = add(element, _OPTION, label=label)
            add(option, _VALUE, value)
    return form
