"""Data, features and predictions of an Orrery server.

>>> import orrery
>>> orrery.dataset("customers@3", project="churn").split("train").to_pandas()
>>> orrery.features(frame, views=["usage"], project="churn")
>>> orrery.predict("churn", [{"customer_id": "c0042"}])

The functions of this module talk to the server that the environment names: ``ORRERY_URL`` (or ``ORRERY_SERVER``, or
``MLFLOW_TRACKING_URI``), with ``ORRERY_TOKEN``, in ``ORRERY_PROJECT``. ``orrery.connect`` names another one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from ._client import Client, connect, default_client
from ._datasets import Column, Dataset, Part
from ._features import FeatureFrame, Freshness, OnlineFeatures
from ._feedback import Feedback, FeedbackReceipt
from ._predictions import FeedbackReport, Label, Labels, Prediction, Predictions
from ._records import Cell, Records
from .errors import (
    DamagedError,
    NotFoundError,
    OrreryError,
    PermissionDeniedError,
    UnreachableError,
)

__version__ = "0.1.0"

__all__ = [
    "Cell",
    "Client",
    "Column",
    "DamagedError",
    "Dataset",
    "Feedback",
    "FeedbackReceipt",
    "FeedbackReport",
    "Freshness",
    "Label",
    "NotFoundError",
    "OnlineFeatures",
    "OrreryError",
    "Part",
    "PermissionDeniedError",
    "Prediction",
    "Predictions",
    "Records",
    "UnreachableError",
    "connect",
    "dataset",
    "datasets",
    "features",
    "feedback",
    "feedback_of",
    "feedback_summary",
    "give_feedback",
    "online_features",
    "predict",
]

_Frame = TypeVar("_Frame", bound=FeatureFrame)


def dataset(reference: str, *, project: str | None = None) -> Dataset:
    """A version of a data set: see :meth:`Client.dataset`."""
    return default_client().dataset(reference, project=project)


def datasets(*, project: str | None = None) -> list[str]:
    """The names of a project's data sets."""
    return default_client().datasets(project=project)


def features(
    frame: _Frame,
    *,
    views: Sequence[str] | None = None,
    time: str = "event_time",
    full_names: bool = False,
    project: str | None = None,
) -> _Frame:
    """A frame of entities with their features as they were at its times: see :meth:`Client.features`."""
    return default_client().features(frame, views=views, time=time, full_names=full_names, project=project)


def online_features(
    entities: Records,
    *,
    views: Sequence[str] | None = None,
    full_names: bool = False,
    project: str | None = None,
) -> OnlineFeatures:
    """The features of entities as they are now: see :meth:`Client.online_features`."""
    return default_client().online_features(entities, views=views, full_names=full_names, project=project)


def predict(endpoint: str, records: Records, *, ids: Sequence[str] | None = None) -> Predictions:
    """Answers of an endpoint: see :meth:`Client.predict`."""
    return default_client().predict(endpoint, records, ids=ids)


def feedback(labels: Labels | Mapping[str, str | float | bool]) -> FeedbackReport:
    """Tells the truth about predictions: see :meth:`Client.feedback`."""
    return default_client().feedback(labels)


def give_feedback(feedback: Sequence[Feedback] | Records) -> FeedbackReceipt:
    """Tells what people say of answers or endpoints: see :meth:`Client.give_feedback`."""
    return default_client().give_feedback(feedback)


def feedback_of(prediction: str) -> list[dict[str, object]]:
    """What people said of an answer: see :meth:`Client.feedback_of`."""
    return default_client().feedback_of(prediction)


def feedback_summary(endpoint: str, *, by: str = "day") -> dict[str, object]:
    """Figures of what people said of an endpoint: see :meth:`Client.feedback_summary`."""
    return default_client().feedback_summary(endpoint, by=by)
