# SPDX-License-Identifier: Apache-2.0
"""The rows of a dump: orders and sums as they are asked for, the ledger's figures as the values that are dumped."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pagetoll.core.dumps import (
    COLUMNS,
    NO_SUM,
    SUM_KEYS,
    SUMMED,
    DumpQuery,
    DumpType,
    Kind,
    OrderField,
    Value,
)
from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _
from pagetoll.core.money import decimal_of
from pagetoll.ports import Catalogue

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECONDS_PER_S = 1_000_000


def parse_order(data: DumpType, fields: Sequence[str]) -> tuple[tuple[OrderField, ...], tuple[str, ...]]:
    """The columns to sort by, +column ascending, -column descending, and remarks on fields that were left out.

    Raises UsageError for a column that this kind of data does not have.
    """
    order, remarks = [], []
    for field in fields:
        name = field.lstrip("+-").lower() if field[:1] in ("+", "-") else field.lower()
        if not name.isalpha():
            remarks.append(_("cannot order by {field}, which is no word; it was left out").format(field=repr(field)))
        elif name not in COLUMNS[data]:
            raise UsageError(
                _("cannot order by {name}: the columns are {columns}").format(
                    name=name, columns=", ".join(COLUMNS[data])
                )
            )
        else:
            order.append(OrderField(name, descending=field.startswith("-")))
    return tuple(order), tuple(remarks)


def summed(query: DumpQuery) -> DumpQuery:
    """The same query for sums, told apart by those columns that are also filters.

    Raises UsageError for data of which nothing is summed.
    """
    if query.data not in SUMMED:
        raise UsageError(
            _("--sum cannot go with --data {data}; only {summed} are summed").format(
                data=query.data, summed=", ".join(SUMMED)
            )
        )
    always = ("username",) if query.data is DumpType.PAYMENTS else ()
    return replace(query, sums_by=tuple(key for key in SUM_KEYS[query.data] if key in query.names or key in always))


def rows(catalogue: Catalogue, query: DumpQuery) -> Iterator[tuple[Value, ...]]:
    """The rows of a dump, a value for each of the columns; read as they are asked for, in flat memory."""
    converters = [_CONVERTERS[kind] for kind in COLUMNS[query.data].values()]
    if query.sums_by is not None:
        kept = {*query.sums_by, *SUMMED[query.data]}
        converters = [
            converter if name in kept else _star
            for name, converter in zip(COLUMNS[query.data], converters, strict=True)
        ]
    for row in catalogue.dump(query):
        yield tuple([converter(value) for converter, value in zip(converters, row, strict=True)])


def local_time(micros: int) -> datetime:
    """Microseconds since 1970 as local time with its zone, to the second."""
    instant = _EPOCH + timedelta(seconds=micros // _MICROSECONDS_PER_S)
    return instant.astimezone()


def _same(value: Any) -> Value:
    return value  # type: ignore[no-any-return]


def _star(_value: Any) -> Value:
    return NO_SUM


_CONVERTERS: dict[Kind, Callable[[Any], Value]] = {
    Kind.TEXT: _same,
    Kind.MAYBE_TEXT: lambda text: text or None,
    Kind.NUMBER: lambda number: None if number is None else int(number),
    Kind.NUMBER_AS_TEXT: lambda number: None if number is None else str(number),
    Kind.CREDITS: lambda steps: None if steps is None else decimal_of(int(steps)),
    Kind.FLAG: lambda flag: None if flag is None else bool(flag),
    Kind.INSTANT: lambda micros: None if micros is None else local_time(micros),
}
