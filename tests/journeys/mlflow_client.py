"""What training code does with the `mlflow` client, unmodified: nothing in here knows Orrery.

Run by mlflow-client.test.ts with MLFLOW_TRACKING_URI set; fails with an assertion, or prints the ids it made as JSON.
"""

import contextlib
import json
import math
import os
import tempfile
from pathlib import Path

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException
from sklearn.linear_model import LogisticRegression

LARGE = 256 * 1024 * 1024


@contextlib.contextmanager
def refused(code: str):
    try:
        yield
    except MlflowException as error:
        assert error.error_code == code, f"{error.error_code} instead of {code}: {error}"
    else:
        raise AssertionError(f"nothing was refused with {code}")


def experiments(client: MlflowClient) -> None:
    made = client.create_experiment("forest", tags={"team": "green"})
    with refused("RESOURCE_ALREADY_EXISTS"):
        client.create_experiment("forest")
    client.set_experiment_tag(made, "stage", "early")
    client.rename_experiment(made, "woods")
    found = mlflow.get_experiment_by_name("woods")
    assert (found.experiment_id, found.tags) == (made, {"team": "green", "stage": "early"}), found
    assert mlflow.get_experiment_by_name("forest") is None
    assert [e.name for e in mlflow.search_experiments(filter_string="tags.team = 'green'")] == ["woods"]
    client.delete_experiment(made)
    assert client.get_experiment(made).lifecycle_stage == "deleted"
    assert mlflow.search_experiments(filter_string="name = 'woods'") == []
    client.restore_experiment(made)
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.get_experiment("404")


def training(client: MlflowClient) -> str:
    mlflow.set_experiment("training")
    with mlflow.start_run(run_name="parent", tags={"team": "green"}, description="a run") as run:
        mlflow.log_param("depth", 6)
        mlflow.log_params({"rate": 0.1, "kind": "trees"})
        for step in range(50):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
        mlflow.log_metrics({"auc": 0.8, "diverged": math.nan, "endless": -math.inf})
        mlflow.set_tag("note", "first")
        mlflow.set_tag("note", "second")
        mlflow.set_tag("gone", "soon")
        mlflow.delete_tag("gone")
        with mlflow.start_run(run_name="child", nested=True):
            mlflow.log_metric("auc", 0.7)
        with refused("INVALID_PARAMETER_VALUE"):
            mlflow.log_param("depth", 7)
        with refused("INVALID_PARAMETER_VALUE"):
            mlflow.log_metric("no|name", 1)
    kept = client.get_run(run.info.run_id)
    assert kept.info.status == "FINISHED" and kept.info.end_time >= kept.info.start_time
    assert kept.data.params == {"depth": "6", "rate": "0.1", "kind": "trees"}
    assert kept.data.metrics["loss"] == 1 / 50 and kept.data.metrics["auc"] == 0.8
    assert math.isnan(kept.data.metrics["diverged"]) and kept.data.metrics["endless"] < -1e308
    assert kept.data.tags["note"] == "second" and "gone" not in kept.data.tags
    history = client.get_metric_history(run.info.run_id, "loss")
    assert [(m.step, m.value) for m in history] == [(s, 1 / (s + 1)) for s in range(50)]
    return run.info.run_id


def batches(client: MlflowClient, run_id: str) -> None:
    run = client.create_run(client.get_run(run_id).info.experiment_id, run_name="batches")
    metrics = [Metric("m", float(i), 1_700_000_000_000 + i, i) for i in range(1_000)]
    client.log_batch(run.info.run_id, metrics=metrics)
    client.log_batch(run.info.run_id, metrics=metrics[:10])
    assert len(client.get_metric_history(run.info.run_id, "m")) == 1_000
    client.log_batch(run.info.run_id, params=[Param("a", "1")], tags=[RunTag("t", "1")])
    with refused("INVALID_PARAMETER_VALUE"):
        client.log_batch(run.info.run_id, params=[Param("b", "1"), Param("a", "2")])
    assert client.get_run(run.info.run_id).data.params == {"a": "1"}
    client.set_terminated(run.info.run_id, "FAILED")
    client.delete_run(run.info.run_id)
    with refused("INVALID_PARAMETER_VALUE"):
        client.log_metric(run.info.run_id, "m", 1)
    deleted = client.search_runs([run.info.experiment_id], run_view_type=ViewType.DELETED_ONLY)
    assert [r.info.run_name for r in deleted] == ["batches"]
    client.restore_run(run.info.run_id)
    assert client.get_run(run.info.run_id).info.status == "FAILED"


def searches(client: MlflowClient, run_id: str) -> None:
    experiment = client.get_run(run_id).info.experiment_id

    def names(filter_string: str, order_by: list[str] | None = None) -> list[str]:
        return [r.info.run_name for r in client.search_runs([experiment], filter_string, order_by=order_by)]

    assert names("metrics.auc > 0.65", ["metrics.auc DESC"]) == ["parent", "child"]
    assert names("metrics.auc > 0.65 and params.kind = 'trees'") == ["parent"]
    assert names("tags.team LIKE 'gr%' and attributes.status = 'FINISHED'") == ["parent"]
    assert names(f"tags.`mlflow.parentRunId` = '{run_id}'") == ["child"]
    assert names(f"attributes.run_id IN ('{run_id}', 'nobody')", ["start_time"]) == ["parent"]
    assert names("params.depth IS NULL", ["attributes.run_name"]) == ["batches", "child"]
    with refused("INVALID_PARAMETER_VALUE"):
        names("metrics.auc ~ 1")
    first = client.search_runs([experiment], max_results=2)
    rest = client.search_runs([experiment], max_results=2, page_token=first.token)
    assert (len(first), len(rest)) == (2, 1)
    table = mlflow.search_runs(experiment_names=["training"], filter_string="params.depth = '6'")
    assert table["metrics.auc"].tolist() == [0.8]


def artifacts(client: MlflowClient, run_id: str, folder: Path) -> None:
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "a.txt").write_text("hello")
    (folder / "empty").write_bytes(b"")
    (folder / "deep" / "er" / "größe 1%.bin").write_bytes(bytes(range(256)))
    with open(folder / "large.bin", "wb") as large:
        for block in range(64):
            large.write(bytes([block]) * (LARGE // 64))
    client.log_artifact(run_id, str(folder / "a.txt"))
    client.log_artifacts(run_id, str(folder), "all")
    client.log_dict(run_id, {"answer": 42}, "notes/answer.json")
    assert [(f.path, f.is_dir, f.file_size) for f in client.list_artifacts(run_id)] == [
        ("a.txt", False, 5),
        ("all", True, None),
        ("notes", True, None),
    ]
    assert [f.path for f in client.list_artifacts(run_id, "all/deep")] == ["all/deep/er"]
    assert client.list_artifacts(run_id, "a.txt") == []
    fetched = Path(client.download_artifacts(run_id, "all", str(folder.parent)))
    for file in folder.rglob("*"):
        if file.is_file():
            assert (fetched / file.relative_to(folder)).read_bytes() == file.read_bytes(), file
    assert mlflow.artifacts.load_dict(f"runs:/{run_id}/notes/answer.json") == {"answer": 42}
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.download_artifacts(run_id, "nowhere", str(folder.parent))


def models() -> str:
    features = pd.DataFrame({"a": [float(i % 7) for i in range(40)], "b": [float(i % 3) for i in range(40)]})
    target = (features.a > 3).astype(int)
    mlflow.set_experiment("models")
    mlflow.sklearn.autolog(log_models=False)
    with mlflow.start_run(run_name="automatic") as automatic:
        model = LogisticRegression().fit(features, target)
    mlflow.sklearn.autolog(disable=True)
    logged = mlflow.get_run(automatic.info.run_id)
    assert logged.data.params["C"] == "1.0" and logged.data.metrics["training_accuracy_score"] == 1.0
    assert logged.inputs.dataset_inputs[0].tags[0].value == "train"

    with mlflow.start_run(run_name="by hand") as by_hand:
        info = mlflow.sklearn.log_model(
            model, name="model", serialization_format="cloudpickle", pip_requirements=["scikit-learn"]
        )
        held_out = mlflow.data.from_pandas(features, name="held out")
        mlflow.log_metric("auc", 0.9, model_id=info.model_id, dataset=held_out)
    assert mlflow.get_run(by_hand.info.run_id).outputs.model_outputs[0].model_id == info.model_id
    expected = model.predict(features).tolist()
    for uri in (info.model_uri, f"runs:/{by_hand.info.run_id}/model"):
        assert mlflow.sklearn.load_model(uri).predict(features).tolist() == expected, uri
    found = mlflow.get_logged_model(info.model_id)
    assert found.status == "READY" and [(m.key, m.value) for m in found.metrics] == [("auc", 0.9)]
    return by_hand.info.run_id


def main() -> None:
    client = MlflowClient()
    experiments(client)
    run_id = training(client)
    batches(client, run_id)
    searches(client, run_id)
    with tempfile.TemporaryDirectory() as place:
        artifacts(client, run_id, Path(place) / "files")
    default = client.create_run("0")
    assert client.get_experiment("0").name == "Default"
    client.set_terminated(default.info.run_id)
    print(json.dumps({"run": run_id, "modelled": models(), "default": default.info.run_id, "version": mlflow.__version__}))


if __name__ == "__main__":
    assert os.environ["MLFLOW_TRACKING_URI"].startswith("http")
    main()
