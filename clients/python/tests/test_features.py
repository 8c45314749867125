from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pandas as pd
import pyarrow as pa
import pytest

import orrery

Ask = Callable[[str, object], dict[str, object]]
SUPPORT = ["support_calls_60d", "support_minutes_60d"]
KEPT = ["support", "usage"]
FEATURES = [*SUPPORT, "minutes_7d", "data_gb_7d", "plan"]


def entities(rows: int) -> pd.DataFrame:
    """Customers and moments, with an index and a column of the caller's own."""
    questions = orrery.dataset("customers").to_pandas(columns=["customer_id", "asked_at"])
    frame = questions.iloc[[row % len(questions) for row in range(rows)]].rename(columns={"asked_at": "event_time"})
    frame.index = pd.Index([f"row {row}" for row in range(rows)])
    frame["mine"] = [complex(row, 1) for row in range(rows)]
    return frame


def test_a_frame_gets_its_features_as_the_server_answers_them_row_by_row(ask: Ask) -> None:
    frame = entities(300)
    joined = orrery.features(frame, views=KEPT)
    assert list(joined.columns) == ["customer_id", "event_time", "mine", *FEATURES]
    assert joined.index.equals(frame.index)
    assert joined[["customer_id", "event_time", "mine"]].equals(frame)
    rows = [{"customer_id": c, "event_time": t.isoformat() + "Z"} for c, t in zip(frame.customer_id, frame.event_time)]
    answer = ask("/api/features/historical", {"project": "churn-features", "views": KEPT, "rows": rows})
    assert answer["columns"] == ["customer_id", "event_time", *FEATURES]
    expected = [row[2:] for row in answer["rows"]]  # type: ignore[attr-defined]
    got = [[None if pd.isna(cell) else cell for cell in row] for row in joined[FEATURES].itertuples(index=False)]
    assert got == expected
    assert any(row[0] is not None for row in got) and any(row[0] is None for row in got)
    assert joined.attrs["orrery_views"] == answer["views"]


def test_a_frame_larger_than_one_request_comes_back_whole_as_a_frame_a_table_or_a_stream() -> None:
    frame = entities(250_000).drop(columns="mine")
    joined = orrery.features(frame, views=["usage"], full_names=True)
    table = orrery.features(pa.Table.from_pandas(frame, preserve_index=False), views=["usage"], full_names=True)
    names = ["usage__minutes_7d", "usage__data_gb_7d", "usage__plan"]
    assert list(joined.columns) == table.column_names == ["customer_id", "event_time", *names]
    assert table.num_rows == len(joined) == 250_000
    assert table.column(names[0]).to_pylist() == [None if pd.isna(cell) else cell for cell in joined[names[0]]]

    def pieces() -> Iterator[pa.RecordBatch]:
        plain = pa.Table.from_pandas(frame, preserve_index=False)
        for at in range(0, plain.num_rows, 7_777):
            yield from plain.slice(at, 7_777).to_batches()

    schema = pa.Table.from_pandas(frame.head(1), preserve_index=False).schema
    reader = pa.RecordBatchReader.from_batches(schema, pieces())
    stream = orrery.features(reader, views=["usage"], full_names=True)
    assert isinstance(stream, pa.RecordBatchReader)
    whole = stream.read_all()
    assert whole.equals(table)
    assert json.loads((whole.schema.metadata or {})[b"orrery.views"])[0]["view"] == "usage"


def test_what_is_computed_on_demand_takes_what_a_request_would_say_from_the_frame() -> None:
    frame = entities(50)
    with pytest.raises(orrery.OrreryError, match="ORRERY_FEATURES_FRAME_COLUMN_MISSING"):
        orrery.features(frame, views=["bother"])
    joined = orrery.features(frame.assign(asked_at=frame.event_time), views=["bother"])
    assert list(joined.columns)[-3:] == ["calls_per_100_minutes", "gb_per_minute", "hour_asked"]
    assert joined["hour_asked"].tolist() == [float(moment.hour) for moment in frame.event_time]
    with pytest.warns(UserWarning, match='"bother" is left out: the frame has no column "asked_at"'):
        assert "hour_asked" not in orrery.features(frame).columns


def test_a_frame_without_rows_gets_columns() -> None:
    assert list(orrery.features(entities(0).drop(columns="mine"), views=["support"]).columns)[2:] == SUPPORT


def test_what_cannot_be_joined_is_refused_in_words() -> None:
    frame = entities(3)
    with pytest.raises(orrery.NotFoundError, match="ORRERY_FEATURES_VIEW_UNKNOWN"):
        orrery.features(frame, views=["nobody"])
    with pytest.raises(orrery.OrreryError, match="ORRERY_FEATURES_FRAME_COLUMN_MISSING"):
        orrery.features(frame.drop(columns="customer_id"))
    with pytest.raises(orrery.OrreryError, match="ORRERY_FEATURES_NAME_TAKEN"):
        orrery.features(frame.assign(plan="mine"), views=["usage"])
    with pytest.raises(TypeError, match="is no frame"):
        orrery.features([{"customer_id": "c0001"}])  # type: ignore[type-var]


def test_features_as_they_are_now_with_how_fresh_they_are() -> None:
    asked = [{"customer_id": f"c{row:04d}"} for row in range(400)] * 30 + [{"customer_id": "nobody"}]
    found = orrery.online_features(asked)
    assert len(found.values) == len(asked) == 12_001
    assert found.versions == {"usage": 1, "support": 1, "bother": 1}
    assert found.freshness[0]["usage"].status == "present"
    assert found.freshness[-1]["usage"].status == "not_found"
    assert found.values[-1]["minutes_7d"] is None
    assert found.values[0] == found.values[400]
    frame = orrery.online_features(pd.DataFrame(asked[:5]), views=["usage"]).to_pandas()
    assert frame["minutes_7d"].tolist() == [row["minutes_7d"] for row in found.values[:5]]
    with pytest.raises(orrery.OrreryError, match="ORRERY_FEATURES_ENTITY_MISSING"):
        orrery.online_features([{"customer": "c0001"}])
