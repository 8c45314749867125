"""The real tritonclient, over HTTP and gRPC, against a running server. Prints what it saw as one JSON object."""

import asyncio
import json
import queue
import sys

import numpy as np
import tritonclient.grpc as grpc
import tritonclient.grpc.aio as grpc_aio
import tritonclient.http as http
import tritonclient.http.aio as http_aio
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

HTTP, GRPC = sys.argv[1:3]
SAW = {}

VALUES = {
    "bool": np.array([[True, False]]),
    "uint8": np.array([[0, 255]], np.uint8),
    "uint16": np.array([[0, 65535]], np.uint16),
    "uint32": np.array([[0, 2**32 - 1]], np.uint32),
    "uint64": np.array([[2**53 + 1, 2**64 - 1]], np.uint64),
    "int8": np.array([[-128, 127]], np.int8),
    "int16": np.array([[-32768, 32767]], np.int16),
    "int32": np.array([[-(2**31), 2**31 - 1]], np.int32),
    "int64": np.array([[-(2**63), 2**53 + 1]], np.int64),
    "fp16": np.array([[1.5, -0.0, np.nan, np.inf]], np.float16),
    "fp32": np.array([[0.1, -0.0, np.nan, -np.inf]], np.float32),
    "fp64": np.array([[0.1, 1e300, np.nan, np.inf]], np.float64),
    "bytes": np.array([["a", "größer 🐈", ""]], np.object_),
}


def given(module, name, array, **how):
    tensor = module.InferInput(name, list(array.shape), np_to_triton_dtype(array.dtype))
    return tensor.set_data_from_numpy(array, **how)


def same(expected, got):
    if expected.dtype == np.object_:
        texts = [[x.decode() if isinstance(x, bytes) else x for x in row] for row in got.tolist()]
        return texts == expected.tolist()
    if not np.issubdtype(expected.dtype, np.floating):
        return got.dtype == expected.dtype and (got == expected).all()
    signs = np.signbit(got) == np.signbit(expected)
    return got.dtype == expected.dtype and np.array_equal(got, expected, equal_nan=True) and signs[expected == 0].all()


def check(what, condition):
    if not condition:
        raise AssertionError(what)


def datatypes(client, module):
    """Everything comes back as it was sent, however it was written."""
    for kind, array in VALUES.items():
        ways = [({}, {})]
        if module is http:
            ways = [({"binary_data": a}, {"binary_data": b}) for a in (True, False) for b in (True, False)]
        for sent, wanted in ways:
            output = module.InferRequestedOutput("y", **wanted)
            answer = client.infer(f"echo_{kind}", [given(module, "x", array, **sent)], outputs=[output], request_id="r1")
            check(f"{kind} {sent} {wanted}: {answer.as_numpy('y')}", same(array, answer.as_numpy("y")))
        check(f"{kind} without outputs", same(array, client.infer(f"echo_{kind}", [given(module, "x", array)]).as_numpy("y")))
    SAW[f"{module.__name__}_datatypes"] = len(VALUES)


def refusals(client, module):
    codes = {}
    row = np.ones((1, 2), np.float32)
    asks = {
        "unknown model": ("nobody", [given(module, "x", row)], None),
        "unknown input": ("linear", [given(module, "z", row)], None),
        "another shape": ("linear", [given(module, "x", np.ones((1, 3), np.float32))], None),
        "another datatype": ("linear", [given(module, "x", np.ones((1, 2), np.float64))], None),
        "unknown output": ("linear", [given(module, "x", row)], [module.InferRequestedOutput("nothing")]),
    }
    for what, (model, inputs, outputs) in asks.items():
        try:
            client.infer(model, inputs, outputs=outputs)
            raise AssertionError(f"{what} was answered")
        except InferenceServerException as error:
            codes[what] = [error.status(), error.message()]
    SAW[f"{module.__name__}_refusals"] = codes


def server_of(client):
    check("live and ready", client.is_server_live() and client.is_server_ready() and client.is_model_ready("linear"))
    try:
        check("nobody is not ready", not client.is_model_ready("nobody"))
    except InferenceServerException:
        pass


def repository(client, names):
    """Unloaded while others answer, and loaded again."""
    client.unload_model("two")
    try:
        check("unloaded", not client.is_model_ready("two"))
    except InferenceServerException:
        pass
    check("not all are ready", not client.is_server_ready())
    client.load_model("two")
    check("loaded", client.is_model_ready("two"))
    index = names(client.get_model_repository_index())
    check(f"index {index}", index["two"] == "READY" and len(index) == len(VALUES) + 2)


def over_http():
    client = http.InferenceServerClient(HTTP, concurrency=4)
    server_of(client)
    SAW["metadata"] = client.get_model_metadata("two")
    client.get_model_config("two")
    SAW["server"] = client.get_server_metadata()
    datatypes(client, http)
    refusals(client, http)
    repository(client, lambda index: {one["name"]: one["state"] for one in index})
    big = np.arange(4000, dtype=np.float32).reshape(2000, 2)
    wanted = big @ np.array([[2], [3]], np.float32) + 1
    for packed in ("gzip", "deflate"):
        answer = client.infer(
            "linear",
            [given(http, "x", big)],
            request_compression_algorithm=packed,
            response_compression_algorithm=packed,
        )
        check(packed, np.array_equal(answer.as_numpy("y"), wanted))
    asked = [client.async_infer("linear", [given(http, "x", np.full((1, 2), i, np.float32))]) for i in range(50)]
    check("async", [float(one.get_result().as_numpy("y")[0, 0]) for one in asked] == [5.0 * i + 1 for i in range(50)])
    stats = client.get_inference_statistics("linear")["model_stats"][0]
    check(f"statistics {stats}", stats["inference_count"] >= 52)
    client.close()


async def over_http_aio():
    async with http_aio.InferenceServerClient(HTTP) as client:
        check("aio live", await client.is_server_live())
        big = np.ones((2000, 2), np.float32)
        answers = await asyncio.gather(
            *(client.infer("linear", [given(http_aio, "x", big * i)]) for i in range(20)),
        )
        check("aio", [float(one.as_numpy("y")[-1, 0]) for one in answers] == [5.0 * i + 1 for i in range(20)])


def over_grpc():
    client = grpc.InferenceServerClient(GRPC)
    server_of(client)
    client.get_model_metadata("two")
    client.get_model_config("two")
    datatypes(client, grpc)
    refusals(client, grpc)
    repository(client, lambda index: {one.name: one.state for one in index.models})
    answer = client.infer("linear", [given(grpc, "x", np.ones((1, 2), np.float32))], compression_algorithm="gzip")
    check("grpc gzip", answer.as_numpy("y")[0, 0] == 6)
    check("statistics", client.get_inference_statistics("linear").model_stats[0].inference_count > 0)

    answers = queue.Queue()
    client.start_stream(lambda result, error: answers.put((result, error)))
    for i in range(200):
        model = "nobody" if i == 100 else "linear"
        client.async_stream_infer(model, [given(grpc, "x", np.full((1, 2), i, np.float32))], request_id=str(i))
    got = [answers.get(timeout=30) for _ in range(200)]
    check("the stream goes on after an error", "nobody" in str(got[100][1]))
    kept = [(i, one) for i, (one, error) in enumerate(got) if error is None]
    check("in order", len(kept) == 199 and all(one.get_response().id == str(i) for i, one in kept))
    check("streamed", all(one.as_numpy("y")[0, 0] == 5 * i + 1 for i, one in kept))
    client.stop_stream()
    try:
        client.infer("linear", [given(grpc, "x", np.ones((20_000_000, 2), np.float32))])
        raise AssertionError("160 MB were taken")
    except InferenceServerException as error:
        SAW["grpc_too_large"] = error.status()
    try:
        client.infer("linear", [given(grpc, "x", np.ones((1, 2), np.float32))], client_timeout=0.000001)
    except InferenceServerException as error:
        SAW["grpc_deadline"] = error.status()
    check("grpc after that", client.is_server_live())
    client.close()


async def over_grpc_aio():
    client = grpc_aio.InferenceServerClient(GRPC)
    answers = await asyncio.gather(
        *(client.infer("linear", [given(grpc_aio, "x", np.full((1, 2), i, np.float32))]) for i in range(50))
    )
    check("grpc aio", [float(one.as_numpy("y")[0, 0]) for one in answers] == [5.0 * i + 1 for i in range(50)])
    await client.close()


over_http()
asyncio.run(over_http_aio())
over_grpc()
asyncio.run(over_grpc_aio())
print(json.dumps(SAW))
