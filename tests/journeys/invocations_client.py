"""MLflow's own clients of its scoring protocol, and its scoring server to compare with. Prints what they saw as JSON."""

import json
import sys
import tempfile
from pathlib import Path

import mlflow.onnx
import mlflow.pyfunc
import numpy as np
import onnx
import pandas as pd
import requests
from mlflow.deployments import get_deploy_client
from mlflow.exceptions import MlflowException
from mlflow.pyfunc import scoring_server
from mlflow.pyfunc.scoring_server.client import ScoringServerClient

SERVED, MODEL, ENDPOINTS = sys.argv[1:4]
JSON = "application/json"

SPLIT = {"columns": ["a", "b"], "data": [[1, 2], [3.5, -4]]}
REQUESTS = {
    "split": (JSON, {"dataframe_split": {**SPLIT, "index": [0, 1]}}),
    "split without columns": (JSON, {"dataframe_split": {"data": SPLIT["data"]}}),
    "records": (JSON, {"dataframe_records": [{"a": 1, "b": 2}, {"a": 3.5, "b": -4}]}),
    "instances": (JSON, {"instances": [[1, 2], [3.5, -4]]}),
    "named instances": (JSON, {"instances": [{"x": [1, 2]}, {"x": [3.5, -4]}]}),
    "inputs": (JSON, {"inputs": [[1, 2], [3.5, -4]]}),
    "named inputs": (JSON, {"inputs": {"x": [[1, 2], [3.5, -4]]}}),
    "csv": ("text/csv", "a,b\n1,2\n3.5,-4\n"),
    "charset": (f"{JSON}; charset=utf-8", {"instances": [[1, 2]]}),
}
REFUSED = {
    "a list": (JSON, [[1, 2]]),
    "two formats": (JSON, {"inputs": [[1, 2]], "instances": [[1, 2]]}),
    "no format": (JSON, {"data": [[1, 2]]}),
    "no json": (JSON, "{"),
    "another type": ("application/xml", "<a/>"),
}


def text_of(body):
    return body if isinstance(body, str) else json.dumps(body)


def original(model, content_type, body):
    try:
        reply = scoring_server.invocations(text_of(body), content_type, model, model.metadata.get_input_schema())
        return reply.status, json.loads(reply.response) if reply.status == 200 else None
    except MlflowException as error:
        return error.get_http_status_code(), None


def ours(content_type, body):
    reply = requests.post(f"{SERVED}/invocations", data=text_of(body), headers={"Content-Type": content_type})
    return reply.status_code, reply.json() if reply.ok else None


def compared():
    """Every request as MLflow's own scoring server answers it."""
    signature = mlflow.models.infer_signature(np.ones((1, 2), np.float32), np.ones((1, 1), np.float32))
    with tempfile.TemporaryDirectory() as folder:
        # It would look for long which packages the model needs.
        bare = {"pip_requirements": []}
        path = str(Path(folder) / "model")
        # With a signature MLflow makes tensors of the datatype that the graph takes, and without it data frames stay so.
        mlflow.onnx.save_model(onnx.load(MODEL), path + "-tensors", signature=signature, **bare)
        mlflow.onnx.save_model(onnx.load(MODEL), path + "-frames", **bare)
        tensors, frames = (mlflow.pyfunc.load_model(path + kind) for kind in ("-tensors", "-frames"))
        for what, (content_type, body) in {**REQUESTS, **REFUSED}.items():
            got = ours(content_type, body)
            answers = [original(model, content_type, body) for model in (tensors, frames)]
            assert got in answers, f"{what}: {got} is neither of {answers}"
    return len(REQUESTS) + len(REFUSED)


def scoring_client():
    host, port = SERVED.removeprefix("http://").split(":")
    client = ScoringServerClient(host, port)
    client.wait_server_ready()
    assert client.get_version()
    table = pd.DataFrame({"a": [1.0, 3.5], "b": [2.0, -4.0]})
    frame = client.invoke(table).get_predictions()
    tensor = client.invoke(table.to_numpy(np.float32)).get_predictions("ndarray")
    return {"frame": frame["y"].tolist(), "tensor": np.asarray(tensor).tolist()}


def deployments():
    client = get_deploy_client(ENDPOINTS)
    row = {"tenure": 3, "charges": 80, "plan": "monthly"}
    table = pd.DataFrame([row, {**row, "tenure": float("nan")}])
    asks = {
        "split": {"dataframe_split": {"columns": list(row), "data": [list(row.values())]}},
        "records": {"dataframe_records": json.loads(table.to_json(orient="records"))},
        "instances": {"instances": [list(row.values())]},
        "columns": {"inputs": {name: [value] for name, value in row.items()}},
    }
    answers = {what: client.predict(endpoint="retention", inputs=body)["predictions"] for what, body in asks.items()}
    amount = client.predict(endpoint="amount", inputs=asks["split"])["predictions"]
    url = f"{ENDPOINTS}/serving-endpoints/retention/invocations"
    csv = requests.post(url, data=table.to_csv(index=False), headers={"Content-Type": "text/csv"}).json()
    try:
        client.predict(endpoint="nobody", inputs=asks["split"])
        raise AssertionError("nobody answered")
    except (MlflowException, requests.HTTPError) as error:
        refused = str(error)
    wrong = requests.post(url, json={"dataframe_records": [{**row, "tenure": "three"}]})
    return {**answers, "amount": amount, "csv": csv["predictions"], "refused": refused, "wrong": [wrong.status_code, wrong.json()]}


print(json.dumps({"compared": compared(), "client": scoring_client(), "deployments": deployments()}))
