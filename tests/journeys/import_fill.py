"""Fills an MLflow with one of everything that a move has to bring. Run by import-mlflow.test.ts."""

import math
import warnings

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from sklearn.linear_model import LogisticRegression

warnings.filterwarnings("ignore")
client = MlflowClient()
forest = client.create_experiment("forest", tags={"team": "green", "note": "größe\nzwei"})
mlflow.set_experiment("forest")
frame = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": [0, 1, 0, 1]})
dataset = mlflow.data.from_pandas(frame, name="train", targets="y")

with mlflow.start_run(run_name="parent", tags={"note": "line one\nline two"}, description="a run") as run:
    parent = run.info.run_id
    mlflow.log_params({"depth": 6, "rate": 0.1, "deep/nested": "x", "empty": "", "long": "p" * 5_000})
    points = [Metric("loss", 1 / (i + 1), 1_700_000_000_000 + i, i) for i in range(2_000)]
    for at in range(0, 2_000, 1_000):
        client.log_batch(parent, metrics=points[at : at + 1_000])
    mlflow.log_metrics({"nan": math.nan, "inf": math.inf, "ninf": -math.inf})
    mlflow.log_metric("val/auc", 0.8, step=-3)
    for value in (1.0, 2.0):
        client.log_metric(parent, "same", value, timestamp=5, step=1)
    mlflow.log_input(dataset, context="training", tags={"k": "v"})
    mlflow.log_dict({"a": 1}, "notes/answer.json")
    mlflow.log_text("", "notes/empty.txt")
    mlflow.log_text("hi", "größe 1%.txt")
    mlflow.log_text("m" * 3_000_000, "large/file.txt")
    model = LogisticRegression().fit(frame[["x"]], frame["y"])
    logged = mlflow.sklearn.log_model(model, name="clf", input_example=frame[["x"]], params={"c": 1}, tags={"t": "u"})
    mlflow.log_metric("acc", 0.5, model_id=logged.model_id, dataset=dataset)
    with mlflow.start_run(nested=True, run_name="child") as child:
        mlflow.log_metric("loss", 3)

try:
    with mlflow.start_run(run_name="failed"):
        raise ValueError
except ValueError:
    pass
client.set_terminated(client.create_run(forest, run_name="killed").info.run_id, "KILLED")
client.update_run(client.create_run(forest, run_name="scheduled").info.run_id, "SCHEDULED")
client.log_metric(client.create_run(forest, run_name="running").info.run_id, "m", 1)
deleted = client.create_run(forest, run_name="deleted").info.run_id
client.log_metric(deleted, "m", 1)
client.log_text(deleted, "kept", "in/the/bin.txt")
client.delete_run(deleted)
client.create_run(forest, run_name="orphan", tags={"mlflow.parentRunId": "0" * 32})
gone = client.create_experiment("gone")
client.log_param(client.create_run(gone).info.run_id, "p", "q")
client.delete_experiment(gone)
client.create_run("0", run_name="in default")

many = client.create_experiment("many")
for n in range(60):
    one = client.create_run(many, run_name=f"run-{n}").info.run_id
    client.log_batch(
        one,
        metrics=[Metric(key, n + i, 1_700_000_000_000 + i, i) for key in ("a", "b", "c") for i in range(60)],
        params=[Param(f"p{i}", str(i)) for i in range(10)],
        tags=[RunTag("n", str(n))],
    )
    if n % 3 == 0:
        client.log_text(one, f"notes of {n}\n" * 100, f"notes/{n}.txt")
    client.set_terminated(one)

client.create_registered_model("clf", tags={"rm": "1"}, description="a model")
source = f"models:/{logged.model_id}"
client.create_model_version("clf", source, parent, model_id=logged.model_id, tags={"vt": "1"}, description="first")
client.create_model_version("clf", f"runs:/{parent}/notes", parent)
client.create_model_version("clf", source, parent, model_id=logged.model_id)
client.delete_model_version("clf", "2")
client.set_registered_model_alias("clf", "challenger", 1)
client.transition_model_version_stage("clf", "3", "Staging")
client.create_registered_model("empty")
