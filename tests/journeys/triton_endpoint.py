"""The real tritonclient against an endpoint of records. Prints its answers as one JSON object."""

import json
import sys

import numpy as np
import tritonclient.grpc as grpc
import tritonclient.http as http

HTTP, GRPC = sys.argv[1:3]
COLUMNS = [
    ("tenure", np.array([[3], [60]], np.float32), "FP32"),
    ("charges", np.array([80, 20], np.int64), "INT64"),
    ("plan", np.array([["monthly"], ["yearly"]], np.object_), "BYTES"),
]


def ask(module, address, name):
    client = module.InferenceServerClient(address)
    takes = client.get_model_metadata("retention")
    names = [one["name"] for one in takes["inputs"]] if isinstance(takes, dict) else [one.name for one in takes.inputs]
    assert names == [column for column, _, _ in COLUMNS], names
    inputs = [module.InferInput(c, list(a.shape), kind).set_data_from_numpy(a) for c, a, kind in COLUMNS]
    answer = client.infer("retention", inputs, request_id=f"{name}-1")
    return {
        "probabilities": answer.as_numpy("probabilities").tolist(),
        "ids": [one.decode() for one in answer.as_numpy("prediction_id")],
    }


print(json.dumps({"http": ask(http, HTTP, "http"), "grpc": ask(grpc, GRPC, "grpc")}))
