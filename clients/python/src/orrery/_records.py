"""Rows as they go over HTTP, from whatever a caller holds."""

from __future__ import annotations

import datetime
import decimal
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Union, cast

import pyarrow as pa

if TYPE_CHECKING:
    import pandas as pd

Cell = Union[str, float, bool, None]
"""What one cell holds on the way."""

Records = Union["Sequence[Mapping[Any, object]]", "pa.Table", "pd.DataFrame"]
"""A list of dictionaries, an Arrow table or a data frame."""

# The server takes no more in one request.
MOST_ROWS = 10_000
_MOST_BYTES = 8 << 20


def rows_of(records: Records) -> list[dict[str, Cell]]:
    """One dictionary a row; times as ISO 8601, a number that is none as missing."""
    given: Iterable[Mapping[Any, object]]
    if isinstance(records, pa.Table):
        given = cast("list[dict[str, object]]", records.to_pylist())
    elif is_pandas(records):
        given = cast("list[dict[str, object]]", table_of(cast("pd.DataFrame", records)).to_pylist())
    else:
        given = cast("Sequence[Mapping[Any, object]]", records)
    return [{str(name): cell_of(cell) for name, cell in row.items()} for row in given]


def cell_of(value: object) -> Cell:
    """A value as JSON knows it."""
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, int):
        return value
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime.datetime):
        return (value if value.tzinfo else value.replace(tzinfo=datetime.timezone.utc)).isoformat()
    if isinstance(value, datetime.date):
        return value.isoformat()
    # NumPy's numbers and text are not Python's own.
    item = getattr(value, "item", None)
    if callable(item):
        return cell_of(item())
    raise TypeError(f"{type(value).__name__} is no cell: a text, a number, a time, true, false or None.")


def in_requests(rows: Sequence[Mapping[str, Cell]]) -> Iterator[tuple[int, list[bytes]]]:
    """Rows as JSON, in pieces that one request can hold, each with the number of its first row."""
    piece: list[bytes] = []
    size = first = 0
    for number, row in enumerate(rows):
        text = json.dumps(row, allow_nan=False).encode()
        if piece and (len(piece) == MOST_ROWS or size + len(text) > _MOST_BYTES):
            yield first, piece
            piece, size, first = [], 0, number
        piece.append(text)
        size += len(text)
    if piece:
        yield first, piece


def body_of(fields: Mapping[str, object], name: str, rows: Sequence[bytes]) -> bytes:
    """A JSON object with these fields and, under ``name``, rows that are JSON already."""
    head = json.dumps({**fields, name: []}, allow_nan=False)
    return head[:-2].encode() + b",".join(rows) + b"]}"


def is_pandas(value: object) -> bool:
    """Whether it is a data frame, without importing pandas."""
    return type(value).__module__.partition(".")[0] == "pandas" and type(value).__name__ == "DataFrame"


def table_of(frame: pd.DataFrame) -> pa.Table:
    """A data frame's columns, without its index."""
    return pa.Table.from_pandas(frame, preserve_index=False)
