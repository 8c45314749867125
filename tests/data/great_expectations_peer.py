"""What Great Expectations says of tables, for comparison: a JSON list of {table, expectations} in, of lists of true, false or a reason out."""

import json
import logging
import sys
import warnings

import great_expectations as gx
import pandas as pd

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)
context = gx.get_context(mode="ephemeral")
context.variables.progress_bars = {"globally": False}
source = context.data_sources.add_pandas("pandas")


def judge(cases):
    for number, case in enumerate(cases):
        frame = pd.read_parquet(case["table"])
        asset = source.add_dataframe_asset(name=f"table {number}")
        batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
        yield [verdict(batch, one) for one in case["expectations"]]


def verdict(batch, written):
    try:
        name = "".join(part.title() for part in written["type"].split("_"))
        expectation = getattr(gx.expectations, name)(**written["kwargs"])
        result = batch.validate(expectation)
        if any(info.get("raised_exception") for info in exceptions(result.exception_info)):
            return "error"
        return bool(result.success)
    except Exception as error:
        return f"{type(error).__name__}: {error}"[:300]


def exceptions(info):
    return [info] if "raised_exception" in (info or {}) else list((info or {}).values())


with open(sys.argv[1]) as file:
    verdicts = list(judge(json.load(file)))
json.dump(verdicts, sys.stdout)
