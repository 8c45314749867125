"""Checks records, runs the model, names its answers."""

import hashlib
import threading
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any, TypedDict

import numpy as np
import onnxruntime as ort

from .about import ABOUT
from .intake import ROWS_PER_RUN, Record, feeds, take

_TASK: str = ABOUT["task"]
_CLASSES: list[str] = ABOUT["classes"]
_GRAPH: dict[str, Any] = ABOUT.get("graph") or {}
_OUTPUT: str = _GRAPH.get("output") or ("prediction" if _TASK == "regression" else "probabilities")


class Prediction(TypedDict):
    """``value`` is P(second class) of a binary model, P(its label) of a multiclass one, the number of a regression."""

    value: float
    label: str | None
    probabilities: dict[str, float] | None


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


def predict(records: Sequence[Record]) -> list[Prediction]:
    """Answers records as the server does that this version was exported from.

    Args:
        records: one for each answer; ``Record`` in ``intake.py`` says what it may be.

    Raises:
        RecordInvalid: one does not fit the signature: none is answered then.
        PictureRefused: of a model of pictures, when the only one is no picture that is taken.
        ModelDamaged: model.onnx is another file than the one that was exported.
    """
    if isinstance(records, (str, bytes, Mapping)) or len(records) == 0:
        raise TypeError("predict takes a sequence of at least one record.")
    taken = take(records)
    session = load()
    predictions: list[Prediction] = []
    for start in range(0, len(records), ROWS_PER_RUN):
        stop = min(start + ROWS_PER_RUN, len(records))
        (found,) = session.run([_OUTPUT], feeds(taken, start, stop))
        predictions.extend(_answers(np.asarray(found).reshape(stop - start, -1)))
    return predictions


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
