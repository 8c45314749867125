"""Versions of data sets, as tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ._cache import cached
from ._http import Connection, Json, path_of
from .errors import OrreryError

if TYPE_CHECKING:
    import pandas as pd

Part = Literal["train", "validation", "test"]


@dataclass(frozen=True)
class Column:
    """A column of a version: its name, and what it holds."""

    name: str
    type: Literal["numeric", "categorical", "timestamp", "identifier"]
    missing: int


@dataclass(frozen=True)
class Dataset:
    """A version of a data set, or a part of its split. Nothing is fetched before rows are asked for."""

    project: str
    name: str
    number: int
    id: str
    rows: int
    """Of the whole version, or of the part."""
    columns: tuple[Column, ...]
    label: str | None
    content_hash: str
    part: Part | None = None
    _sizes: dict[str, int] = field(default_factory=dict, repr=False, compare=False)
    _sha256: str = field(default="", repr=False, compare=False)
    _connection: Connection = field(default=cast(Connection, None), repr=False, compare=False)

    def split(self, part: Part) -> Dataset:
        """The rows of one part of the split: ``train``, ``validation`` or ``test``.

        Raises:
            OrreryError: The version has no split, or no such part.
        """
        if part not in self._sizes:
            known = ", ".join(self._sizes)
            raise OrreryError(
                f"{self} has no part {part!r}.",
                code="ORRERY_DATA_NOT_SPLIT",
                hint=f"It has {known}." if known else "Give the data set a `label` and a `split` in orrery.yaml.",
            )
        return replace(self, part=part, rows=self._sizes[part])

    def to_arrow(self, columns: Sequence[str] | None = None) -> pa.Table:
        """The rows as an Arrow table, in their order; only these columns when they are named."""
        table = pq.read_table(self.path(), columns=None if columns is None else list(columns), memory_map=True)
        return table if self.part is None else table.filter(self._mask(self.part))

    def to_pandas(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """The rows as a data frame; needs pandas."""
        return self.to_arrow(columns).to_pandas()

    def batches(self, columns: Sequence[str] | None = None, *, rows: int = 65_536) -> Iterator[pa.RecordBatch]:
        """The rows in pieces, for tables larger than memory; a piece has at most so many rows."""
        mask = None if self.part is None else self._mask(self.part)
        at = 0
        with pq.ParquetFile(self.path(), memory_map=True) as file:
            names = None if columns is None else list(columns)
            for batch in file.iter_batches(batch_size=rows, columns=names):
                if mask is None:
                    yield batch
                else:
                    kept = batch.filter(pa.concat_arrays(mask.slice(at, batch.num_rows).chunks))
                    at += batch.num_rows
                    if kept.num_rows > 0:
                        yield kept

    def path(self) -> Path:
        """The whole version as a Parquet file on this machine: fetched once, checked against its hash, and kept."""
        source = path_of("data-versions", self.id, "table.parquet")
        sha256 = self._sha256
        return cached(sha256, lambda target: self._connection.download(source, target, sha256=sha256))

    def _mask(self, part: Part) -> pa.ChunkedArray[pa.BooleanScalar]:
        file = BytesIO()
        self._connection.download(path_of("data-versions", self.id, "parts.parquet"), file)
        parts = pq.read_table(pa.BufferReader(file.getvalue()))
        equal = pc.equal(parts.column("part"), pa.scalar(part))
        return cast("pa.ChunkedArray[pa.BooleanScalar]", pc.fill_null(equal, pa.scalar(False)))

    def __str__(self) -> str:
        return f"{self.project}/{self.name}@{self.number}"


def read_dataset(connection: Connection, answer: Json) -> Dataset:
    """A version as the server describes it."""
    schema = cast("dict[str, list[Json]]", answer["schema"])
    columns = tuple(
        Column(str(one["name"]), cast("Literal['numeric']", one["type"]), cast(int, one["missing"]))
        for one in schema["columns"]
    )
    split = cast("dict[str, dict[str, int]] | None", answer["split"])
    label = cast("dict[str, dict[str, str] | None]", answer["profile"])["label"]
    return Dataset(
        project=str(answer["project"]),
        name=str(answer["dataset"]),
        number=cast(int, answer["number"]),
        id=str(answer["id"]),
        rows=cast(int, answer["rows"]),
        columns=columns,
        label=label["column"] if label else None,
        content_hash=str(answer["contentHash"]),
        _sizes={part: rows for part, rows in split["rows"].items() if part != "unlabelled"} if split else {},
        _sha256=str(answer["blobHash"]).removeprefix("sha256:"),
        _connection=connection,
    )
