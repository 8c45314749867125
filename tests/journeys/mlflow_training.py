"""Training scripts as people have them: nothing in here knows Orrery, one address is all that is different.

Run by mlflow-training.test.ts with MLFLOW_TRACKING_URI set; fails with an assertion, or prints what it made as JSON.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ["KERAS_BACKEND"] = "jax"

import matplotlib

matplotlib.use("Agg")

import keras
import lightgbm
import matplotlib.pyplot as plt
import mlflow
import numpy as np
import pandas as pd
import xgboost
from mlflow import MlflowClient
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV, train_test_split

features, target = load_iris(return_X_y=True, as_frame=True)
# Names that LightGBM and XGBoost both take.
features.columns = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
train_x, test_x, train_y, test_y = train_test_split(features, target, random_state=1)
client = MlflowClient()


def run_of(name: str):
    mlflow.set_experiment("training scripts")
    return mlflow.start_run(run_name=name)


def scikit_learn() -> None:
    mlflow.sklearn.autolog(serialization_format="cloudpickle")
    with run_of("scikit-learn") as run:
        search = GridSearchCV(RandomForestClassifier(n_estimators=5, random_state=1), {"max_depth": [2, 4]}, cv=2)
        search.fit(train_x, train_y)
    mlflow.sklearn.autolog(disable=True)
    logged = client.get_run(run.info.run_id)
    assert logged.data.params["best_max_depth"] in {"2", "4"}, logged.data.params
    assert logged.data.metrics["training_score"] > 0.8
    children = mlflow.search_runs(filter_string=f"tags.mlflow.parentRunId = '{run.info.run_id}'")
    assert len(children) == 2, children
    model = mlflow.sklearn.load_model(f"runs:/{run.info.run_id}/best_estimator")
    assert (model.predict(test_x) == search.best_estimator_.predict(test_x)).all()


def light_gbm() -> None:
    mlflow.lightgbm.autolog()
    with run_of("LightGBM") as run:
        data = lightgbm.Dataset(train_x, label=train_y)
        lightgbm.train(
            {"objective": "multiclass", "num_class": 3, "metric": "multi_logloss", "verbose": -1, "num_threads": 1},
            data,
            num_boost_round=8,
            valid_sets=[data],
            valid_names=["train"],
        )
    mlflow.lightgbm.autolog(disable=True)
    logged = client.get_run(run.info.run_id)
    assert len(client.get_metric_history(run.info.run_id, "train-multi_logloss")) == 8
    [output] = logged.outputs.model_outputs
    model = mlflow.lightgbm.load_model(f"models:/{output.model_id}")
    assert model.predict(test_x).shape == (len(test_x), 3)
    assert any("feature_importance" in file.path for file in client.list_artifacts(run.info.run_id))


def xg_boost() -> None:
    mlflow.xgboost.autolog(model_format="json")
    with run_of("XGBoost") as run:
        xgboost.train(
            {"objective": "multi:softprob", "num_class": 3, "nthread": 1},
            xgboost.DMatrix(train_x, label=train_y),
            num_boost_round=8,
            evals=[(xgboost.DMatrix(test_x, label=test_y), "test")],
            verbose_eval=False,
        )
    mlflow.xgboost.autolog(disable=True)
    assert len(client.get_metric_history(run.info.run_id, "test-mlogloss")) == 8
    model = mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/model")
    assert np.asarray(model.predict(test_x)).shape == (len(test_x), 3)


def keras_on_jax() -> None:
    with run_of("Keras") as run:
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(3, "softmax")])
        model.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(train_x.to_numpy(), train_y.to_numpy(), epochs=3, verbose=0, callbacks=[mlflow.keras.MlflowCallback()])
    assert len(client.get_metric_history(run.info.run_id, "loss")) == 3
    assert client.get_run(run.info.run_id).data.params["optimizer_name"] == "rm_sprop"


def evaluation() -> None:
    with run_of("evaluated") as run:
        model = RandomForestClassifier(n_estimators=5, random_state=1).fit(train_x, train_y)
        info = mlflow.sklearn.log_model(model, name="forest", serialization_format="cloudpickle", input_example=train_x[:2])
        held_out = mlflow.data.from_pandas(test_x.assign(kind=test_y), targets="kind", name="held out")
        mlflow.log_input(held_out, context="eval")
        result = mlflow.models.evaluate(info.model_uri, held_out, model_type="classifier", evaluator_config={"log_explainer": False})
    assert result.metrics["accuracy_score"] > 0.8
    logged = client.get_run(run.info.run_id)
    assert logged.data.metrics["accuracy_score"] == result.metrics["accuracy_score"]
    assert [i.dataset.name for i in logged.inputs.dataset_inputs] == ["held out"]
    found = mlflow.search_runs(filter_string="datasets.name = 'held out' and dataset.context = 'eval'")
    assert found.run_id.tolist() == [run.info.run_id], found
    [best] = mlflow.search_logged_models(
        experiment_ids=[run.info.experiment_id],
        filter_string="metrics.accuracy_score > 0.8 and name = 'forest'",
        datasets=[{"dataset_name": "held out", "dataset_digest": held_out.digest}],
        order_by=[{"field_name": "metrics.accuracy_score", "ascending": False}],
        output_format="list",
    )
    assert best.model_id == info.model_id


def fluent() -> None:
    mlflow.config.enable_async_logging(True)
    with run_of("fluent") as run:
        for step in range(200):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
        mlflow.log_params({f"p{i}": i for i in range(250)})
        mlflow.flush_async_logging()
        mlflow.config.enable_async_logging(False)
        mlflow.log_text("hello", "notes/hello.txt")
        mlflow.log_dict({"answer": 42}, "notes/answer.yaml")
        mlflow.log_table({"question": ["a", "b"], "answer": [1, 2]}, "table.json")
        mlflow.log_table({"question": ["c"], "answer": [3]}, "table.json")
        mlflow.log_image(np.zeros((8, 8, 3), dtype=np.uint8), "black.png")
        mlflow.log_image(np.zeros((8, 8, 3), dtype=np.uint8), key="progress", step=1)
        figure, axes = plt.subplots()
        axes.plot([1, 2])
        mlflow.log_figure(figure, "figure.png")
        mlflow.set_tags({"mlflow.runName": "renamed", "kind": "fluent"})
        with mlflow.start_run(nested=True, run_name="child"), mlflow.start_run(nested=True, run_name="grandchild"):
            mlflow.log_metric("deep", 1)
        mlflow.flush_artifact_async_logging()
    logged = client.get_run(run.info.run_id)
    assert logged.info.run_name == "renamed" and len(logged.data.params) == 250
    assert [m.step for m in client.get_metric_history(run.info.run_id, "loss")] == list(range(200))
    assert mlflow.load_table("table.json", run_ids=[run.info.run_id]).answer.tolist() == [1, 2, 3]
    assert mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/notes/hello.txt") == "hello"
    assert mlflow.artifacts.load_image(f"runs:/{run.info.run_id}/black.png").size == (8, 8)
    assert client.list_artifacts(run.info.run_id, "images")
    child = mlflow.search_runs(filter_string=f"tags.mlflow.parentRunId = '{run.info.run_id}'").iloc[0]
    assert child["tags.mlflow.runName"] == "child"


def system_metrics() -> None:
    mlflow.set_system_metrics_sampling_interval(0.2)
    mlflow.set_system_metrics_samples_before_logging(1)
    mlflow.set_experiment("training scripts")
    with mlflow.start_run(run_name="system metrics", log_system_metrics=True) as run:
        time.sleep(3)
    metrics = client.get_run(run.info.run_id).data.metrics
    assert any(key.startswith("system/cpu") for key in metrics), metrics


def command_line(folder: Path) -> None:
    def mlflow_says(*arguments: str) -> str:
        done = subprocess.run([sys.executable, "-m", "mlflow", *arguments], capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"mlflow {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    mlflow_says("experiments", "create", "--experiment-name", "from a shell")
    experiment = mlflow.get_experiment_by_name("from a shell").experiment_id
    assert "from a shell" in mlflow_says("experiments", "search")
    mlflow_says("experiments", "rename", "--experiment-id", experiment, "--new-name", "from the shell")
    run_id = client.create_run(experiment, run_name="by hand").info.run_id
    (folder / "note.txt").write_text("hello")
    mlflow_says("artifacts", "log-artifact", "--local-file", str(folder / "note.txt"), "--run-id", run_id, "--artifact-path", "in")
    assert "in/note.txt" in mlflow_says("artifacts", "list", "--run-id", run_id, "--artifact-path", "in")
    fetched = mlflow_says("artifacts", "download", "--run-id", run_id, "--artifact-path", "in/note.txt", "--dst-path", str(folder / "out"))
    assert Path(fetched.strip().splitlines()[-1]).read_text() == "hello"
    assert "by hand" in mlflow_says("runs", "list", "--experiment-id", experiment)
    assert json.loads(mlflow_says("runs", "describe", "--run-id", run_id))["info"]["run_name"] == "by hand"
    mlflow_says("runs", "delete", "--run-id", run_id)
    mlflow_says("runs", "restore", "--run-id", run_id)
    mlflow_says("experiments", "csv", "--experiment-id", experiment, "--filename", str(folder / "runs.csv"))
    assert pd.read_csv(folder / "runs.csv").run_id.tolist() == [run_id]
    mlflow_says("experiments", "delete", "--experiment-id", experiment)
    mlflow_says("experiments", "restore", "--experiment-id", experiment)


def main() -> None:
    done = []
    for script in (scikit_learn, light_gbm, xg_boost, keras_on_jax, evaluation, fluent, system_metrics):
        script()
        done.append(script.__name__)
    with tempfile.TemporaryDirectory() as place:
        command_line(Path(place))
    done.append("command_line")
    print(json.dumps(done))


if __name__ == "__main__":
    assert os.environ["MLFLOW_TRACKING_URI"].startswith("http")
    main()
