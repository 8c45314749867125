from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from conftest import Wire

import orrery

PROJECT = "churn-features"


def test_the_latest_version_a_numbered_one_and_one_by_its_id_are_the_same() -> None:
    latest = orrery.dataset("customers")
    assert str(latest) == f"{PROJECT}/customers@1"
    assert (
        latest == orrery.dataset("customers@1") == orrery.dataset(f"{PROJECT}/customers@latest")
        == orrery.dataset(latest.id) == orrery.connect(project=PROJECT).dataset("customers")
    )
    assert orrery.datasets() == ["calls", "customers", "usage"]
    assert latest.label == "churned"
    assert [column.name for column in latest.columns][:2] == ["customer_id", "asked_at"]


def test_rows_are_a_table_a_frame_or_batches_in_one_order() -> None:
    usage = orrery.dataset("usage")
    table = usage.to_arrow()
    assert table.num_rows == usage.rows == 400 * 30
    assert table.column_names == [column.name for column in usage.columns]
    pieces = list(usage.batches(rows=1_000))
    assert max(piece.num_rows for piece in pieces) == 1_000
    assert sum(piece.num_rows for piece in pieces) == usage.rows
    frame = usage.to_pandas(columns=["customer_id", "minutes_7d"])
    assert list(frame.columns) == ["customer_id", "minutes_7d"]
    assert frame["minutes_7d"].tolist() == table.column("minutes_7d").to_pylist()
    assert [cell for piece in pieces for cell in piece.column("minutes_7d").to_pylist()] == frame["minutes_7d"].tolist()


def test_parts_of_the_split_make_up_the_whole_and_are_in_order_of_time() -> None:
    whole = orrery.dataset("customers")
    names: tuple[orrery.Part, ...] = ("train", "validation", "test")
    parts = {part: whole.split(part) for part in names}
    frames = {part: one.to_pandas() for part, one in parts.items()}
    assert {part: len(frame) for part, frame in frames.items()} == {part: one.rows for part, one in parts.items()}
    assert sum(one.rows for one in parts.values()) == whole.rows
    assert frames["train"]["asked_at"].max() <= frames["validation"]["asked_at"].min()
    assert frames["validation"]["asked_at"].max() <= frames["test"]["asked_at"].min()
    together = pd.concat(frames.values()).sort_values(["asked_at", "customer_id"], ignore_index=True)
    assert together.equals(whole.to_pandas().sort_values(["asked_at", "customer_id"], ignore_index=True))
    batched = [cell for batch in parts["test"].batches(rows=100) for cell in batch.column("customer_id").to_pylist()]
    assert batched == frames["test"]["customer_id"].tolist()


def test_what_has_no_split_has_no_parts() -> None:
    with pytest.raises(orrery.OrreryError) as refused:
        orrery.dataset("usage").split("train")
    assert refused.value.code == "ORRERY_DATA_NOT_SPLIT"


def test_a_version_is_fetched_once_and_again_when_its_copy_was_changed(wire: Wire, own_cache: Path) -> None:
    usage = orrery.connect(wire.url, project=PROJECT).dataset("usage")
    rows = usage.to_arrow().num_rows
    usage.to_arrow()
    assert wire.asked_for(b"table.parquet") == 1
    [copy] = own_cache.iterdir()
    copy.write_bytes(copy.read_bytes()[:-1] + b"?")
    assert usage.to_arrow().num_rows == rows
    assert wire.asked_for(b"table.parquet") == 2


def test_a_transfer_that_is_cut_off_goes_on_where_it_was(wire: Wire) -> None:
    usage = orrery.connect(wire.url, project=PROJECT).dataset("usage")
    wire.cut_after = 20_000
    table = usage.to_arrow()
    assert table.equals(orrery.dataset("usage").to_arrow())
    ranges = [request for request in wire.asked if b"range: bytes=" in request.lower()]
    assert ranges and all(b"if-range: \"sha256:" in request.lower() for request in ranges)


def test_a_byte_that_was_turned_on_the_way_is_noticed_and_leaves_nothing(wire: Wire, own_cache: Path) -> None:
    usage = orrery.connect(wire.url, project=PROJECT).dataset("usage")
    wire.turn_at = 10_000
    with pytest.raises(orrery.DamagedError, match="ORRERY_DOWNLOAD_DAMAGED"):
        usage.to_arrow()
    assert list(own_cache.iterdir()) == []


def test_refusals_come_with_the_servers_own_words() -> None:
    with pytest.raises(orrery.NotFoundError) as unknown:
        orrery.dataset("customers@99")
    assert (unknown.value.code, unknown.value.status) == ("ORRERY_DATA_VERSION_UNKNOWN", 404)
    assert unknown.value.hint
    with pytest.raises(orrery.NotFoundError, match="ORRERY_DATA_DATASET_UNKNOWN"):
        orrery.dataset("nobody")
    with pytest.raises(ValueError, match="names no version"):
        orrery.dataset("a/b/c@1")


def test_a_server_that_is_not_there_says_so_and_a_project_has_to_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(orrery.UnreachableError, match="ORRERY_URL"):
        orrery.connect("http://127.0.0.1:9", project=PROJECT).dataset("customers")
    monkeypatch.delenv("ORRERY_PROJECT")
    with pytest.raises(orrery.OrreryError, match="ORRERY_PROJECT_NOT_NAMED"):
        orrery.dataset("customers")


def test_a_token_that_nobody_knows_is_refused() -> None:
    with pytest.raises(orrery.PermissionDeniedError):
        orrery.connect(token="orrery_nobody", project=PROJECT).dataset("customers")
