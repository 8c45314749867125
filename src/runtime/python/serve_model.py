"""Answers for a model that MLflow logged, in its own environment.

    serve_model.py serve              frames on file descriptor 3, one after the other (src/runtime/process/frames.ts)
    serve_model.py describe <order>   finds out once what its answers are, and leaves them beside the rows that were asked
"""

import json
import os
import struct
import sys
import threading
import time
import warnings

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from contain import leave_network, limit  # noqa: E402

PREFIX = struct.Struct("<II")
COLUMN_TYPES = {
    "integer": "int32",
    "long": "int64",
    "float": "float32",
    "double": "float64",
    "boolean": "bool",
    "string": "object",
}
MOST_RUNS = 5
LONGEST_SECONDS = 0.3


def end_with_the_server():
    """The other end of descriptor 4 is the server's: it closes when that ends, `kill -9` included."""

    def watch():
        try:
            while os.read(4, 1):
                pass
        except OSError:
            pass
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def load(folder):
    warnings.filterwarnings("ignore")
    import mlflow.pyfunc

    return mlflow.pyfunc.load_model(folder)


def rows_of(columns, types, dtype):
    """Columns as the model was logged with them: a frame, or one matrix. Texts that are empty are missing."""
    import numpy as np
    import pandas as pd

    typed = {}
    for (name, values), of in zip(columns.items(), types, strict=True):
        if of == "string":
            typed[name] = np.array([text if text != "" else None for text in values], dtype=object)
        else:
            typed[name] = np.asarray(values).astype(COLUMN_TYPES[of])
    if dtype is not None:
        return np.column_stack(list(typed.values())).astype(dtype)
    return pd.DataFrame(typed)


def answers_of(model, rows):
    """What `predict` gives, as one array of as many rows, and the names of its columns where it has some."""
    import numpy as np
    import pandas as pd

    given = model.predict(rows)
    if isinstance(given, dict) and len(given) == 1:
        given = next(iter(given.values()))
    names = [str(name) for name in given.columns] if isinstance(given, pd.DataFrame) else None
    answers = np.asarray(given)
    if answers.ndim == 2 and answers.shape[1] == 1:
        answers, names = answers[:, 0], None
    if answers.shape[:1] != (len(rows),) or answers.ndim > 2:
        raise ValueError(f"it gives an array of the shape {list(answers.shape)} for {len(rows)} rows")
    return answers, names


def scores_of(answers, gives, classes):
    """Rows by numbers, as the runtime takes them."""
    import numpy as np

    if gives == "value":
        return answers.astype("float64").reshape(-1, 1)
    if gives == "positive":
        positive = answers.astype("float64")
        return np.column_stack([1 - positive, positive])
    if gives == "probabilities":
        return answers.astype("float64")
    places = {name: place for place, name in enumerate(classes)}
    scores = np.zeros((len(answers), len(classes)))
    for row, label in enumerate(answers):
        text = label_text(label)
        if text not in places:
            raise ValueError(f"it gives {text[:100]!r}, which is none of its classes")
        scores[row, places[text]] = 1
    return scores


def label_text(label):
    import numpy as np

    if isinstance(label, (bool, np.bool_)):
        return "true" if label else "false"
    if isinstance(label, (float, np.floating)) and float(label).is_integer():
        return str(int(label))
    return str(label)


class Frames:
    def __init__(self, descriptor):
        self.stream = os.fdopen(descriptor, "r+b", buffering=0)

    def take(self, size):
        parts, got = [], 0
        while got < size:
            part = self.stream.read(size - got)
            if not part:
                os._exit(0)
            parts.append(part)
            got += len(part)
        return b"".join(parts)

    def read(self):
        header, payload = PREFIX.unpack(self.take(PREFIX.size))
        return json.loads(self.take(header)), self.take(payload)

    def write(self, header, payload=b""):
        text = json.dumps(header).encode()
        left = memoryview(PREFIX.pack(len(text), len(payload)) + text + payload)
        while left:
            left = left[self.stream.write(left) :]


DTYPES = {"BOOL": "?", "INT64": "<i8", "INT32": "<i4", "FP32": "<f4", "FP64": "<f8"}


def unpack(tensors, payload):
    import numpy as np

    columns, offset = {}, 0
    for tensor in tensors:
        size = tensor["bytes"]
        if tensor["datatype"] == "BYTES":
            columns[tensor["name"]] = texts(payload[offset : offset + size])
        else:
            columns[tensor["name"]] = np.frombuffer(payload[offset : offset + size], DTYPES[tensor["datatype"]])
        offset += size + (-size % 8)
    return columns


def texts(packed):
    found, offset = [], 0
    while offset < len(packed):
        (length,) = struct.unpack_from("<I", packed, offset)
        found.append(packed[offset + 4 : offset + 4 + length].decode())
        offset += 4 + length
    return found


def resident_bytes():
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


class Served:
    def __init__(self, frames):
        self.frames = frames
        self.model = self.manifest = None

    def run(self, tensors, payload):
        manifest = self.manifest
        columns = unpack(tensors, payload)
        ordered = {spec["name"]: columns[spec["name"]] for spec in manifest["inputs"]}
        rows = rows_of(ordered, [spec["type"] for spec in manifest["inputs"]], manifest["dtype"])
        output = manifest["output"]
        answers, _ = answers_of(self.model, rows)
        return scores_of(answers, output["gives"], output["classes"])

    def open(self, request, payload):
        self.manifest = request["manifest"]
        self.model = load(request["folder"])
        output = self.manifest["output"]
        width = 1 if output["name"] == "prediction" else len(output["classes"])
        opened = {
            "inputs": [{key: spec[key] for key in ("name", "datatype", "shape")} for spec in self.manifest["inputs"]],
            "outputs": [{"name": output["name"], "datatype": "FP64", "shape": [-1, width]}],
            "bytes": request["bytes"],
        }
        self.frames.write({**opened, **self.measure(request["tensors"], payload), "rss": resident_bytes()})

    def measure(self, tensors, payload):
        times, started = [], time.perf_counter()
        try:
            while len(times) < MOST_RUNS and time.perf_counter() - started < LONGEST_SECONDS:
                begun = time.perf_counter()
                self.run(tensors, payload)
                times.append(1e6 * (time.perf_counter() - begun))
        except Exception as error:
            return {"microseconds": None, "problem": words(error)}
        return {"microseconds": sorted(times)[len(times) // 2]}

    def answer(self, request, payload):
        if request["op"] == "open":
            return self.open(request, payload)
        scores = self.run(request["tensors"], payload)
        data = scores.astype("<f8").tobytes()
        tensor = {
            "name": self.manifest["output"]["name"],
            "datatype": "FP64",
            "shape": list(scores.shape),
            "bytes": len(data),
        }
        self.frames.write({"tensors": [tensor], "rss": resident_bytes()}, data)


def words(error):
    return f"{type(error).__name__}: {error}".split("\n")[0][:300]


def serve():
    frames = Frames(3)
    leave_network()
    end_with_the_server()
    served = Served(frames)
    while True:
        request, payload = frames.read()
        try:
            served.answer(request, payload)
        except Exception as error:
            frames.write({"error": {"message": words(error)}})


def describe(order):
    """Asks the model once: its answers say what kind of model it is, where nobody does."""
    import numpy as np

    columns = {name: [row[name] for row in order["records"]] for name in order["types"]}
    types = list(order["types"].values())
    for name, of in order["types"].items():
        if of == "string":
            columns[name] = ["" if value is None else value for value in columns[name]]
        elif of == "boolean":
            columns[name] = [value in (True, "true") for value in columns[name]]
        elif of in ("integer", "long"):
            columns[name] = [round(value) for value in columns[name]]
    model = load(order["model"])
    answers, names = answers_of(model, rows_of(columns, types, order["dtype"]))
    task, classes = order["task"], order["classes"]
    if answers.ndim == 2:
        gives = "probabilities"
        classes = classes or names or [str(place) for place in range(answers.shape[1])]
        answers = answers.astype("float64")
        if len(classes) != answers.shape[1]:
            return {"refused": f"it gives {answers.shape[1]} columns for {len(classes)} classes"}
        if not np.allclose(answers.sum(axis=1), 1, atol=1e-3):
            return {"refused": "it gives several numbers that are no probabilities: they do not add up to 1"}
    elif answers.dtype.kind in "fiu" and task in (None, "regression") and not classes:
        gives, task, classes = "value", "regression", []
    elif answers.dtype.kind == "f" and task == "binary" and ((answers >= 0) & (answers <= 1)).all():
        gives, classes = "positive", classes or ["0", "1"]
    else:
        gives = "label"
        classes = classes or sorted({label_text(label) for label in answers})
    if gives != "value":
        if len(classes) < 2:
            return {"refused": "it answers all rows alike, so nobody knows its classes; say them"}
        task = task or ("binary" if len(classes) == 2 else "multiclass")
    scores = scores_of(answers, gives, classes)
    with open(order["requests"], "w") as file:
        for record, row in zip(order["records"], scores, strict=True):
            if np.isfinite(row).all():
                answer = [row[1]] if task == "binary" else list(row)
                file.write(json.dumps({"record": record, "answer": answer}) + "\n")
    # What a row without values does to it is found by asking.
    for missing in (float("nan"), 0.0):
        if answers_blank(model, order, types, missing, gives, classes):
            return {"task": task, "classes": classes, "gives": gives, "required": missing == 0}
    return {"refused": "it has no answer to a row whose numbers are 0 and whose texts are missing (None)"}


def answers_blank(model, order, types, number, gives, classes):
    import numpy as np

    blanks = {"string": [""], "boolean": [False], "integer": [0], "long": [0]}
    columns = {name: blanks.get(of, [number]) for name, of in order["types"].items()}
    try:
        answers, _ = answers_of(model, rows_of(columns, types, order["dtype"]))
        return bool(np.isfinite(scores_of(answers, gives, classes)).all())
    except Exception:
        return False


if sys.argv[1] == "serve":
    serve()
else:
    with open(sys.argv[2]) as file:
        order = json.load(file)
    leave_network()
    limit(order["memoryMb"], order["cpuSeconds"])
    try:
        answer = describe(order)
    except Exception as error:
        answer = {"refused": words(error)}
    with open(order["answer"], "w") as file:
        json.dump(answer, file)
