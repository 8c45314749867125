"""One piece of work by one peer on one Parquet file: `quality_peers.py <peer> <file>`; prints what it cost."""
import json
import resource
import sys
import time
import warnings

warnings.filterwarnings("ignore")
peer, path = sys.argv[1], sys.argv[2]
V10 = [f"v{i}" for i in range(10)]
V20 = [f"v{i}" for i in range(20)]


def gx():
    import great_expectations as gx
    import great_expectations.expectations as e
    import pandas as pd

    begun = time.perf_counter(), time.process_time()
    frame = pd.read_parquet(path)
    context = gx.get_context(mode="ephemeral")
    batch = (
        context.data_sources.add_pandas("d").add_dataframe_asset("a").add_batch_definition_whole_dataframe("b")
    )
    suite = gx.ExpectationSuite(
        name="s",
        expectations=[
            e.ExpectColumnValuesToNotBeNull(column="id"),
            e.ExpectColumnValuesToBeUnique(column="id"),
            *[e.ExpectColumnValuesToBeBetween(column=f"n{i}", min_value=-1000, max_value=1000) for i in range(8)],
            *[e.ExpectColumnValuesToNotBeNull(column=f"n{i + 8}") for i in range(4)],
            e.ExpectColumnValuesToBeInSet(column="c0", value_set=V10),
            e.ExpectColumnValuesToBeInSet(column="c1", value_set=V20),
            e.ExpectColumnValuesToMatchRegex(column="t0", regex="^name [0-9]+$"),
            e.ExpectColumnValueLengthsToBeBetween(column="t0", min_value=6, max_value=12),
            e.ExpectColumnMeanToBeBetween(column="n0", min_value=-10, max_value=10),
            e.ExpectColumnMaxToBeBetween(column="n1", min_value=0, max_value=1000),
        ],
    )
    result = batch.get_batch({"dataframe": frame}).validate(suite)
    return begun, {"passed": result.success, "results": len(result.results)}


def pandera():
    import pandera.polars as pa
    import polars as pl

    begun = time.perf_counter(), time.process_time()
    frame = pl.read_parquet(path)
    checks = {
        "id": pa.Column(float, unique=True, nullable=False),
        "c0": pa.Column(str, pa.Check.isin(V10)),
        "c1": pa.Column(str, pa.Check.isin(V20)),
        "t0": pa.Column(str, [pa.Check.str_matches("^name [0-9]+$"), pa.Check.str_length(6, 12)]),
        **{f"n{i}": pa.Column(float, pa.Check.in_range(-1000, 1000)) for i in range(8)},
        **{f"n{i + 8}": pa.Column(float, nullable=False) for i in range(4)},
    }
    pa.DataFrameSchema(checks, coerce=False).validate(frame, lazy=True)
    assert -10 <= frame["n0"].mean() <= 10 and 0 <= frame["n1"].max() <= 1000
    return begun, {"results": 20}


def evidently():
    import pandas as pd
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataSummaryPreset

    begun = time.perf_counter(), time.process_time()
    data = Dataset.from_pandas(pd.read_parquet(path), data_definition=DataDefinition())
    Report([DataSummaryPreset()]).run(data, None).dict()
    return begun, {}


begun, told = {"gx": gx, "pandera": pandera, "evidently": evidently}[peer]()
used = resource.getrusage(resource.RUSAGE_SELF)
print(
    json.dumps(
        {
            # Imports are not counted: a service pays for them once.
            "seconds": time.perf_counter() - begun[0],
            "cpuSeconds": time.process_time() - begun[1],
            "peakMiB": used.ru_maxrss // 1024,
            "told": told,
        }
    )
)
