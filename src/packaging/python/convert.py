"""Loads one model that MLflow logged, converts it to ONNX, and says how far the two answer apart.

Runs in a process and an environment of its own: what it loads may run any code. Usage: convert.py <order.json>
"""

import importlib
import json
import math
import os
import sys
import warnings

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "runtime", "python"))
from contain import leave_network, limit  # noqa: E402

GENERATED_ROWS = 200
MOST_EXAMPLE_ROWS = 200


class Refused(Exception):
    """The model is none that can be converted; the text says why."""


class Rows:
    """Inputs as the model was trained on them: a frame of typed columns, or one matrix."""

    TYPES = {
        "integer": "int32",
        "long": "int64",
        "float": "float32",
        "double": "float64",
        "boolean": "bool",
        "string": "object",
    }

    def __init__(self, columns, dtype):
        self.columns = columns
        self.names = [column["name"] for column in columns]
        self.dtype = dtype

    def native(self, rows):
        import numpy as np
        import pandas as pd

        if self.dtype is not None:
            return np.array(rows, dtype=self.dtype)
        return pd.DataFrame(
            {
                column["name"]: pd.Series([row[i] for row in rows], dtype=self.TYPES[column["type"]])
                for i, column in enumerate(self.columns)
            }
        )

    def is_text(self, i):
        return self.columns[i]["type"] == "string"

    def is_whole(self, i):
        return self.columns[i]["type"] in ("integer", "long")

    def may_lack(self, i):
        """Whether such a column can hold a missing value at all."""
        return self.columns[i]["type"] in ("float", "double", "string")

    def missing(self, i):
        return None if self.is_text(i) else math.nan


def read_example(path, rows):
    """The rows of an input example; none where there is no usable one."""
    if path is None:
        return []
    with open(path) as file:
        example = json.load(file)
    if isinstance(example, dict) and "columns" in example:
        places = [example["columns"].index(name) for name in rows.names]
        found = [[row[place] for place in places] for row in example["data"]]
    elif isinstance(example, list) and rows.dtype is not None:
        found = example
    else:
        return []
    found = [row for row in found[:MOST_EXAMPLE_ROWS] if len(row) == len(rows.names)]
    return [[rows.missing(i) if value is None else value for i, value in enumerate(row)] for row in found]


def known_categories(model):
    """The texts that any encoder inside the model was fitted on, so that rows can be drawn without an example."""
    found, seen, stack = [], set(), [model]
    while stack and len(seen) < 1000:
        one = stack.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, (list, tuple)):
            stack.extend(one)
        elif hasattr(one, "get_params"):
            for values in getattr(one, "categories_", None) or []:
                found.extend(value for value in values if isinstance(value, str))
            stack.extend(vars(one).values())
    return found


def draw(rows, example, texts, random):
    """Rows in the ranges of the example; over some magnitudes where there is none."""

    def cell(i):
        kind = rows.columns[i]["type"]
        seen = [row[i] for row in example if row[i] is not None and row[i] == row[i]]
        if kind == "boolean":
            return bool(random.random() < 0.5)
        if kind == "string":
            return str(random.choice(seen or texts or [""]))
        if not seen:
            value = random.choice([-1.0, 1.0]) * 10 ** random.uniform(-2, 3)
        else:
            low, high = min(seen), max(seen)
            spread = (high - low) or abs(high) or 1.0
            value = random.uniform(low - 0.1 * spread, high + 0.1 * spread)
        return int(round(value)) if rows.is_whole(i) else float(value)

    return [[cell(i) for i in range(len(rows.names))] for _ in range(GENERATED_ROWS)]


class Native:
    """The model as it was logged: its task, its classes and its answers."""

    def __init__(self, flavor, folder):
        self.flavor = flavor
        self.model = importlib.import_module(f"mlflow.{flavor}").load_model(folder)
        self.task, self.classes = self._task()

    def _task(self):
        classes = getattr(self.model, "classes_", None)
        if classes is not None:
            if getattr(classes, "ndim", 1) != 1 or isinstance(classes, list):
                raise Refused("it answers several questions at once (multi-output)")
            if not hasattr(self.model, "predict_proba"):
                raise Refused(f"{type(self.model).__name__} gives labels without probabilities")
            return ("binary" if len(classes) == 2 else "multiclass"), [class_name(one) for one in classes]
        if type(self.model).__name__ == "Booster":
            return self._task_of_booster()
        if hasattr(self.model, "predict") and not hasattr(self.model, "fit_predict"):
            return "regression", []
        raise Refused(f"{type(self.model).__name__} is neither a classifier nor a regressor")

    def _task_of_booster(self):
        if self.flavor == "lightgbm":
            objective, count = str(self.model.params.get("objective", "")), self.model.num_model_per_iteration()
            if not objective:
                objective = self.model.model_to_string().partition("\nobjective=")[2].partition("\n")[0]
            objective = objective.split(" ")[0]
        else:
            learner = json.loads(self.model.save_config())["learner"]
            objective, count = learner["objective"]["name"], int(learner["learner_model_param"]["num_class"])
        if objective in ("binary", "binary:logistic"):
            return "binary", ["0", "1"]
        if objective in ("multiclass", "softmax", "multi:softprob"):
            return "multiclass", [str(one) for one in range(count)]
        if objective.startswith(("multi", "binary", "lambda", "rank", "survival", "cross")):
            raise Refused(f"a Booster with the objective {objective} gives neither probabilities nor values")
        return "regression", []

    def answers(self, inputs):
        """Per row: the probabilities of its classes, or its value."""
        import numpy as np

        if type(self.model).__name__ == "Booster":
            if self.flavor == "xgboost":
                import xgboost

                found = np.asarray(self.model.predict(xgboost.DMatrix(inputs)))
            else:
                found = np.asarray(self.model.predict(inputs))
            if self.task == "binary":
                found = np.column_stack([1 - found, found])
        elif self.task == "regression":
            found = np.asarray(self.model.predict(inputs))
        else:
            found = np.asarray(self.model.predict_proba(inputs))
        width = len(self.classes) or 1
        found = found.astype("float64").reshape(len(inputs), -1)
        if found.shape[1] != width:
            raise Refused(f"it gives {found.shape[1]} numbers per row where {width} belong")
        return found


def class_name(label):
    """Labels as a table has them: true and false, and whole numbers without a point."""
    plain = label.item() if hasattr(label, "item") else label
    if isinstance(plain, bool):
        return "true" if plain else "false"
    return str(int(plain)) if isinstance(plain, float) and plain.is_integer() else str(plain)


def has_column_transformer(model):
    return type(model).__name__ == "ColumnTransformer" or any(
        has_column_transformer(step) for _, step in getattr(model, "steps", [])
    )


def register_boosters():
    """What stands inside a scikit-learn pipeline is converted by the converter of its own library."""
    from skl2onnx import update_registered_converter
    from skl2onnx.common.shape_calculator import (
        calculate_linear_classifier_output_shapes,
        calculate_linear_regressor_output_shapes,
    )

    classifier = {"nocl": [True, False], "zipmap": [True, False, "columns"]}
    try:
        import lightgbm
        from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm

        update_registered_converter(
            lightgbm.LGBMClassifier,
            "LightGbmLGBMClassifier",
            calculate_linear_classifier_output_shapes,
            convert_lightgbm,
            options=classifier,
        )
        update_registered_converter(
            lightgbm.LGBMRegressor,
            "LightGbmLGBMRegressor",
            calculate_linear_regressor_output_shapes,
            convert_lightgbm,
            options={"split": None},
        )
    except ImportError:
        pass
    try:
        import xgboost
        from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost

        update_registered_converter(
            xgboost.XGBClassifier,
            "XGBoostXGBClassifier",
            calculate_linear_classifier_output_shapes,
            convert_xgboost,
            options=classifier,
        )
        update_registered_converter(
            xgboost.XGBRegressor, "XGBoostXGBRegressor", calculate_linear_regressor_output_shapes, convert_xgboost
        )
    except ImportError:
        pass


def ways(native, rows):
    """The conversions to try, in order: each a function that makes an ONNX model."""
    width = len(rows.names)
    texts = [rows.names[i] for i in range(width) if rows.is_text(i)]
    if native.flavor != "sklearn":
        if texts:
            raise Refused(f'{native.flavor} codes the texts of "{texts[0]}" in a way that no converter knows')
        return [lambda: convert_booster(native, width)]

    from skl2onnx.common.data_types import BooleanTensorType, FloatTensorType, Int64TensorType, StringTensorType

    def sklearn(types):
        from skl2onnx import to_onnx

        register_boosters()
        options = {id(native.model): {"zipmap": False}} if native.classes else None
        return to_onnx(native.model, initial_types=types, options=options, target_opset={"": 18, "ai.onnx.ml": 3})

    def by_column(whole, truth):
        kinds = {"integer": whole, "long": whole, "boolean": truth, "string": StringTensorType}
        return [(column["name"], kinds.get(column["type"], FloatTensorType)([None, 1])) for column in rows.columns]

    matrix = lambda: sklearn([("X", FloatTensorType([None, width]))])
    columns = [
        lambda: sklearn(by_column(FloatTensorType, FloatTensorType)),
        lambda: sklearn(by_column(Int64TensorType, FloatTensorType)),
        lambda: sklearn(by_column(Int64TensorType, BooleanTensorType)),
    ]
    return columns if texts or has_column_transformer(native.model) else [matrix, *columns]


def convert_booster(native, width):
    import onnxmltools
    from onnxmltools.convert.common.data_types import FloatTensorType

    model, types = native.model, [("X", FloatTensorType([None, width]))]
    if native.flavor == "lightgbm":
        # The Booster inside counts its classes; labels, such as truth values, are not for the graph.
        booster = getattr(model, "booster_", model)
        return onnxmltools.convert_lightgbm(booster, initial_types=types, target_opset=15, zipmap=False)
    # Its converter knows columns by their place only.
    booster = model if type(model).__name__ == "Booster" else model.get_booster()
    names = booster.feature_names
    booster.feature_names = None
    try:
        return onnxmltools.convert_xgboost(model, initial_types=types, target_opset=15)
    finally:
        booster.feature_names = names


class Converted:
    """A converted model: what each of its inputs takes, and its answers as ONNX Runtime gives them."""

    def __init__(self, onnx_model, native, rows):
        import onnxruntime

        onnx_model.ir_version = min(onnx_model.ir_version, 10)
        self.bytes = onnx_model.SerializeToString()
        self.session = onnxruntime.InferenceSession(self.bytes, providers=["CPUExecutionProvider"])
        self.width = len(native.classes) or 1
        self.inputs = [self._input(one, rows) for one in self.session.get_inputs()]
        self.output = self._output(native)

    def _input(self, one, rows):
        types = {"float": "float32", "double": "float64", "int64": "int64", "bool": "bool", "string": "string"}
        kind = types.get(one.type.removeprefix("tensor(").removesuffix(")"))
        if kind is None:
            raise Refused(f'the converted model takes {one.type} as "{one.name}"')
        return {"name": one.name, "type": kind, "features": rows.names if one.name not in rows.names else [one.name]}

    def _output(self, native):
        floats = [one for one in self.session.get_outputs() if one.type in ("tensor(float)", "tensor(double)")]
        if not floats:
            raise Refused("the converted model gives no numbers")
        return floats[-1].name

    def answers(self, rows, values):
        import numpy as np

        dtypes = {"float32": "float32", "float64": "float64", "int64": "int64", "bool": "bool", "string": "object"}
        feeds = {}
        for one in self.inputs:
            places = [rows.names.index(name) for name in one["features"]]
            cells = [[row[place] for place in places] for row in values]
            if one["type"] == "string":
                cells = [["" if cell is None else str(cell) for cell in row] for row in cells]
            feeds[one["name"]] = np.array(cells, dtype=dtypes[one["type"]])
        (found,) = self.session.run([self.output], feeds)
        return np.asarray(found, dtype="float64").reshape(len(values), -1)


def scaled_difference(ours, theirs):
    import numpy as np

    if ours.shape != theirs.shape:
        return math.inf, math.inf
    # Both without an answer agree; one without differs as far as can be.
    apart = np.where(np.isnan(ours) & np.isnan(theirs), 0, np.abs(ours - theirs))
    apart = np.where(np.isnan(apart), np.inf, apart)
    return float(apart.max()), float((apart / np.maximum(1, np.abs(np.nan_to_num(theirs)))).max())


def best_conversion(native, rows, values, expected, tolerance, tell):
    best, failure = None, None
    for i, way in enumerate(ways(native, rows)):
        try:
            converted = Converted(way(), native, rows)
            apart = scaled_difference(converted.answers(rows, values), expected)
        except Refused:
            raise
        except Exception as error:  # whatever a converter throws is one answer: not this way
            failure = failure or f"{type(error).__name__}: {first_line(error)}"
            continue
        tell(f"conversion {i + 1}: largest difference {apart[0]:.1e}")
        if best is None or apart[1] < best[1][1]:
            best = (converted, apart)
        if apart[1] <= tolerance:
            break
    if best is None:
        raise Refused(f"no converter takes it ({failure})")
    return best


def needs_value(native, rows, whole_row):
    """By column, whether the model cannot do without a value there."""
    import numpy as np

    needed = []
    for i in range(len(rows.names)):
        needs = True
        if rows.may_lack(i):
            row = list(whole_row)
            row[i] = rows.missing(i)
            try:
                needs = not np.isfinite(native.answers(rows.native([row]))).all()
            except Exception:
                needs = True
        needed.append(needs)
    return needed


def as_record(rows, row):
    def plain(value):
        if value is None or (isinstance(value, float) and not math.isfinite(value)):
            return None
        return value

    return {name: plain(value) for name, value in zip(rows.names, row)}


def convert(order):
    import random as randoms

    tell = lambda text: print(text, flush=True)
    rows = Rows(order["columns"], order["dtype"])
    tell("loading the model")
    native = Native(order["flavor"], order["model"])
    example = read_example(order["example"], rows)
    texts = known_categories(native.model)
    random = randoms.Random(7)
    drawn = draw(rows, example, texts, random)
    values = [row for row in example if all(value is not None and value == value for value in row)] + drawn
    try:
        expected = native.answers(rows.native(values))
    except Refused:
        raise
    except Exception as error:
        raise Refused(f"it does not answer rows of its own signature ({type(error).__name__}: {first_line(error)})")
    needed = needs_value(native, rows, values[0])
    holes = []
    for i, needs in enumerate(needed):
        for row in [] if needs else values[:3]:
            holes.append([rows.missing(i) if k == i else value for k, value in enumerate(row)])
    if holes:
        import numpy as np

        values += holes
        expected = np.vstack([expected, native.answers(rows.native(holes))])
    kept = [i for i, answer in enumerate(expected) if all(math.isfinite(one) for one in answer)]
    if not kept:
        raise Refused("it answers none of the rows of its own signature with a number")
    values, expected = [values[i] for i in kept], expected[kept]
    tell(f"converting, to be compared on {len(values)} rows")
    converted, (apart, scaled) = best_conversion(native, rows, values, expected, order["tolerance"], tell)
    return native, rows, converted, values, expected, needed, {"maxAbsDifference": apart, "maxScaledDifference": scaled}


def write(order, found):
    native, rows, converted, values, expected, needed, parity = found
    out = order["out"]
    with open(os.path.join(out, "model.onnx"), "wb") as file:
        file.write(converted.bytes)
    with open(os.path.join(out, "requests.jsonl"), "w") as file:
        for row, answer in zip(values, expected):
            numbers = [float(answer[1])] if native.task == "binary" else [float(one) for one in answer]
            file.write(json.dumps({"record": as_record(rows, row), "answer": numbers}) + "\n")
    # A difference of one that gives no number at all is told as the largest number JSON has.
    finite = {name: min(value, sys.float_info.max) for name, value in parity.items()}
    return {
        "task": native.task,
        "classes": native.classes,
        "required": needed,
        "inputs": converted.inputs,
        "output": converted.output,
        "parity": {**finite, "rows": len(values)},
        "estimator": type(native.model).__name__,
        "versions": versions(),
    }


def versions():
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": ".".join(str(part) for part in sys.version_info[:3])}
    for name in ("mlflow", "scikit-learn", "lightgbm", "xgboost", "skl2onnx", "onnxmltools", "onnx"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            pass
    return found


def first_line(error):
    return next(iter(str(error).strip().splitlines()), "")[:300]


def main():
    with open(sys.argv[1]) as file:
        order = json.load(file)
    leave_network()
    limit(order["memoryMb"], order["cpuSeconds"])
    warnings.simplefilter("ignore")
    try:
        answer = write(order, convert(order))
    except Refused as refusal:
        answer = {"refused": str(refusal)}
    except ModuleNotFoundError as error:
        answer = {"refused": f'it needs the package "{error.name}", which its requirements.txt does not name'}
    except Exception as error:
        answer = {"refused": f"it could not be loaded ({type(error).__name__}: {first_line(error)})"}
    with open(os.path.join(order["out"], "answer.json"), "w") as file:
        json.dump(answer, file)


if __name__ == "__main__":
    main()
