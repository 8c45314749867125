"""Predictions of endpoints, and the truth about them."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Union, cast, overload

import pyarrow as pa

from ._http import Connection, Json
from ._records import Cell, Records, body_of, cell_of, in_requests, is_pandas, rows_of

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Prediction:
    """One answer."""

    id: str
    """Of the prediction in the log: the truth is told under it."""
    value: float
    """P(positive class), or the predicted number."""
    label: str | None
    """The most likely class; None for a regression."""
    probabilities: dict[str, float] | None
    version: int
    """Of the model."""


class Predictions(Sequence[Prediction]):
    """Answers in the order of the records."""

    def __init__(self, model: str, answers: Sequence[Prediction]) -> None:
        self.model = model
        self._answers = list(answers)

    @overload
    def __getitem__(self, index: int) -> Prediction: ...
    @overload
    def __getitem__(self, index: slice) -> Predictions: ...
    def __getitem__(self, index: int | slice) -> Prediction | Predictions:
        if isinstance(index, slice):
            return Predictions(self.model, self._answers[index])
        return self._answers[index]

    def __len__(self) -> int:
        return len(self._answers)

    def __iter__(self) -> Iterator[Prediction]:
        return iter(self._answers)

    def __repr__(self) -> str:
        return f"Predictions(model={self.model!r}, {len(self)} answers)"

    def to_arrow(self) -> pa.Table:
        """One row an answer: ``id``, ``value``, ``label``, ``version``."""
        return pa.table(
            {
                "id": pa.array([one.id for one in self._answers], pa.string()),
                "value": pa.array([one.value for one in self._answers], pa.float64()),
                "label": pa.array([one.label for one in self._answers], pa.string()),
                "version": pa.array([one.version for one in self._answers], pa.int64()),
            }
        )

    def to_pandas(self) -> pd.DataFrame:
        """As :meth:`to_arrow`, as a data frame; needs pandas."""
        return self.to_arrow().to_pandas()


@dataclass(frozen=True)
class Label:
    """What became true of a prediction."""

    id: str
    label: str | float | bool
    time: str | datetime.datetime | None = None
    """When it became true."""


Labels = Union["Sequence[Label]", Records]


@dataclass(frozen=True)
class FeedbackReport:
    """What became of labels."""

    joined: int
    repeated: int
    """Told before, just so."""
    corrected: int
    """Replaced another one."""
    unknown: list[str]
    """Ids that no prediction has yet; their labels wait. At most 100 of each request are named."""
    refused: dict[str, str]
    """Labels that are none for their endpoint, each with why; they were not kept."""


def predict(connection: Connection, endpoint: str, records: Records, ids: Sequence[str] | None) -> Predictions:
    """Answers of an endpoint, whatever number of records it is asked about."""
    rows = rows_of(records)
    if ids is not None and len(ids) != len(rows):
        raise ValueError(f"{len(ids)} ids for {len(rows)} records: give one for each.")
    model = endpoint
    answers: list[Prediction] = []
    for first, piece in in_requests(rows):
        named: dict[str, object] = {} if ids is None else {"ids": list(ids[first : first + len(piece)])}
        answer = connection.post(f"/predict/{endpoint}", body_of(named, "records", piece))
        model = str(answer["model"])
        answers.extend(_prediction(one) for one in cast("list[Json]", answer["predictions"]))
    return Predictions(model, answers)


def _prediction(said: Json) -> Prediction:
    return Prediction(
        id=str(said["id"]),
        value=cast(float, said["value"]),
        label=cast("str | None", said["label"]),
        probabilities=cast("dict[str, float] | None", said["probabilities"]),
        version=cast(int, said["version"]),
    )


def tell(connection: Connection, labels: Labels | Mapping[str, str | float | bool]) -> FeedbackReport:
    """Tells the truth about predictions."""
    joined = repeated = corrected = 0
    unknown: list[str] = []
    refused: dict[str, str] = {}
    for _, piece in in_requests(_told(labels)):
        answer = connection.post("/feedback", body_of({}, "labels", piece))
        joined += cast(int, answer["joined"])
        repeated += cast(int, answer["repeated"])
        corrected += cast(int, answer["corrected"])
        unknown.extend(cast("list[str]", answer["unknown"]))
        refused.update((one["id"], one["reason"]) for one in cast("list[dict[str, str]]", answer["refused"]))
    return FeedbackReport(joined, repeated, corrected, unknown, refused)


def _told(labels: Labels | Mapping[str, str | float | bool]) -> list[dict[str, Cell]]:
    if isinstance(labels, Mapping):
        return [{"id": id, "label": cell_of(label)} for id, label in labels.items()]
    if isinstance(labels, pa.Table) or is_pandas(labels):
        rows = rows_of(cast(Records, labels))
    else:
        listed = cast("Sequence[Label | Mapping[str, object]]", labels)
        rows = rows_of([one if isinstance(one, Mapping) else vars(one) for one in listed])
    for number, row in enumerate(rows):
        if row.get("id") is None or row.get("label") is None:
            raise ValueError(f"Label {number} has no id, or no label: give both.")
    return [{name: row[name] for name in ("id", "label", "time") if row.get(name) is not None} for row in rows]
