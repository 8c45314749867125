"""The recipe of `recipes.ts` by scikit-learn, exported by skl2onnx: `recipes_peer.py <table>`; prints what it cost, in CPU seconds."""
import json
import sys
import time
import warnings

import numpy as np
import onnxruntime
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

warnings.filterwarnings("ignore")
table = pd.read_parquet(sys.argv[1])
numbers = [name for name in table if name.startswith("n")]
texts = [name for name in table if name.startswith("t")]
table[texts] = table[texts].fillna("").astype(object)


class Clip(BaseEstimator, TransformerMixin):
    def fit(self, x, y=None):
        self.ends = np.quantile(x, [0.01, 0.99], axis=0)
        return self

    def transform(self, x):
        return np.clip(x, *self.ends)


def recipe(clip):
    steps = [SimpleImputer(strategy="median"), *([Clip()] if clip else []), StandardScaler()]
    encoder = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=0.01, sparse_output=False)
    return ColumnTransformer([("numbers", make_pipeline(*steps), numbers), ("texts", encoder, texts)])


def timed(work):
    begun = time.process_time()
    result = work()
    return result, time.process_time() - begun


fitted, fit = timed(lambda: recipe(True).fit(table))
_, transform = timed(lambda: fitted.transform(table))
cost = {"fit, CPU s": fit, "transform, CPU s": transform}
try:
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType

    # Without the clip, which skl2onnx does not know, and without rare ones, which it refuses: less work than ours.
    plain = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
            ("texts", OneHotEncoder(handle_unknown="ignore", sparse_output=False), texts),
        ]
    ).fit(table)
    types = [(name, FloatTensorType([None, 1])) for name in numbers]
    types += [(name, StringTensorType([None, 1])) for name in texts]
    file = to_onnx(plain, initial_types=types, target_opset=17).SerializeToString()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session, opened = timed(lambda: onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"]))
    cost |= {"file, MB": len(file) / 1e6, "open, CPU s": opened}
    for rows in (1, 100):
        feeds = {name: np.arange(rows, dtype=np.float32).reshape(-1, 1) for name in numbers}
        feeds |= {name: np.array([[f"v{r % 5}"] for r in range(rows)], dtype=object) for name in texts}
        times = max(10, round(200 / len(feeds) ** 0.5))
        for _ in range(5):
            session.run(None, feeds)
        _, asked = timed(lambda: [session.run(None, feeds) for _ in range(times)])
        cost[f"{rows} row{'s' if rows > 1 else ''}, CPU ms"] = asked / times * 1e3
except Exception as error:  # noqa: BLE001: what the peer cannot do is told, and the rest compared
    print(f"skl2onnx: {error}", file=sys.stderr)
print(json.dumps(cost))
