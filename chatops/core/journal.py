"""What the journal writes: rows for prepared statements, grouped and committed together.

The message path does not touch the ORM; it hands plain tuples to statements that are made once from
the models, so that a table's definition stays in one place.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from django.db import connection, models

Row: TypeAlias = tuple[Any, ...]


@dataclass(eq=False, slots=True)
class Statement:
    """One SQL statement over a model's table, run with many rows.

    `order` says who goes first within a batch: inserts of what others refer to come before.
    """

    model: type[models.Model]
    build: Callable[[type[models.Model]], str]
    order: int
    stamped: bool = False  # a first column of None becomes an id made at the time of writing
    _sql: str | None = field(default=None, init=False)

    @property
    def sql(self) -> str:
        if self._sql is None:
            self._sql = self.build(self.model)
        return self._sql


class Write(NamedTuple):
    """One row for a statement."""

    statement: Statement
    row: Row


def insert(
    model: type[models.Model], *fields: str, order: int, ignore: bool = False, stamped: bool = False
) -> Statement:
    """INSERT of those fields in that order; with `ignore`, a row that exists is left alone."""

    def build(model: type[models.Model]) -> str:
        columns = ", ".join(_column(model, name) for name in fields)
        marks = ", ".join(["%s"] * len(fields))
        tail = " ON CONFLICT DO NOTHING" if ignore else ""
        return f"INSERT INTO {_table(model)} ({columns}) VALUES ({marks}){tail}"  # noqa: S608

    return Statement(model, build, order, stamped)


def update(
    model: type[models.Model],
    *,
    set_: Sequence[str],
    where: Sequence[str],
    order: int,
    extra: str = "",
) -> Statement:
    """UPDATE set_ = %s … WHERE where = %s …; a row holds the values in that order.

    `extra` is one more condition in SQL over columns, for example ``state < 40``.
    """

    def build(model: type[models.Model]) -> str:
        values = ", ".join(f"{_column(model, name)} = %s" for name in set_)
        keys = " AND ".join(
            [*(f"{_column(model, name)} = %s" for name in where), *filter(None, [extra])]
        )
        return f"UPDATE {_table(model)} SET {values} WHERE {keys}"  # noqa: S608

    return Statement(model, build, order)


def _table(model: type[models.Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def _column(model: type[models.Model], name: str) -> str:
    field = model._meta.get_field(name)
    assert isinstance(field, models.Field)  # noqa: S101 - narrows for mypy
    return connection.ops.quote_name(field.column or name)
