"""docs/protocols.md: what is supported, and the tests that prove it. Made by running them.

    @pytest.mark.spec("XEP-0191 §3.2", "RFC 6121 §8.5.2")

says what a test (or, as `pytestmark`, a module) proves. `make protocols` runs everything and writes
the document anew; `pytest --protocols FILE…` writes what these tests have shown and keeps what the
document says of the others. `python -m tests.proof` runs nothing, and only puts it in order.
"""

import ast
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.service import ROOT

DOCUMENT = ROOT / "docs" / "protocols.md"
NOT_RUN = "not run"
_LINE = re.compile(r"- \[(?P<sentence>[^\]]+)\]\(\.\./(?P<file>[^)]+)\): (?P<outcome>.+)")
_WORST_FIRST = ("failed", "skipped", "passed")

INTRODUCTION = """\
# What is supported, and what proves it

Made by a test run (`make protocols`), not by hand. The level of an XEP is what the service's own
registry says (`manage.py features`); each line below is a test, named by the sentence that it
proves, with its result in that run. *n cases*: the same conversation with so many variations.
"""


@dataclass(frozen=True, order=True)
class Proof:
    """A test function: where it is, and the sentence that it is named by."""

    file: str
    sentence: str


def sentence_of(name: str) -> str:
    """``test_a_bad_item_is_refused`` → "A bad item is refused"."""
    words = name.removeprefix("test_").replace("_", " ")
    return words[:1].upper() + words[1:]


@cache
def proofs() -> dict[Proof, list[str]]:
    """All tests, with what each says that it proves, read from the files without running them."""
    found: dict[Proof, list[str]] = {}
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        tree = ast.parse(file.read_text())
        everywhere = [
            spec
            for node in tree.body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark"
            for spec in _marked(node.value)
        ]
        for node in ast.walk(tree):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if node.name.startswith("test_"):
                own = [spec for each in node.decorator_list for spec in _marked(each)]
                proof = Proof(file.relative_to(ROOT).as_posix(), sentence_of(node.name))
                found[proof] = list(dict.fromkeys([*own, *everywhere]))
    return found


def _marked(node: ast.AST) -> Iterator[str]:
    """The arguments of every ``pytest.mark.spec(…)`` in there."""
    for each in ast.walk(node):
        if isinstance(each, ast.Call) and ast.unparse(each.func) == "pytest.mark.spec":
            yield from (ast.literal_eval(argument) for argument in each.args)


def outcomes_in(document: Path) -> dict[Proof, str]:
    """What the document says of each test."""
    if not document.exists():
        return {}
    lines = map(_LINE.fullmatch, document.read_text().splitlines())
    return {Proof(line["file"], line["sentence"]): line["outcome"] for line in lines if line}


def text_of(outcomes: dict[Proof, str]) -> str:
    """The whole document."""
    from tests.specifications import (
        SPEC,
        announced,
        specifications,
    )  # needs Django, which pytest sets up

    by_section: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    all_of: dict[str, set[str]] = defaultdict(set)
    known = specifications()
    for proof, specs in sorted(proofs().items()):
        outcome = outcomes.get(proof, NOT_RUN)
        for spec in specs:
            match = SPEC.match(spec)
            if match is None or match[1] not in known:
                continue  # the house tests complain
            line = f"- [{proof.sentence}](../{proof.file}): {outcome}"
            section = known[match[1]].section_of(match[2] or "")
            if line not in by_section[match[1]][section]:
                by_section[match[1]][section].append(line)
            all_of[match[1]].add(line)
    parts = [INTRODUCTION, "| | | support | tests | remarks |\n| --- | --- | --- | --- | --- |"]
    for spec in known.values():
        lines = all_of[spec.name]
        if lines or spec.sections or spec.name in announced():
            level = spec.level if all(by_section[spec.name][each] for each in spec.sections) else ""
            parts[-1] += (
                f"\n| [{spec.name}](#{_anchor(spec.name)}) | {spec.title}"
                f" | {level or 'partial'} | {_counted(lines)} | {spec.note} |"
            )
    for spec in known.values():
        sections = by_section[spec.name]
        if not all_of[spec.name]:
            continue
        parts.append(f"## {spec.name}\n\n[{spec.title}]({spec.link})")
        for number in sorted({*sections, *spec.sections}, key=_in_order):
            if number:
                parts.append(f"### {_numbered(number)} {spec.sections.get(number, '')}".rstrip())
            parts.append("\n".join(sections[number]) or "Nothing yet.")
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _counted(lines: set[str]) -> str:
    """ "12 passed, 1 failed"."""
    counts = {
        outcome: sum(f"): {outcome}" in line for line in lines)
        for outcome in ("passed", "failed", "skipped", NOT_RUN)
    }
    return ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count) or "none"


def _anchor(name: str) -> str:
    return name.lower().replace(" ", "-")


def _numbered(number: str) -> str:
    return f"§{number}" if number[0].isdigit() else f"Appendix {number}"


def _in_order(number: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (99, part) for part in number.split(".")]


class Outcomes:
    """Gathers what came of each test; under xdist the workers' reports come to the controller."""

    def __init__(self, document: Path, *, whole: bool) -> None:
        self._document, self._whole = document, whole
        self._cases: dict[Proof, dict[str, str]] = defaultdict(dict)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" and report.passed:
            return
        file, _, name = report.nodeid.partition("::")
        function = name.rpartition("::")[2].partition("[")[0]
        cases = self._cases[Proof(file, sentence_of(function))]
        if cases.get(name) != "failed":
            cases[name] = report.outcome

    def pytest_sessionfinish(self) -> None:
        known = {} if self._whole else outcomes_in(self._document)
        self._document.write_text(text_of(known | self._summed_up()))

    def _summed_up(self) -> dict[Proof, str]:
        return {
            proof: next(each for each in _WORST_FIRST if each in cases.values())
            + (f", {len(cases)} cases" if len(cases) > 1 else "")
            for proof, cases in self._cases.items()
        }


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--protocols",
        action="store_true",
        help="write what the tests of this run prove into docs/protocols.md",
    )
    parser.addoption(
        "--protocols-anew",
        action="store_true",
        help="the same, and forget what earlier runs have shown",
    )


def pytest_configure(config: pytest.Config) -> None:
    whole = bool(config.getoption("--protocols-anew"))
    if (whole or config.getoption("--protocols")) and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Outcomes(DOCUMENT, whole=whole), "protocols")


def main() -> None:
    """Put the document in order, with the results that it has."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatops.settings")
    django.setup()
    DOCUMENT.write_text(text_of(outcomes_in(DOCUMENT)))


if __name__ == "__main__":
    main()
