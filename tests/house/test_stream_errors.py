"""Every stream error that the service may send has a test that names its section."""

import ast
import re

from tests.proof import proofs
from tests.service import ROOT

# RFC 6120 section 4.9.3, in its order: the number of the subsection is the place in the list.
CONDITIONS = [
    "bad-format",
    "bad-namespace-prefix",
    "conflict",
    "connection-timeout",
    "host-gone",
    "host-unknown",
    "improper-addressing",
    "internal-server-error",
    "invalid-from",
    "invalid-namespace",
    "invalid-xml",
    "not-authorized",
    "not-well-formed",
    "policy-violation",
    "remote-connection-failed",
    "reset",
    "resource-constraint",
    "restricted-xml",
    "see-other-host",
    "system-shutdown",
    "undefined-condition",
    "unsupported-encoding",
    "unsupported-feature",
    "unsupported-stanza-type",
    "unsupported-version",
]
_ENDS = re.compile(r"(StreamFault|SessionsEnd|\.end)\Z")


def sent() -> set[str]:
    """The conditions that the code names where it ends streams."""
    found = set()
    for file in (ROOT / "chatops").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and _ENDS.search(ast.unparse(node.func)):
                found |= {each.value for each in node.args if isinstance(each, ast.Constant)}
    return found & set(CONDITIONS)


def test_each_condition_is_met_in_a_test() -> None:
    marked = {spec for specs in proofs().values() for spec in specs}
    unproven = [
        condition
        for number, condition in enumerate(CONDITIONS, 1)
        if condition in sent() and f"RFC 6120 §4.9.3.{number}" not in marked
    ]
    assert unproven == []
    assert len(sent()) > 15
