"""What people say of answers."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Union, cast

import pyarrow as pa

from ._http import Connection, Json, path_of
from ._records import Cell, Records, body_of, cell_of, in_requests, is_pandas, rows_of

_PLAIN = ("id", "prediction", "endpoint", "rating", "value", "comment", "person", "time")


@dataclass(frozen=True)
class Feedback:
    """What somebody says of an answer, or of an endpoint."""

    prediction: str | None = None
    """The id of the answer."""
    endpoint: str | None = None
    """Where it is about no answer."""
    rating: str | float | None = None
    """``up``, ``down``, or 1 to 5."""
    value: str | float | bool | None = None
    """What the answer should have been. This is an opinion: the truth is told by :func:`orrery.feedback`."""
    comment: str | None = None
    person: str | None = None
    tags: Sequence[str] = field(default_factory=tuple)
    time: str | datetime.datetime | None = None
    """When it was said; now when absent."""
    id: str | None = None
    """Your own: sent again under it, it replaces what was said."""


@dataclass(frozen=True)
class FeedbackReceipt:
    """What became of feedback."""

    kept: int
    repeated: int
    """Told before, just so."""
    replaced: int
    waiting: list[str]
    """Predictions that have not come; what was said of them waits. At most 100 of each request are named."""
    refused: dict[int, str]
    """Why, by its place in what was given."""


def give(connection: Connection, feedback: Sequence[Feedback] | Records) -> FeedbackReceipt:
    """Tells what people say."""
    kept = repeated = replaced = 0
    waiting: list[str] = []
    refused: dict[int, str] = {}
    for first, piece in in_requests(cast("list[dict[str, Cell]]", _said(feedback))):
        answer = cast(Json, connection.post("/feedback", body_of({}, "feedback", piece))["feedback"])
        kept += cast(int, answer["kept"])
        repeated += cast(int, answer["repeated"])
        replaced += cast(int, answer["replaced"])
        waiting.extend(cast("list[str]", answer["waiting"]))
        for one in cast("list[Json]", answer["refused"]):
            refused[first + cast(int, one["index"])] = str(one["reason"])
    return FeedbackReceipt(kept, repeated, replaced, waiting, refused)


def said_of(connection: Connection, prediction: str) -> list[Json]:
    """What people said of an answer."""
    return cast("list[Json]", connection.get(path_of("predictions", prediction, "feedback"))["feedback"])


def summary_of(connection: Connection, endpoint: str, by: str) -> Json:
    """Figures of what people said of an endpoint."""
    return connection.get(path_of("endpoints", endpoint, "feedback", "summary"), {"by": by})


def _said(feedback: Sequence[Feedback] | Records) -> list[dict[str, object]]:
    if isinstance(feedback, pa.Table) or is_pandas(feedback):
        given: Sequence[Mapping[str, object]] = rows_of(cast(Records, feedback))
    else:
        listed = cast("Sequence[Union[Feedback, Mapping[str, object]]]", feedback)
        given = [one if isinstance(one, Mapping) else vars(one) for one in listed]
    said: list[dict[str, object]] = []
    for number, row in enumerate(given):
        told: dict[str, object] = {name: cell for name in _PLAIN if (cell := cell_of(row.get(name))) is not None}
        tags = row.get("tags")
        if tags:
            told["tags"] = [str(tag) for tag in cast("Sequence[object]", tags)]
        if "prediction" not in told and "endpoint" not in told:
            raise ValueError(f"Feedback {number} is about nothing: give a prediction or an endpoint.")
        said.append(told)
    return said
