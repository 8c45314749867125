"""A server, and everything it is asked for."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TypeVar, cast

from ._datasets import Dataset, read_dataset
from ._features import FeatureFrame, FeatureRequest, OnlineFeatures, joined, read_online
from ._feedback import Feedback, FeedbackReceipt, give, said_of, summary_of
from ._http import Connection, Json, path_of
from ._predictions import FeedbackReport, Labels, Predictions, predict, tell
from ._records import Records
from .errors import OrreryError

_Frame = TypeVar("_Frame", bound=FeatureFrame)

_DEFAULT = "http://127.0.0.1:7979"
_ADDRESSES = ("ORRERY_URL", "ORRERY_SERVER", "MLFLOW_TRACKING_URI")
_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
_REFERENCE = re.compile(r"(?:(?P<project>[^/@]+)/)?(?P<name>[^/@]+)(?:@(?P<number>[1-9]\d{0,8}|latest))?")


class Client:
    """A connection to one server. It may be shared by threads, and needs no closing.

    Args:
        url: Its address; ``ORRERY_URL``, ``ORRERY_SERVER`` or ``MLFLOW_TRACKING_URI`` when absent.
        token: Who asks; ``ORRERY_TOKEN`` when absent.
        project: What names without a project belong to; ``ORRERY_PROJECT`` when absent.
        timeout: Seconds that a plain request may take.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        token: str | None = None,
        project: str | None = None,
        timeout: float = 60.0,
    ) -> None:
        self._connection = Connection(url or _address(), token or os.environ.get("ORRERY_TOKEN"), timeout)
        self._project = project

    @property
    def url(self) -> str:
        """The server's address."""
        return self._connection.url

    def dataset(self, reference: str, *, project: str | None = None) -> Dataset:
        """A version of a data set.

        Args:
            reference: ``customers`` for the latest, ``customers@3``, ``churn/customers@3``, or the id of a version.

        Raises:
            NotFoundError: There is no such data set or version.
        """
        if _ID.fullmatch(reference):
            return self._described(path_of("data-versions", reference))
        found = _REFERENCE.fullmatch(reference)
        if not found:
            raise ValueError(f"{reference!r} names no version: write customers, customers@3 or churn/customers@3.")
        of = found["project"] or self._in(project)
        number = found["number"] or "latest"
        return self._described(path_of("projects", of, "datasets", found["name"], "versions", number))

    def datasets(self, *, project: str | None = None) -> list[str]:
        """The names of a project's data sets."""
        answer = self._connection.get(path_of("projects", self._in(project), "datasets"))
        return [str(one["name"]) for one in cast("list[Json]", answer["datasets"])]

    def features(
        self,
        frame: _Frame,
        *,
        views: Sequence[str] | None = None,
        time: str = "event_time",
        full_names: bool = False,
        project: str | None = None,
    ) -> _Frame:
        """A frame of entities with their features as they were at its times.

        Args:
            frame: A data frame, an Arrow table, or a ``RecordBatchReader``, which never stands in memory as a whole.
            views: All views of the project when absent.
            time: The column with the time of each row.
            full_names: ``view__column`` instead of ``column``.

        Returns:
            The same rows in the same order with a column for each feature, of the kind that was given. Which versions
            of views and data were used is in ``frame.attrs["orrery_views"]`` or the schema's ``orrery.views``.

        Raises:
            OrreryError: A key or the time is missing, or a feature is called like another column.
        """
        asked = FeatureRequest(self._in(project), None if views is None else tuple(views), time, full_names)
        return joined(self._connection, frame, asked)

    def online_features(
        self,
        entities: Records,
        *,
        views: Sequence[str] | None = None,
        full_names: bool = False,
        project: str | None = None,
    ) -> OnlineFeatures:
        """The features of entities as they are now, each with how fresh it is."""
        return read_online(
            self._connection, entities, project=self._in(project), views=views, full_names=full_names
        )

    def predict(self, endpoint: str, records: Records, *, ids: Sequence[str] | None = None) -> Predictions:
        """Answers of an endpoint, each under an id that the truth can be told of later.

        Args:
            ids: Your own, one for each record: the same id again gives the answer that was given.
        """
        return predict(self._connection, endpoint, records, ids)

    def feedback(self, labels: Labels | Mapping[str, str | float | bool]) -> FeedbackReport:
        """Tells the truth about predictions, in any order, early or late; the same twice is one.

        Args:
            labels: A dictionary of labels by id, a list of :class:`Label`, or a frame with ``id``, ``label`` and, if
                known, ``time``.
        """
        return tell(self._connection, labels)

    def give_feedback(self, feedback: Sequence[Feedback] | Records) -> FeedbackReceipt:
        """Tells what people say of answers or endpoints: ratings, comments, corrections. The same twice is one.

        Args:
            feedback: A list of :class:`Feedback`, or a frame or dictionaries with its fields.
        """
        return give(self._connection, feedback)

    def feedback_of(self, prediction: str) -> list[Json]:
        """What people said of an answer, newest first."""
        return said_of(self._connection, prediction)

    def feedback_summary(self, endpoint: str, *, by: str = "day") -> Json:
        """Counts, mean rating and disagreement of an endpoint, by version and over time (``by`` hour or day)."""
        return summary_of(self._connection, endpoint, by)

    def _described(self, path: str) -> Dataset:
        return read_dataset(self._connection, self._connection.get(path))

    def _in(self, project: str | None) -> str:
        found = project or self._project or os.environ.get("ORRERY_PROJECT")
        if not found:
            raise OrreryError(
                "It is not said which project is meant.",
                code="ORRERY_PROJECT_NOT_NAMED",
                hint="Give project=…, write churn/customers, or set ORRERY_PROJECT.",
            )
        return found

    def __repr__(self) -> str:
        return f"Client({self.url!r})"


def connect(
    url: str | None = None, *, token: str | None = None, project: str | None = None, timeout: float = 60.0
) -> Client:
    """A client of a server: see :class:`Client`."""
    return Client(url, token=token, project=project, timeout=timeout)


def default_client() -> Client:
    """The client of the server that the environment names now."""
    return _client_of(_address(), os.environ.get("ORRERY_TOKEN"))


@lru_cache(maxsize=8)
def _client_of(url: str, token: str | None) -> Client:
    return Client(url, token=token)


def _address() -> str:
    return next((found for name in _ADDRESSES if (found := os.environ.get(name))), _DEFAULT)
