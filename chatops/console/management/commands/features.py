"""``manage.py features``: the XEPs that this service supports, as the registry has them."""

import re
import sys
from dataclasses import dataclass
from typing import Any, Self

from django.core.management.base import BaseCommand, CommandParser

# What streams themselves answer is not found by discovery; importing it declares it.
from chatops.bridge.doors import tcp  # noqa: F401
from chatops.bridge.stream import binding, bindings, management, sasl2  # noqa: F401
from chatops.core.discovery import load_handlers
from chatops.core.features import Feature, registry


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    spec: str
    title: str
    level: str
    note: str

    @classmethod
    def read(cls, feature: Feature) -> Self:
        return cls(feature.spec, title_of(feature), feature.level, feature.note)

    @property
    def markdown(self) -> str:
        link = f"[{self.spec}](https://xmpp.org/extensions/{self.spec.lower()}.html)"
        return f"| {link} | {self.title} | {self.level} | {self.note} |"


def title_of(feature: Feature) -> str:
    """What the module's first sentence calls it: "Message carbons, XEP-0280: …"."""
    opening = (sys.modules[feature.module].__doc__ or "").partition("\n\n")[0]
    words = re.search(rf"([^,:.(]+?)[,\s(]+{feature.spec}", opening.replace("\n", " "))
    title = words[1].strip().removeprefix("and ").strip() if words else ""
    return title[:1].upper() + title[1:]


def rows() -> list[Row]:
    """All XEPs, in the order of their numbers."""
    load_handlers()
    features = [each for each in registry.features if each.spec.startswith("XEP-")]
    return [Row.read(each) for each in sorted(features, key=lambda feature: feature.spec)]


def markdown() -> str:
    """The table of README.md."""
    head = "| XEP | What | Support | Remarks |\n| --- | --- | --- | --- |"
    return "\n".join([head, *(row.markdown for row in rows())])


class Command(BaseCommand):
    help = "List the XEPs that this service supports."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--markdown", action="store_true", help="as the table of README.md")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["markdown"]:
            self.stdout.write(markdown())
            return
        for row in rows():
            self.stdout.write(f"{row.spec}  {row.level:9} {row.title}  {row.note}".rstrip())
