"""Records as columns, and those as the inputs of the graph."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .about import ABOUT, RecordInvalid

Cell = float | int | str | bool | None

Record = Mapping[str, Cell]
"""One mapping per answer, keyed by column name; ``None`` says that a value is not known."""

ROWS_PER_RUN = 256
"""What a model takes in memory depends on it."""

_LARGEST_FLOAT32 = 3.4028234663852886e38
"""Above this a number has no float32, which is what the model computes in."""

_ABSENT = object()
_INPUTS: list[dict[str, Any]] = (ABOUT.get("graph") or {}).get("inputs") or [
    {
        "name": feature["name"],
        "type": "float32" if feature["kind"] == "numeric" else "string",
        "features": [feature["name"]],
    }
    for feature in ABOUT["features"]
]
_TYPES = {"string": np.object_, "float32": np.float32, "float64": np.float64, "int64": np.int64, "bool": np.bool_}


def take(records: Sequence[Record]) -> dict[str, Any]:
    """A column per feature: numbers with NaN for missing, texts with ''."""
    for place, record in enumerate(records):
        if not isinstance(record, Mapping):
            raise TypeError(f"Record {place} is no mapping of columns.")
    columns: dict[str, Any] = {}
    for feature in ABOUT["features"]:
        name = feature["name"]
        values = [_plain(record.get(name, _ABSENT)) for record in records]
        if feature.get("required"):
            _refuse_missing(feature, values)
        if feature["kind"] == "numeric":
            cells = (_numeric_cell(value, name, place) for place, value in enumerate(values))
            columns[name] = np.fromiter(cells, np.float32, len(values))
        else:
            columns[name] = [_categorical_cell(value, name, place) for place, value in enumerate(values)]
    return columns


def _plain(value: Any) -> Any:
    """A number of numpy as Python's own."""
    return value.item() if isinstance(value, np.generic) else value


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _refuse_missing(feature: Mapping[str, Any], values: Sequence[Any]) -> None:
    categories = feature.get("categories")
    for place, value in enumerate(values):
        if value is None:
            raise RecordInvalid(
                place,
                feature["name"],
                "it is null, and this model has no answer without it",
                "Send a value; the model was trained without a way to deal with a missing one.",
            )
        if feature["kind"] != "categorical" or not categories or value is _ABSENT or _text(value) in categories:
            continue
        raise RecordInvalid(
            place,
            feature["name"],
            f"{_shown(value)} is not what it takes",
            f"Send one of {', '.join(categories[:10])}.",
        )


def _numeric_cell(value: Any, field: str, place: int) -> float:
    if value is None:
        return math.nan
    if value is _ABSENT:
        raise _missing(field, place)
    if _is_number(value):
        if abs(value) <= _LARGEST_FLOAT32:
            return float(value)
        raise RecordInvalid(
            place, field, f"{_text(value)} is no finite 32-bit number", "Send null for a value that is not known."
        )
    if isinstance(value, bool):
        kind, hint = "boolean", f"Send {int(value)}."
    elif isinstance(value, str):
        kind, number = "text", _number_in(value)
        hint = (
            "Send a number, or null for a value that is not known."
            if number is None
            else f"Send it without quotes: {_text(number)}."
        )
    else:
        kind, hint = "object", "Send a number, or null for a value that is not known."
    raise RecordInvalid(place, field, f"a number is expected, not the {kind} {_shown(value)}", hint)


def _categorical_cell(value: Any, field: str, place: int) -> str:
    """Truth values and numbers are categories by their text."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool) or (_is_number(value) and math.isfinite(value)):
        return _text(value)
    if value is _ABSENT:
        raise _missing(field, place)
    what = _text(value) if _is_number(value) else "this value"
    raise RecordInvalid(place, field, f"{what} is no category", "Send a text, or null for a value that is not known.")


def _missing(field: str, place: int) -> RecordInvalid:
    return RecordInvalid(
        place,
        field,
        "the feature is missing",
        "Send every feature of the signature; null says that its value is not known.",
    )


def _number_in(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in text else None


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)[:100]


def _text(value: Any) -> str:
    """As JSON's own language writes it: 2.0 is 2, true is true."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not _is_number(value):
        return str(value)
    number = float(value)
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else ("Infinity" if number > 0 else "-Infinity")
    if number == 0:
        return "0"
    sign = "-" if number < 0 else ""
    mantissa, _, power = f"{abs(number)!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + ("" if fraction == "0" else fraction)).lstrip("0")
    # The point stands behind so many digits.
    point = len(whole) + int(power or 0) - (len(whole + ("" if fraction == "0" else fraction)) - len(digits))
    digits = digits.rstrip("0") or "0"
    if 0 < point <= 21:
        tail = digits[point:]
        return f"{sign}{digits[:point].ljust(point, '0')}{'.' + tail if tail else ''}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    tail = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{tail}e{'+' if point > 0 else '-'}{abs(point - 1)}"


def feeds(columns: Mapping[str, Any], start: int, stop: int) -> dict[str, np.ndarray]:
    """The inputs of the graph for some of the records."""
    return {one["name"]: _tensor(one, columns, start, stop) for one in _INPUTS}


def _tensor(one: Mapping[str, Any], columns: Mapping[str, Any], start: int, stop: int) -> np.ndarray:
    """The columns of an input side by side, in the type that the graph asks for."""
    kind = one["type"]
    cells = np.empty((stop - start, len(one["features"])), _TYPES[kind])
    for place, name in enumerate(one["features"]):
        column = columns[name][start:stop]
        if kind == "string":
            cells[:, place] = [cell if isinstance(cell, str) else _text(cell.item()) for cell in column]
            continue
        numbers = np.asarray([_number_of(cell) for cell in column], np.float64)
        if kind == "int64":
            numbers = np.floor(np.nan_to_num(numbers, nan=0.0) + 0.5)
        elif kind == "bool":
            numbers = numbers == 1
        cells[:, place] = numbers
    return cells


def _number_of(cell: Any) -> float:
    """Truth values are categories by their text; a graph that computes with them takes 1 and 0."""
    if not isinstance(cell, str):
        return float(cell)
    return {"true": 1.0, "false": 0.0}.get(cell, math.nan)
