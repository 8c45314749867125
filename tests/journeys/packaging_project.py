"""Trains on the table of a project and registers under the model that its endpoint serves, marked for packaging."""

import sys
from importlib.metadata import version

import mlflow
import pandas as pd
from mlflow.models import infer_signature
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

table = pd.read_csv(sys.argv[1])
features = table.drop(columns=["churned", "event_time", "customer_id"])
# Truth values are texts of the table, whole numbers plain numbers: both may be missing one day.
features = features.astype({name: "float64" for name in features.select_dtypes("number")})
model = make_pipeline(
    ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), make_column_selector(dtype_include="number")),
            ("texts", OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number")),
        ]
    ),
    LogisticRegression(max_iter=1000),
).fit(features, table.churned)

mlflow.set_experiment("by hand")
client = mlflow.MlflowClient()
client.set_registered_model_tag("churn-risk", "orrery.package", "true")
info = mlflow.sklearn.log_model(
    model,
    name="model",
    signature=infer_signature(features, table.churned),
    input_example=features.head(50),
    pip_requirements=[f"{name}=={version(name)}" for name in ("mlflow", "numpy", "pandas", "scikit-learn", "cloudpickle")],
    registered_model_name="churn-risk",
    serialization_format="cloudpickle",
)
# The same once more, for Python to answer for: nobody packages it before it is asked for.
client.delete_registered_model_tag("churn-risk", "orrery.package")
client.create_model_version("churn-risk", info.model_uri, model_id=info.model_id)
print(info.registered_model_version)
