"""The house is kept in order: what reviews would otherwise have to find again and again."""

import re
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

from chatops.console.management.commands import features
from chatops.core.discovery import load_handlers
from chatops.core.features import Feature, registry
from tests.service import ROOT

LONGEST = 400
SOURCES = sorted(
    file
    for top in ("chatops", "tests", "templates")
    for file in (ROOT / top).rglob("*")
    if file.suffix in {".py", ".html", ".js", ".css"}
    and not {"migrations", "node_modules"} & set(file.parts)
)
load_handlers()


def name_of(file: Path) -> str:
    return str(file.relative_to(ROOT))


def test_no_file_is_longer_than_one_can_read() -> None:
    lengths = {name_of(file): len(file.read_text().splitlines()) for file in SOURCES}
    assert not {name: length for name, length in lengths.items() if length > LONGEST}


def test_nothing_is_left_for_later() -> None:
    later = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|X" r"XX)\b")
    assert [name_of(file) for file in SOURCES if later.search(file.read_text())] == []


def test_no_file_names_a_place_on_somebodys_machine() -> None:
    place = re.compile(r"[\"' ](?:/ho" r"me/|/ro" r"ot/|/wo" r"rk/)")
    assert [name_of(file) for file in SOURCES if place.search(file.read_text())] == []


@pytest.mark.parametrize("feature", registry.features, ids=lambda feature: feature.spec)
def test_the_module_of_a_feature_opens_with_what_it_is(feature: Feature) -> None:
    number = feature.spec.partition(" §")[0]
    assert number in (sys.modules[feature.module].__doc__ or "")
    if number.startswith("XEP-"):
        assert features.title_of(feature)


def test_the_readme_lists_what_the_registry_has() -> None:
    assert features.markdown() in (ROOT / "README.md").read_text(), (
        "Put the output of `manage.py features --markdown` into README.md."
    )


def test_the_readme_lists_every_variable() -> None:
    settings = (ROOT / "chatops" / "settings.py").read_text()
    names = set(re.findall(r"\"(CHATOPS_[A-Z0-9_]+|DATABASE_URL)\"", settings))
    readme = (ROOT / "README.md").read_text()
    assert sorted(name for name in names if f"`{name}`" not in readme) == []


@pytest.mark.django_db
def test_the_migrations_are_up_to_date() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
