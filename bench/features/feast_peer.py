"""Feast on the same tables. `join`: its offline store to a Parquet file; `serve`: its server over its online store.

Prints one line of JSON: the CPU and the wall time of the work alone, without imports.
"""

import json
import os
import resource
import sys
import time
from datetime import datetime, timedelta, timezone

import pandas as pd
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig
from feast.types import Float64, Int64
from feast.value_type import ValueType

kind, folder, target, offline, ttl_days = sys.argv[1:6]

config = RepoConfig(
    project="bench",
    provider="local",
    registry=os.path.join(folder, f"registry-{kind}.db"),
    offline_store={"type": offline},
    online_store={"type": "sqlite", "path": os.path.join(folder, "online.db")},
    entity_key_serialization_version=3,
)
store = FeatureStore(config=config)
customer = Entity(name="customer", join_keys=["customer"], value_type=ValueType.INT64)
views = []
for v in range(3):
    source = FileSource(
        name=f"source{v}",
        path=os.path.join(folder, f"view{v}.parquet"),
        timestamp_field="event_timestamp",
        created_timestamp_column="created",
    )
    views.append(
        FeatureView(
            name=f"view{v}",
            entities=[customer],
            ttl=timedelta(days=int(ttl_days)),
            schema=[Field(name="customer", dtype=Int64), Field(name=f"v{v}_a", dtype=Float64), Field(name=f"v{v}_b", dtype=Float64)],
            source=source,
        )
    )
store.apply([customer, *views])
features = [f"view{v}:v{v}_{name}" for v in range(3) for name in "ab"]


def used():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime, time.perf_counter()


if kind == "join":
    entities = pd.read_parquet(os.path.join(folder, "entities.parquet"))
    entities["event_timestamp"] = entities["event_timestamp"].dt.tz_localize("UTC")
    cpu, wall = used()
    store.get_historical_features(entity_df=entities, features=features).to_arrow()
    done_cpu, done_wall = used()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"cpu": done_cpu - cpu, "wall": done_wall - wall, "peakMb": peak}))
    if target != "-":
        store.get_historical_features(entity_df=entities, features=features).to_df().to_parquet(target)
else:
    store.materialize(datetime(2024, 1, 1, tzinfo=timezone.utc), datetime.now(timezone.utc))
    print(json.dumps({"ready": True}), flush=True)
    store.serve(host="127.0.0.1", port=int(target), type_="http", no_access_log=True, workers=1, metrics=False, keep_alive_timeout=60, registry_ttl_sec=60)
