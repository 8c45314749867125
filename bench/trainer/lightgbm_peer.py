"""LightGBM as the peer of run.ts: one request per line on stdin, one answer per line on stdout, both JSON.

{"load": path}  the table run.ts wrote: {"x": [[...]], "y": [...], "categorical": [...]}; NaN is null
{"fit": {"train": [...], "test": [...], "params": {...}, "rounds": n}}
    -> {"cpu": seconds of CPU for binning and training, "scores": [...]} for the test rows
"""

import json
import sys
import time

import lightgbm
import numpy


def main():
    table = None
    for line in sys.stdin:
        request = json.loads(line)
        if "load" in request:
            with open(request["load"]) as file:
                raw = json.load(file)
            x = numpy.array(raw["x"], dtype=numpy.float64)
            table = (x, numpy.array(raw["y"]), raw["categorical"])
            answer = {"version": lightgbm.__version__}
        else:
            x, y, categorical = table
            task = request["fit"]
            train = numpy.array(task["train"])
            train_x, train_y = x[train], y[train]
            started = time.process_time()
            data = lightgbm.Dataset(
                train_x, train_y, categorical_feature=categorical, params=task["params"]
            )
            booster = lightgbm.train(task["params"], data, num_boost_round=task["rounds"])
            cpu = time.process_time() - started
            scores = booster.predict(x[numpy.array(task["test"])], num_threads=1)
            answer = {"cpu": cpu, "scores": scores.tolist()}
        print(json.dumps(answer), flush=True)


main()
