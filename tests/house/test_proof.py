"""What is announced is proven, and docs/protocols.md says by what."""

import pytest

from tests.proof import DOCUMENT, outcomes_in, proofs
from tests.specifications import RFCS, SPEC, announced, specifications


def proven() -> set[str]:
    """Every XEP, RFC and listed section that some test names."""
    found = set()
    for specs in proofs().values():
        for match in filter(None, map(SPEC.match, specs)):
            known = specifications().get(match[1])
            found.add(match[1])
            if known is not None and match[2]:
                found.add(f"{match[1]} {known.section_of(match[2])}")
    return found


def test_marks_name_a_specification_as_they_should() -> None:
    marked = {spec for specs in proofs().values() for spec in specs}
    assert sorted(spec for spec in marked if not SPEC.match(spec)) == [], (
        "Write 'XEP-0191', 'XEP-0191 §3.2' or 'RFC 6121 §8.5.2'."
    )
    named = {spec.partition(" §")[0].partition(" Appendix")[0] for spec in marked}
    assert sorted(named - set(specifications())) == [], (
        "Give it a title: the docstring of its module, or tests/specifications.py."
    )


def test_every_extension_that_is_announced_is_proven() -> None:
    assert sorted(announced() - proven()) == [], (
        "Mark the tests that prove it: @pytest.mark.spec('XEP-NNNN §N')."
    )


@pytest.mark.parametrize("rfc", RFCS, ids=lambda rfc: rfc.name)
def test_every_section_of_the_rfcs_is_proven(rfc) -> None:  # type: ignore[no-untyped-def]
    listed = {f"{rfc.name} {number}" for number in rfc.sections}
    assert sorted(listed - proven()) == []


def test_the_document_has_every_extension_and_no_test_that_is_not_there() -> None:
    text = DOCUMENT.read_text()
    assert sorted(name for name in announced() if f"| [{name}](" not in text) == [], (
        "Run the new tests with --protocols, or `python -m tests.proof`."
    )
    assert sorted(set(outcomes_in(DOCUMENT)) - set(proofs())) == [], "Run `python -m tests.proof`."
