"""Logs models that nothing converts, with the real client, and says what each answers in Python. Prints one JSON line."""

import json
import os
import time
from importlib.metadata import version

import mlflow
import numpy as np
import pandas as pd
from mlflow.models import infer_signature

pinned = [f"{name}=={version(name)}" for name in ("mlflow", "numpy", "pandas")]


class Premium(mlflow.pyfunc.PythonModel):
    """Code of a team's own. Some ages make it hang, crash or fail, as real code does."""

    def predict(self, context, model_input, params=None):
        age = model_input["age"]
        if (age == 997).any():
            time.sleep(600)
        if (age == 998).any():
            os.abort()
        if (age == 999).any():
            raise ValueError("no table for this age")
        return np.where(age > 40, age * 2.5, age) + model_input["plan"].map({"basic": 0, "pro": 100}).fillna(7)


class Verdict(mlflow.pyfunc.PythonModel):
    """Words for answers, and truth values among what it takes."""

    def predict(self, context, model_input, params=None):
        return np.where(model_input["active"] & (model_input["age"] > 30), "stay", "leave").tolist()


people = pd.DataFrame(
    {"age": [25.0, 41.0, 60.5, 33.0], "plan": ["basic", "pro", "pro", "basic"], "active": [True, False, True, True]}
)
made = {}
mlflow.set_experiment("own code")
for name, model, frame, answer in (
    ("premium", Premium(), people[["age", "plan"]], np.array([1.0])),
    ("verdict", Verdict(), people[["age", "active"]], np.array(["stay"])),
):
    with mlflow.start_run():
        info = mlflow.pyfunc.log_model(
            name=name,
            python_model=model,
            signature=infer_signature(frame, answer),
            input_example=frame,
            pip_requirements=pinned,
            registered_model_name=name,
        )
    answers = mlflow.pyfunc.load_model(info.model_uri).predict(frame)
    made[name] = {
        "records": json.loads(frame.to_json(orient="records")),
        "answers": [one if isinstance(one, str) else float(one) for one in answers],
    }
print(json.dumps(made))
