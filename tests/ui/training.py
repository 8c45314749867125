"""Training code as people have it: nothing in it knows of Orrery but the environment's MLFLOW_TRACKING_URI."""

import math
import time

import mlflow
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

mlflow.set_experiment("flowers")
X, y = load_iris(return_X_y=True, as_frame=True)
for c in (0.01, 1.0, 100.0):
    # One model is enough to look at, and each takes a while to be packed.
    mlflow.sklearn.autolog(log_datasets=False, log_models=c == 100)
    with mlflow.start_run(run_name=f"c-{c:g}"):
        LogisticRegression(C=c, max_iter=500).fit(X, y)

mlflow.set_experiment("epochs")
with mlflow.start_run(
    run_name="long-one",
    description="# Why\n\nIt **learns**: [docs](https://mlflow.org)\n\n<img src=x onerror=document.title=1>",
):
    mlflow.log_dict({"layers": [4, 3]}, "config/net.json")
    mlflow.log_text("<script>document.title = 'run by a file'</script>", "report.html")
    mlflow.log_text("a,b\n1,2\n3,4\n", "table.csv")
    for step in range(200):
        mlflow.log_metrics(
            {"loss": math.exp(-step / 40), "accuracy": 1 - math.exp(-step / 30), "system/cpu_utilization_percentage": 50 + step % 7},
            step=step,
        )
        time.sleep(0.04)
    mlflow.log_metric("loss", 0.5, step=200)
