"""Checks records, runs the model, names its answers."""

import hashlib
import json
import math
import threading
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any, TypedDict

import numpy as np
import onnxruntime as ort

Cell = float | int | str | bool | None

ABOUT: dict[str, Any] = json.loads(files(__package__).joinpath("about.json").read_text("utf-8"))

_LARGEST_FLOAT32 = 3.4028234663852886e38
"""Above this a number has no float32, which is what the model computes in."""

_MOST_ROWS_PER_RUN = 256
"""Rows of one run: what a model takes in memory depends on it."""

_ABSENT = object()
_TASK: str = ABOUT["task"]
_CLASSES: list[str] = ABOUT["classes"]
_GRAPH: dict[str, Any] = ABOUT.get("graph") or {}
_OUTPUT: str = _GRAPH.get("output") or ("prediction" if _TASK == "regression" else "probabilities")
_INPUTS: list[dict[str, Any]] = _GRAPH.get("inputs") or [
    {
        "name": feature["name"],
        "type": "float32" if feature["kind"] == "numeric" else "string",
        "features": [feature["name"]],
    }
    for feature in ABOUT["features"]
]
_TYPES = {"string": np.object_, "float32": np.float32, "float64": np.float64, "int64": np.int64, "bool": np.bool_}


class Prediction(TypedDict):
    """``value`` is P(second class) of a binary model, P(its label) of a multiclass one, the number of a regression."""

    value: float
    label: str | None
    probabilities: dict[str, float] | None


class RecordInvalid(ValueError):
    """A record that does not fit the signature; nothing of its call was answered."""

    code = "ORRERY_RUNTIME_RECORD_INVALID"
    status = 422

    def __init__(self, record: int, field: str, message: str, hint: str) -> None:
        super().__init__(f'Record {record}, field "{field}": {message}.')
        self.record = record
        self.field = field
        self.hint = hint


class ModelDamaged(RuntimeError):
    """The file beside this is not the model that was exported."""

    code = "MODEL_DAMAGED"
    hint = "Install the package again."


_session: ort.InferenceSession | None = None
_loading = threading.Lock()


def load() -> ort.InferenceSession:
    """Loads the model; without it, the first ``predict`` does.

    Raises:
        ModelDamaged: model.onnx is another file than the one that was exported.
    """
    global _session
    with _loading:
        if _session is None:
            onnx = files(__package__).joinpath("model.onnx").read_bytes()
            if hashlib.sha256(onnx).hexdigest() != ABOUT["sha256"]:
                name = f"{ABOUT['model']}@{ABOUT['version']}"
                raise ModelDamaged(f"model.onnx of {name} is not the file that was exported: its sha256 is another.")
            # As the server runs it: one thread, so that the same record gives the same bits.
            options = ort.SessionOptions()
            options.intra_op_num_threads = 1
            options.inter_op_num_threads = 1
            options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
            options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
            options.log_severity_level = 4
            _session = ort.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
        return _session


def predict(records: Sequence[Mapping[str, Cell]]) -> list[Prediction]:
    """Answers records as the server does that this version was exported from.

    Args:
        records: one mapping per answer, keyed by column name; ``None`` says that a value is not known.

    Raises:
        RecordInvalid: one does not fit the signature: none is answered then.
        ModelDamaged: model.onnx is another file than the one that was exported.
    """
    if isinstance(records, (str, bytes, Mapping)) or len(records) == 0:
        raise TypeError("predict takes a sequence of at least one record.")
    columns = _encode(records)
    session = load()
    predictions: list[Prediction] = []
    for start in range(0, len(records), _MOST_ROWS_PER_RUN):
        stop = min(start + _MOST_ROWS_PER_RUN, len(records))
        feeds = {one["name"]: _tensor(one, columns, start, stop) for one in _INPUTS}
        (found,) = session.run([_OUTPUT], feeds)
        predictions.extend(_answers(np.asarray(found).reshape(stop - start, -1)))
    return predictions


def _encode(records: Sequence[Mapping[str, Cell]]) -> dict[str, Any]:
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


def _answers(rows: np.ndarray) -> list[Prediction]:
    if _TASK == "regression":
        return [{"value": float(row[0]), "label": None, "probabilities": None} for row in rows]
    found: list[Prediction] = []
    for row in rows:
        if _TASK == "binary":
            value = float(row[-1])
            probabilities = {_CLASSES[0]: 1 - value, _CLASSES[1]: value}
            found.append({"value": value, "label": _CLASSES[value >= 0.5], "probabilities": probabilities})
        else:
            best = int(np.argmax(row))
            named = {name: float(row[k]) for k, name in enumerate(_CLASSES)}
            found.append({"value": float(row[best]), "label": _CLASSES[best], "probabilities": named})
    return found
