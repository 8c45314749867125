"""The server that a team writes by hand: FastAPI, pydantic and ONNX Runtime, one process of uvicorn with its fast parts."""

import sys

import numpy as np
import onnxruntime as ort
import uvicorn
from fastapi import FastAPI
from fastapi.responses import ORJSONResponse
from pydantic import BaseModel

options = ort.SessionOptions()
options.intra_op_num_threads = 1
options.inter_op_num_threads = 1
session = ort.InferenceSession(sys.argv[1], options)
names = [one.name for one in session.get_inputs()]


class Body(BaseModel):
    records: list[dict[str, float]]


app = FastAPI()


@app.post("/predict", response_class=ORJSONResponse)
async def predict(body: Body):
    feeds = {name: np.array([[record[name]] for record in body.records], np.float32) for name in names}
    (probabilities,) = session.run(["probabilities"], feeds)
    return ORJSONResponse({"predictions": [{"value": float(row[1])} for row in probabilities]})


@app.get("/ready")
async def ready():
    return {}


uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning", access_log=False)
