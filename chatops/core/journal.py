"""What the journal writes: rows for prepared statements, grouped and committed together.

The message path does not touch the ORM; it hands plain tuples to statements that are made once from
the models, so that a table's definition stays in one place. Many rows go in one statement: the
database then works without asking for the interpreter's lock after each of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, NamedTuple, TypeAlias

from django.db import connection, models
from django.db.backends.utils import CursorWrapper

from chatops.core.ids import new_id

Row: TypeAlias = tuple[Any, ...]

# Rows a statement takes at once; few sizes, so that the prepared statements stay few.
CHUNKS = (256, 64, 16, 4, 1)


@dataclass(eq=False, slots=True)
class Statement:
    """One kind of change to a model's table, made for many rows at a time.

    `order` says who goes first within a batch: inserts of what others refer to come before.
    """

    model: type[models.Model]
    order: int
    stamped: bool = field(default=False, kw_only=True)
    _texts: dict[int, str] = field(default_factory=dict, init=False)

    def text(self, rows: int) -> str:
        """The SQL for that many rows."""
        raise NotImplementedError

    def run(self, cursor: CursorWrapper, rows: Sequence[Row]) -> None:
        """Write the rows, in their order."""
        self.write(cursor, stamp(rows) if self.stamped else rows)

    def write(self, cursor: CursorWrapper, rows: Sequence[Row]) -> None:
        """The same, of rows that have their ids."""
        for chunk in _chunks(rows):
            size = len(chunk)
            if size not in self._texts:
                self._texts[size] = self.text(size)
            cursor.execute(self._texts[size], list(chain.from_iterable(chunk)))


@dataclass(eq=False, slots=True)
class Insert(Statement):
    """INSERT of `fields`; a row holds their values in that order.

    With `ignore` a row that exists is left alone; with `stamped` a first value of None becomes an
    id made at the time of writing.
    """

    fields: Sequence[str] = ()
    ignore: bool = False

    def text(self, rows: int) -> str:
        columns = ", ".join(_column(self.model, name) for name in self.fields)
        marks = ", ".join([f"({', '.join([_mark()] * len(self.fields))})"] * rows)
        tail = " ON CONFLICT DO NOTHING" if self.ignore else ""
        return f"INSERT INTO {_table(self.model)} ({columns}) VALUES {marks}{tail}"  # noqa: S608


@dataclass(eq=False, slots=True)
class Update(Statement):
    """UPDATE of the row with that primary key; a row holds the key, then the values of `fields`.

    `unless` is one more condition, in SQL over the columns, under which nothing changes. A key may
    not come twice in a batch.
    """

    fields: Sequence[str] = ()
    unless: str = ""

    def text(self, rows: int) -> str:
        names = ("pk", *self.fields)
        first = f"({', '.join(_typed_mark(self.model, name) for name in names)})"
        marks = ", ".join([first] + [f"({', '.join([_mark()] * len(names))})"] * (rows - 1))
        values = ", ".join(
            f"{_column(self.model, name)} = fresh.column{number}"
            for number, name in enumerate(self.fields, start=2)
        )
        table = _table(self.model)
        key = f"{table}.{_column(self.model, 'pk')} = fresh.column1"
        guard = f" AND NOT ({self.unless})" if self.unless else ""
        return f"UPDATE {table} SET {values} FROM (VALUES {marks}) AS fresh WHERE {key}{guard}"  # noqa: S608


class Write(NamedTuple):
    """One row for a statement."""

    statement: Statement
    row: Row


def stamp(rows: Sequence[Row]) -> Sequence[Row]:
    """With ids for those that happen now."""
    return [row if row[0] is not None else (new_id(), *row[1:]) for row in rows]


def _chunks(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    start = 0
    for size in CHUNKS:
        while len(rows) - start >= size:
            yield rows[start : start + size]
            start += size


def _table(model: type[models.Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def _field(model: type[models.Model], name: str) -> "models.Field[Any, Any]":
    found = model._meta.pk if name == "pk" else model._meta.get_field(name)
    assert isinstance(found, models.Field)  # noqa: S101 - narrows for mypy
    return found


def _column(model: type[models.Model], name: str) -> str:
    return connection.ops.quote_name(_field(model, name).column or name)


def _mark() -> str:
    """SQLite's own, which nobody has to look for in a long statement each time it runs."""
    return "?" if connection.vendor == "sqlite" else "%s"


def _typed_mark(model: type[models.Model], name: str) -> str:
    """PostgreSQL takes the type of a VALUES column from its first row."""
    if connection.vendor != "postgresql":
        return _mark()
    return f"CAST(%s AS {_field(model, name).rel_db_type(connection)})"
