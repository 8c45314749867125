"""Logs models of every kind with the real client, and says what each of them answers in Python. Prints one JSON line."""

import json
import os
import pickle
import sys
import tempfile
from importlib.metadata import version

import lightgbm
import mlflow
import numpy as np
import pandas as pd
import xgboost
from mlflow.models import infer_signature
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import to_onnx
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

BOMB_FILE = sys.argv[1]
ROWS = 20

random = np.random.default_rng(7)
people = pd.DataFrame(
    {
        "age": random.integers(18, 80, 500),
        "income": random.normal(50_000, 10_000, 500).round(2),
        "plan": random.choice(["basic", "plus", "pro"], 500),
        "active": random.random(500) < 0.5,
    }
)
leaves = np.where((people.age > 40) ^ (people.plan == "basic"), "yes", "no")
numbers = people[["age", "income"]].astype("float64")


class Bomb:
    """What a hostile pickle is: code that runs when it is read."""

    def __reduce__(self):
        return (os.system, (f"cat /proc/$PPID/cmdline > {BOMB_FILE}; env >> {BOMB_FILE}",))


made = {}

def pinned(*names):
    """Written out: letting the client find them out takes it a quarter of a minute for each model."""
    return [f"{name}=={version(name)}" for name in ("mlflow", "numpy", "pandas", "scikit-learn", "skops", *names)]



def remember(name, info, frame=None, probabilities=None):
    """What `mlflow.pyfunc` answers, and the probabilities behind it."""
    entry = {"version": int(info.registered_model_version)}
    if frame is not None:
        loaded = mlflow.pyfunc.load_model(f"models:/{name}/{info.registered_model_version}")
        answers = loaded.predict(frame)
        entry["answers"] = [one if isinstance(one, str) else float(one) for one in np.asarray(answers).ravel()]
        if isinstance(frame, pd.DataFrame):
            entry["records"] = json.loads(frame.to_json(orient="records", double_precision=15))
        else:
            entry["records"] = [{f"x{i}": float(one) for i, one in enumerate(row)} for row in frame]
        if probabilities is not None:
            entry["probabilities"] = [float(one) for one in probabilities]
    made[name] = entry


mlflow.set_experiment("models")
with mlflow.start_run():
    pipeline = Pipeline(
        [
            (
                "columns",
                ColumnTransformer(
                    [
                        ("numbers", Pipeline([("fill", SimpleImputer()), ("scale", StandardScaler())]), ["age", "income"]),
                        ("texts", OneHotEncoder(handle_unknown="ignore"), ["plan"]),
                        ("truths", "passthrough", ["active"]),
                    ]
                ),
            ),
            ("model", LogisticRegression()),
        ]
    ).fit(people, leaves)
    head = people.head(ROWS)
    info = mlflow.sklearn.log_model(
        pipeline,
        name="pipeline",
        signature=infer_signature(people, leaves),
        input_example=head,
        pip_requirements=pinned("cloudpickle"),
        registered_model_name="pipeline",
        serialization_format="cloudpickle",
    )
    remember("pipeline", info, head, pipeline.predict_proba(head)[:, 1])

    trees = lightgbm.LGBMClassifier(n_estimators=40, verbose=-1).fit(numbers, leaves == "yes")
    info = mlflow.lightgbm.log_model(
        trees,
        name="trees",
        signature=infer_signature(numbers, trees.predict(numbers)),
        input_example=numbers.head(ROWS),
        pip_requirements=pinned("lightgbm"),
        registered_model_name="trees",
    )
    remember("trees", info, numbers.head(ROWS), trees.predict_proba(numbers.head(ROWS))[:, 1])

    value = xgboost.XGBRegressor(n_estimators=40).fit(numbers, numbers.income / 1000 + numbers.age)
    info = mlflow.xgboost.log_model(
        value,
        name="value",
        signature=infer_signature(numbers),
        pip_requirements=pinned("xgboost"),
        registered_model_name="value",
    )
    remember("value", info, numbers.head(ROWS))

    scaled = StandardScaler().fit_transform(numbers)
    linear = LogisticRegression().fit(scaled, leaves)
    matrix = scaled.astype("float32")[:ROWS]
    graph = to_onnx(linear, matrix[:1], options={"zipmap": False}, target_opset=18)
    graph.ir_version = 10
    info = mlflow.onnx.log_model(
        graph,
        name="graph",
        signature=infer_signature(matrix),
        input_example=matrix,
        pip_requirements=pinned("onnx", "onnxruntime"),
        registered_model_name="graph",
    )
    made["graph"] = {
        "version": int(info.registered_model_version),
        "records": [{f"x{i}": float(one) for i, one in enumerate(row)} for row in matrix],
        "answers": linear.predict(matrix).tolist(),
        "probabilities": linear.predict_proba(matrix)[:, 1].tolist(),
    }

    weights = random.normal(size=(2, 600)).astype("float32")
    large = helper.make_model(
        helper.make_graph(
            [
                helper.make_node("MatMul", ["x", "weights"], ["hidden"]),
                helper.make_node("Tanh", ["hidden"], ["squashed"]),
                helper.make_node("ReduceMean", ["squashed"], ["prediction"], axes=[1], keepdims=1),
            ],
            "large",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 2])],
            [helper.make_tensor_value_info("prediction", TensorProto.FLOAT, ["n", 1])],
            [numpy_helper.from_array(weights, "weights")],
        ),
        opset_imports=[helper.make_opsetid("", 13)],
        ir_version=8,
    )
    info = mlflow.onnx.log_model(
        large,
        name="weights",
        signature=infer_signature(matrix),
        input_example=matrix,
        pip_requirements=pinned("onnx", "onnxruntime"),
        registered_model_name="weights",
        save_as_external_data=True,
    )
    made["weights"] = {
        "version": int(info.registered_model_version),
        "records": made["graph"]["records"],
        "answers": np.tanh(matrix @ weights).mean(axis=1).astype(float).tolist(),
    }

    # A model that is fine, with requirements that do not tell what it needs.
    info = mlflow.lightgbm.log_model(
        trees,
        name="liar",
        signature=infer_signature(numbers),
        pip_requirements=pinned(),
        registered_model_name="liar",
    )
    remember("liar", info)

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model")
        mlflow.sklearn.save_model(
            linear,
            path,
            signature=infer_signature(numbers),
            pip_requirements=pinned(),
            serialization_format="cloudpickle",
        )
        with open(os.path.join(path, "model.pkl"), "wb") as file:
            pickle.dump(Bomb(), file)
        mlflow.log_artifacts(path, "bomb")
        onnx_path = os.path.join(folder, "broken")
        mlflow.onnx.save_model(
            graph, onnx_path, signature=infer_signature(matrix), pip_requirements=pinned("onnx")
        )
        with open(os.path.join(onnx_path, "model.onnx"), "r+b") as file:
            file.truncate(100)
        mlflow.log_artifacts(onnx_path, "broken")
    run = mlflow.active_run().info.run_id

client = mlflow.MlflowClient()
for name in ("bomb", "broken"):
    client.create_registered_model(name)
    logged = client.create_model_version(name, f"runs:/{run}/{name}", run_id=run)
    made[name] = {"version": int(logged.version)}

print(json.dumps(made))
