"""Features: as they were at a time, for a frame of any size; and as they are now."""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Literal, TypeVar, Union, cast
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

from ._http import Connection, Json, path_of
from ._records import Cell, Records, body_of, in_requests, is_pandas, rows_of, table_of
from .errors import OrreryError

if TYPE_CHECKING:
    import pandas as pd

FeatureFrame = Union["pd.DataFrame", "pa.Table", "pa.RecordBatchReader"]
_Frame = TypeVar("_Frame", bound=FeatureFrame)

_USED = b"orrery.views"
_BATCH = 65_536


@dataclass(frozen=True)
class FeatureRequest:
    """What is asked for with a frame of entities."""

    project: str
    views: tuple[str, ...] | None
    time: str
    full_names: bool


def joined(connection: Connection, frame: _Frame, request: FeatureRequest) -> _Frame:
    """The frame, of the kind it came as, with the features beside its own columns."""
    if isinstance(frame, pa.RecordBatchReader):
        return cast(_Frame, _joined_stream(connection, frame, request))
    if isinstance(frame, pa.Table):
        return cast(_Frame, _joined_table(connection, frame, request))
    if is_pandas(frame):
        return cast(_Frame, _joined_pandas(connection, cast("pd.DataFrame", frame), request))
    raise TypeError(f"{type(frame).__name__} is no frame: a pandas DataFrame, an Arrow table or a RecordBatchReader.")


def _joined_table(connection: Connection, table: pa.Table, request: FeatureRequest) -> pa.Table:
    with tempfile.TemporaryFile() as target:
        used = _join(connection, table.schema, table.to_batches(max_chunksize=_BATCH), request, target)
        features = pq.read_table(target)
    for column in _new_columns(table.schema, features.schema, request):
        table = table.append_column(column.name, features.column(column.name))
    return table.replace_schema_metadata({**(table.schema.metadata or {}), _USED: used})


def _joined_pandas(connection: Connection, frame: pd.DataFrame, request: FeatureRequest) -> pd.DataFrame:
    # Only keys and time are sent: the other columns may hold what Arrow has no type for.
    keys = [column for column in _asked_columns(connection, request) if column in frame.columns]
    table = table_of(frame[keys])
    with tempfile.TemporaryFile() as target:
        used = _join(connection, table.schema, table.to_batches(max_chunksize=_BATCH), request, target)
        features = pq.read_table(target)
    result = frame.copy(deep=False)
    names = _refuse_same(frame.columns, features.schema.names, keys, request)
    for name in names:
        values = features.column(name).to_pandas()
        values.index = frame.index
        result[name] = values
    result.attrs["orrery_views"] = json.loads(used)
    return result


def _joined_stream(
    connection: Connection, reader: pa.RecordBatchReader, request: FeatureRequest
) -> pa.RecordBatchReader:
    # Both sides wait on disk: a server answers a frame only when it has all of it.
    own, target = tempfile.TemporaryFile(), tempfile.TemporaryFile()
    schema = reader.schema

    def kept() -> Iterator[pa.RecordBatch]:
        with pyarrow.ipc.new_stream(own, schema) as writer:
            for batch in reader:
                writer.write_batch(batch)
                yield batch

    used = _join(connection, schema, kept(), request, target)
    own.seek(0)
    file = pq.ParquetFile(target)
    new = _new_columns(schema, file.schema_arrow, request)
    whole = pa.schema([*schema, *new]).with_metadata({**(schema.metadata or {}), _USED: used})

    def side_by_side() -> Iterator[pa.RecordBatch]:
        with own, target:
            features = _Cutter(file.iter_batches(columns=[column.name for column in new]), pa.schema(new))
            for batch in pyarrow.ipc.open_stream(own):
                yield from _beside(batch, features.take(batch.num_rows), whole)

    return pa.RecordBatchReader.from_batches(whole, side_by_side())


def _beside(batch: pa.RecordBatch, features: pa.Table, schema: pa.Schema) -> Iterable[pa.RecordBatch]:
    table = pa.Table.from_arrays([*batch.columns, *features.columns], schema=schema)
    return table.to_batches()


class _Cutter:
    """Batches of any size, cut to the sizes that are asked for."""

    def __init__(self, batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> None:
        self._batches = batches
        self._schema = schema
        self._left: list[pa.RecordBatch] = []

    def take(self, rows: int) -> pa.Table:
        taken: list[pa.RecordBatch] = []
        while rows > 0:
            batch = self._left.pop() if self._left else next(self._batches)
            if batch.num_rows > rows:
                self._left.append(batch.slice(rows))
                batch = batch.slice(0, rows)
            taken.append(batch)
            rows -= batch.num_rows
        return pa.Table.from_batches(taken, schema=self._schema)


def _asked_columns(connection: Connection, request: FeatureRequest) -> list[str]:
    """The keys of the views, what those on demand take of a request, and the time."""
    answer = connection.get(path_of("projects", request.project, "features"))
    views = cast("list[dict[str, object]]", answer["views"])
    asked = [one for one in views if request.views is None or one["name"] in request.views]
    keys = [key for one in asked for key in cast("list[str]", one["entities"])]
    on_demand = [cast("dict[str, dict[str, str]]", one["onDemand"]) for one in asked if one.get("onDemand")]
    values = [value for one in on_demand for value in one["request"]]
    return list(dict.fromkeys([*keys, *values, request.time]))


def _join(
    connection: Connection,
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    request: FeatureRequest,
    target: IO[bytes],
) -> bytes:
    """Has keys and times joined by the server, into ``target``; what was used, as JSON."""
    keys = [column for column in _asked_columns(connection, request) if column in schema.names]
    query = {"project": request.project, "time": request.time, "fullNames": str(request.full_names).lower()}
    if request.views is not None:
        query["views"] = ",".join(request.views)
    with tempfile.TemporaryFile() as source:
        sent = pa.schema([schema.field(column) for column in keys])
        with pq.ParquetWriter(source, sent) as writer:
            for batch in batches:
                writer.write_batch(batch.select(keys))
        source.seek(0)
        headers = connection.exchange("/api/features/historical.parquet", query, source, target)
    target.seek(0)
    lacking = cast("dict[str, str]", json.loads(unquote(headers.get("orrery-views-lacking", "{}"))))
    for view, column in lacking.items():
        warnings.warn(f'The view "{view}" is left out: the frame has no column "{column}".', stacklevel=4)
    return unquote(headers["orrery-views"]).encode()


def _new_columns(own: pa.Schema, features: pa.Schema, request: FeatureRequest) -> list[pa.Field[pa.DataType]]:
    keys = [column for column in features.names if column in own.names]
    new = _refuse_same(own.names, features.names, keys, request)
    return [features.field(name) for name in new]


def _refuse_same(own: Iterable[object], came: Sequence[str], keys: Sequence[str], request: FeatureRequest) -> list[str]:
    """The names that are features: the server sends the columns it got first, then one for each feature."""
    new = list(came[len(keys) :])
    taken = set(own)
    for name in new:
        if name in taken:
            raise OrreryError(
                f"The feature {name!r} would stand beside another column of that name.",
                code="ORRERY_FEATURES_NAME_TAKEN",
                hint="Ask for full names (`full_names=True`), or rename one of the two.",
                details={"column": name, "project": request.project},
            )
    return new


@dataclass(frozen=True)
class Freshness:
    """How fresh the values of a view are for one entity; times in ms since 1970, ages in ms."""

    status: Literal["present", "not_found", "outside_ttl"]
    event_time: float | None
    age: float | None
    written_at: float | None


@dataclass(frozen=True)
class OnlineFeatures:
    """What is kept of entities, in their order."""

    versions: dict[str, int]
    """The version of each view that answered."""
    values: list[dict[str, Cell]]
    freshness: list[dict[str, Freshness]]
    """How fresh the values of each view are."""

    def to_arrow(self) -> pa.Table:
        """The values as an Arrow table."""
        return pa.Table.from_pylist(cast("list[dict[str, object]]", self.values))

    def to_pandas(self) -> pd.DataFrame:
        """The values as a data frame; needs pandas."""
        return self.to_arrow().to_pandas()


def read_online(
    connection: Connection,
    entities: Records,
    *,
    project: str,
    views: Sequence[str] | None,
    full_names: bool,
) -> OnlineFeatures:
    """The features of entities as they are now."""
    fields: dict[str, object] = {"project": project, "fullNames": full_names}
    if views is not None:
        fields["views"] = list(views)
    versions: dict[str, int] = {}
    values: list[dict[str, Cell]] = []
    freshness: list[dict[str, Freshness]] = []
    for _, piece in in_requests(rows_of(entities)):
        answer = connection.post("/api/features/online", body_of(fields, "entities", piece))
        versions.update(cast("dict[str, int]", answer["versions"]))
        for row in cast("list[dict[str, Json]]", answer["rows"]):
            values.append(cast("dict[str, Cell]", row["values"]))
            freshness.append({view: _freshness(cast(Json, said)) for view, said in row["views"].items()})
    return OnlineFeatures(versions, values, freshness)


def _freshness(said: Mapping[str, object]) -> Freshness:
    return Freshness(
        cast("Literal['present']", said["status"]),
        cast("float | None", said["eventTime"]),
        cast("float | None", said["age"]),
        cast("float | None", said["writtenAt"]),
    )
