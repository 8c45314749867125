"""Compares two MLflow servers through the client, value by value. Prints the differences as JSON.

Usage: import_compare.py <uri of the source> <uri of the target>
"""

import hashlib
import json
import sys
import tempfile
from pathlib import Path

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import ViewType

# The one word for infinity that JSON and databases know.
LARGEST = sys.float_info.max
# A run that waits to start counts as running.
STATUSES = {"SCHEDULED": "RUNNING"}


def value(number: float) -> str:
    return str(min(max(number, -LARGEST), LARGEST))


def files(client: MlflowClient, run: str, folder: str | None = None) -> dict[str, str]:
    found = {}
    for entry in client.list_artifacts(run, folder):
        if entry.is_dir:
            found |= files(client, run, entry.path)
        else:
            with tempfile.TemporaryDirectory() as place:
                path = Path(client.download_artifacts(run, entry.path, place))
                found[entry.path] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def told_of_run(client: MlflowClient, run) -> dict:
    info, data = run.info, run.data
    tags = dict(data.tags)
    if tags.get("mlflow.user", info.user_id) == info.user_id:
        tags.pop("mlflow.user", None)
    return {
        "info": [info.run_name, info.user_id, STATUSES.get(info.status, info.status)]
        + [info.start_time, info.end_time, info.lifecycle_stage, info.experiment_id],
        "params": data.params,
        "tags": tags,
        "metrics": {key: value(number) for key, number in data.metrics.items()},
        "histories": {
            key: sorted({(m.step, m.timestamp, value(m.value)) for m in client.get_metric_history(info.run_id, key)})
            for key in data.metrics
        },
        "inputs": sorted(json.dumps(i.to_dictionary(), sort_keys=True) for i in run.inputs.dataset_inputs),
        "outputs": sorted((o.model_id, o.step) for o in run.outputs.model_outputs) if run.outputs else [],
        "artifacts": files(client, info.run_id),
    }


def told_of_model(model) -> dict:
    return {
        "info": [model.name, model.experiment_id, model.source_run_id, str(model.status), model.creation_timestamp],
        "params": model.params,
        "tags": model.tags,
        "metrics": sorted((m.key, m.step, m.timestamp) for m in model.metrics or [] if m.key == "acc"),
    }


def told_of_version(version) -> dict:
    return {
        "info": [version.source, version.run_id, version.current_stage, version.description or "", version.status],
        "times": [version.creation_timestamp, version.last_updated_timestamp],
        "tags": version.tags,
    }


def everything(uri: str) -> dict:
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    client = MlflowClient(uri, uri)
    told = {}
    experiments = client.search_experiments(view_type=ViewType.ALL)
    for e in experiments:
        told[f"experiment {e.experiment_id}"] = [e.name, e.lifecycle_stage, e.creation_time, e.tags]
    ids = [e.experiment_id for e in experiments]
    for run in client.search_runs(ids, run_view_type=ViewType.ALL, max_results=1_000):
        told[f"run {run.info.run_id}"] = told_of_run(client, run)
    for model in client.search_logged_models(ids):
        told[f"model {model.model_id}"] = told_of_model(model)
    for model in client.search_registered_models():
        told[f"registered {model.name}"] = [model.description or "", model.tags, dict(model.aliases)]
    for version in client.search_model_versions():
        told[f"version {version.name} {version.version}"] = told_of_version(version)
    loaded = mlflow.sklearn.load_model("models:/clf@challenger")
    told["answers"] = loaded.predict(pd.DataFrame({"x": [0.0, 9.0]})).tolist()
    return told


def differences(a: dict, b: dict) -> list:
    found = []
    for key in sorted(a.keys() | b.keys()):
        if a.get(key) == b.get(key):
            continue
        one, other = a.get(key), b.get(key)
        if isinstance(one, dict) and isinstance(other, dict):
            found += [[key, part, str(one.get(part))[:500], str(other.get(part))[:500]] for part in one if one[part] != other.get(part)]
        else:
            found.append([key, str(one)[:500], str(other)[:500]])
    return found


source, target = everything(sys.argv[1]), everything(sys.argv[2])
print(json.dumps({"compared": len(source), "differences": differences(source, target)}))
