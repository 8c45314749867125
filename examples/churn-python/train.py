"""Fits a logistic regression on the rows that Orrery hands over and leaves it as ONNX, one input per feature.

The variables it reads are explained in docs/guide/python-steps.md.
"""

import json
import os
from pathlib import Path

import mlflow
import numpy as np
import onnx
import onnxruntime
import pandas as pd
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

REGULARISATION = [0.01, 0.1, 1.0]
EXAMPLES = 50

signature = json.loads(Path(os.environ["ORRERY_SIGNATURE"]).read_text())
negative, positive = signature["classes"]
numbers = [f["name"] for f in signature["features"] if f["kind"] == "numeric"]
categories = [f["name"] for f in signature["features"] if f["kind"] == "categorical"]


def read(path: str) -> tuple[pd.DataFrame, pd.Series]:
    """Features as the served model will get them (float32, NaN for missing; text, "" for missing), and the target."""
    table = pd.read_parquet(path)
    features = table[numbers].astype("float32").join(table[categories].fillna("").astype(object))
    return features, (table[signature["label"]] == positive).astype(int)


def fit(features: pd.DataFrame, target: pd.Series, strength: float):
    prepare = ColumnTransformer([
        ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
        ("categories", OneHotEncoder(handle_unknown="ignore"), categories),
    ])
    return make_pipeline(prepare, LogisticRegression(C=strength, max_iter=2_000)).fit(features, target)


def export(model) -> bytes:
    inputs = [(name, FloatTensorType([None, 1])) for name in numbers]
    inputs += [(name, StringTensorType([None, 1])) for name in categories]
    # Without zipmap the output is `probabilities`, a column per class: what Orrery serves.
    exported = to_onnx(model, initial_types=inputs, options={"zipmap": False}, target_opset=17)
    return exported.SerializeToString()


def onnx_answers(file: bytes, features: pd.DataFrame) -> np.ndarray:
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    columns = {name: features[[name]].to_numpy() for name in features}
    return session.run(["probabilities"], columns)[0][:, 1]


def main() -> None:
    train, train_target = read(os.environ["ORRERY_DATA_TRAIN"])
    validation, validation_target = read(os.environ["ORRERY_DATA_VALIDATION"])

    # No address, no experiment, no parent: Orrery has told the client all of that.
    with mlflow.start_run(run_name="logistic regression"):
        mlflow.log_params({"rows": len(train), "features": len(numbers) + len(categories)})
        tried = []
        for step, strength in enumerate(REGULARISATION):
            with mlflow.start_run(run_name=f"C={strength}", nested=True):
                model = fit(train, train_target, strength)
                answers = model.predict_proba(validation)[:, 1]
                metrics = {
                    "validation.roc_auc": roc_auc_score(validation_target, answers),
                    "validation.log_loss": log_loss(validation_target, answers),
                }
                mlflow.log_param("C", strength)
                mlflow.log_metrics(metrics)
            mlflow.log_metrics(metrics, step=step)
            tried.append((metrics["validation.roc_auc"], strength))
        _, best = max(tried)
        mlflow.log_param("C", best)

        everything, target = read(os.environ["ORRERY_DATA"])
        model = fit(everything, target, best)
        file = export(model)
        answers = model.predict_proba(validation)[:, 1]
        mlflow.log_metric("onnx.max_abs_difference", np.abs(onnx_answers(file, validation) - answers).max())

        examples = json.loads(validation.head(EXAMPLES).to_json(orient="records"))
        mlflow.log_dict(
            {"examples": [{"record": record, "answer": answer} for record, answer in zip(examples, answers.tolist())]},
            "examples.json",
        )
        mlflow.onnx.log_model(onnx.load_from_string(file), name="model", pip_requirements=["onnxruntime"])

    Path(os.environ["ORRERY_MODEL"]).write_bytes(file)
    print(f"C={best}, the best of {len(tried)}")


if __name__ == "__main__":
    main()
