"""What teams do with MLflow's model registry, unmodified: nothing in here knows Orrery.

Run by mlflow-registry.test.ts with MLFLOW_TRACKING_URI set, and SERVED_MODEL naming a model that an endpoint serves (its
version 1 does). Fails with an assertion, or prints what it made as JSON.
"""

import base64
import contextlib
import hashlib
import hmac
import http.server
import json
import os
import threading
import time

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from sklearn.linear_model import LogisticRegression


@contextlib.contextmanager
def refused(code: str, *words: str):
    try:
        yield
    except MlflowException as error:
        assert error.error_code == code, f"{error.error_code} instead of {code}: {error}"
        for word in words:
            assert word in str(error), f"{word!r} is not in: {error}"
    else:
        raise AssertionError(f"nothing was refused with {code}")


FEATURES = pd.DataFrame({"a": [float(i % 7) for i in range(40)], "b": [float(i % 3) for i in range(40)]})
TARGET = (FEATURES.a > 3).astype(int)


def train(weight: float):
    return LogisticRegression(C=weight).fit(FEATURES, TARGET)


def log(model, **options):
    # Without a format that needs more packages than a training environment has.
    return mlflow.sklearn.log_model(
        model, name="model", serialization_format="cloudpickle", pip_requirements=["scikit-learn"], **options
    )


def registers(client: MlflowClient) -> dict:
    mlflow.set_experiment("registry")
    with mlflow.start_run(run_name="first") as first:
        info = log(train(1.0), registered_model_name="forest")
    assert int(info.registered_model_version) == 1
    with mlflow.start_run(run_name="second") as second:
        logged = log(train(2.0))
    by_model = mlflow.register_model(logged.model_uri, "forest", tags={"colour": "green"})
    by_run = mlflow.register_model(f"runs:/{second.info.run_id}/model", "forest")
    assert (int(by_model.version), int(by_run.version)) == (2, 3)
    assert by_model.run_id == by_run.run_id == second.info.run_id
    assert by_model.status == "READY" and by_model.source == f"models:/{logged.model_id}"
    assert client.get_model_version("forest", 2).tags == {"colour": "green"}
    assert int(client.get_registered_model("forest").latest_versions[0].version) == 3
    with refused("RESOURCE_ALREADY_EXISTS"):
        client.create_registered_model("forest")
    return {"first": first.info.run_id, "second": second.info.run_id, "logged": logged.model_id}


def loads(client: MlflowClient) -> None:
    expected = train(1.0).predict(FEATURES).tolist()
    client.set_registered_model_alias("forest", "best", 1)
    client.transition_model_version_stage("forest", 1, "Staging")
    uris = ["models:/forest/1", "models:/forest@best", "models:/forest/Staging", "models:/forest/latest"]
    for uri in uris:
        assert mlflow.sklearn.load_model(uri).predict(FEATURES).tolist() == expected, uri
    assert mlflow.pyfunc.load_model("models:/forest@best").predict(FEATURES).tolist() == expected
    assert int(client.get_model_version_by_alias("forest", "best").version) == 1
    assert int(client.get_model_version_by_alias("forest", "latest").version) == 3
    assert {alias: int(version) for alias, version in client.get_registered_model("forest").aliases.items()} == {"best": 1}


def aliases_and_stages(client: MlflowClient) -> None:
    for alias in ("latest", "Latest", "v3", "V12"):
        with refused("INVALID_PARAMETER_VALUE", "reserved"):
            client.set_registered_model_alias("forest", alias, 1)
    with refused("INVALID_PARAMETER_VALUE"):
        client.get_model_version_by_alias("forest", "nobody")
    client.delete_registered_model_alias("forest", "nobody")
    client.delete_registered_model_alias("forest", "best")
    # No endpoint serves this model: its champion and its stage Production are whatever its owners say.
    client.set_registered_model_alias("forest", "champion", 1)
    client.set_registered_model_alias("forest", "champion", 2)
    client.transition_model_version_stage("forest", 1, "Production")
    moved = client.transition_model_version_stage("forest", 2, "production", archive_existing_versions=True)
    assert moved.current_stage == "Production"
    assert client.get_model_version("forest", 1).current_stage == "Archived"
    latest = client.get_latest_versions("forest", stages=["Production", "None"])
    assert sorted((v.current_stage, int(v.version)) for v in latest) == [("None", 3), ("Production", 2)]
    assert mlflow.sklearn.load_model("models:/forest/Production").C == 2.0
    with refused("INVALID_PARAMETER_VALUE"):
        client.transition_model_version_stage("forest", 2, "Nowhere")
    with refused("INVALID_PARAMETER_VALUE"):
        client.transition_model_version_stage("forest", 2, "Archived", archive_existing_versions=True)


def notes(client: MlflowClient) -> None:
    client.update_registered_model("forest", "Trees, as a model.")
    client.update_model_version("forest", 2, "The greener one.")
    client.set_registered_model_tag("forest", "team", "green")
    client.set_registered_model_tag("forest", "gone", "soon")
    client.delete_registered_model_tag("forest", "gone")
    client.set_model_version_tag("forest", 2, "checked", "yes")
    client.set_model_version_tag("forest", "3", "checked", "no")
    client.delete_model_version_tag("forest", 2, "nothing")
    model = client.get_registered_model("forest")
    assert (model.description, model.tags) == ("Trees, as a model.", {"team": "green"}), model
    version = client.get_model_version("forest", 2)
    assert (version.description, version.tags["checked"]) == ("The greener one.", "yes")
    with refused("INVALID_PARAMETER_VALUE"):
        client.set_registered_model_tag("forest", "a" * 251, "x")
    with refused("INVALID_PARAMETER_VALUE"):
        client.set_model_version_tag("forest", 2, "long", "x" * 100_001)
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.get_model_version("forest", 77)
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.get_registered_model("desert")
    with refused("INVALID_PARAMETER_VALUE"):
        client.create_registered_model("a/b")


def searches(client: MlflowClient, made: dict) -> None:
    for name in ("Oak", "oak tree", "pine"):
        client.create_registered_model(name, tags={"kind": name.split(" ")[0].lower()})

    def names(filter_string: str, **options) -> list[str]:
        return [m.name for m in client.search_registered_models(filter_string, **options)]

    assert names("name LIKE 'oak%'") == ["oak tree"]
    assert names("name ILIKE 'OAK%'", order_by=["name DESC"]) == ["oak tree", "Oak"]
    assert names("tags.kind = 'oak' and name != 'Oak'") == ["oak tree"]
    assert names("name IN ('pine', 'Oak')") == ["Oak", "pine"]
    first = client.search_registered_models("tags.kind LIKE '%'", max_results=2)
    rest = client.search_registered_models("tags.kind LIKE '%'", max_results=2, page_token=first.token)
    assert (len(first), len(rest), rest.token or None) == (2, 1, None)
    assert {m.name for m in mlflow.search_registered_models()} >= {"forest", "Oak", "pine"}
    with refused("INVALID_PARAMETER_VALUE"):
        names("colour = 'x'")
    with refused("INVALID_PARAMETER_VALUE"):
        names("name = 'x", max_results=10)

    def versions(filter_string: str, **options) -> list[int]:
        return [int(v.version) for v in client.search_model_versions(filter_string, **options)]

    assert versions("name = 'forest'", order_by=["version_number ASC"]) == [1, 2, 3]
    assert versions(f"run_id = '{made['second']}'", order_by=["version_number"]) == [2, 3]
    assert versions(f"run_id IN ('{made['first']}', 'nobody')") == [1]
    assert versions(f"source_path = 'models:/{made['logged']}'", order_by=["version_number"]) == [2, 3]
    assert versions("tags.checked = 'yes' and name = 'forest'") == [2]
    assert versions("name = 'forest' and version_number > 1", order_by=["version_number"]) == [2, 3]
    assert [v.name for v in mlflow.search_model_versions(filter_string="name = 'forest'", max_results=2)] == ["forest"] * 2
    with refused("INVALID_PARAMETER_VALUE"):
        versions("status = 'READY'")


def copies(client: MlflowClient) -> None:
    copy = client.copy_model_version("models:/forest/2", "copse")
    source = client.get_model_version("forest", 2)
    assert (copy.name, int(copy.version), copy.run_id) == ("copse", 1, source.run_id)
    assert copy.source == "models:/forest/2"
    assert mlflow.sklearn.load_model("models:/copse/1").C == 2.0
    assert client.get_model_version_download_uri("copse", 1) == client.get_model_version_download_uri("forest", 2)
    client.rename_registered_model("copse", "grove")
    assert mlflow.sklearn.load_model("models:/grove/1").C == 2.0
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.get_registered_model("copse")
    with refused("RESOURCE_ALREADY_EXISTS"):
        client.rename_registered_model("grove", "forest")


def keeps_what_is_registered(client: MlflowClient, made: dict) -> None:
    with refused("RESOURCE_CONFLICT", "forest v1"):
        client.delete_run(made["first"])
    with refused("RESOURCE_CONFLICT", "forest"):
        client.delete_experiment(client.get_experiment_by_name("registry").experiment_id)
    with refused("RESOURCE_CONFLICT"):
        client.delete_logged_model(made["logged"])
    assert client.get_run(made["first"]).info.lifecycle_stage == "active"
    client.delete_model_version("forest", 1)
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.get_model_version("forest", 1)
    client.delete_run(made["first"])
    client.restore_run(made["first"])
    # A number is given once.
    again = client.create_model_version("forest", f"models:/{made['logged']}", model_id=made["logged"])
    assert int(again.version) == 4


def refuses_strange_sources(client: MlflowClient, made: dict) -> None:
    for source in ("/etc/passwd", "file:///etc/passwd", "../x", "s3://bucket/../x", "mlflow-artifacts:/0/other/artifacts"):
        with refused("INVALID_PARAMETER_VALUE", "Invalid model version source"):
            client.create_model_version("forest", source, run_id=made["second"])
    with refused("INVALID_PARAMETER_VALUE"):
        client.create_model_version("forest", f"models:/{made['logged']}")
    elsewhere = client.create_model_version("pine", "s3://bucket/models/pine")
    assert elsewhere.source == client.get_model_version_download_uri("pine", elsewhere.version)
    client.delete_registered_model("pine")
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.get_registered_model("pine")


def leaves_production_to_rollouts(client: MlflowClient, served: str, made: dict) -> None:
    champion = client.get_model_version_by_alias(served, "champion")
    assert (int(champion.version), champion.current_stage) == (1, "Production"), champion
    assert int(client.get_latest_versions(served, ["Production"])[0].version) == 1
    logged = mlflow.register_model(f"models:/{made['logged']}", served)
    assert int(logged.version) == 2, logged
    with refused("RESOURCE_CONFLICT", "roll-outs only", "orrery certify"):
        client.set_registered_model_alias(served, "champion", 2)
    with refused("RESOURCE_CONFLICT", "roll-outs only"):
        client.delete_registered_model_alias(served, "champion")
    with refused("RESOURCE_CONFLICT", "roll-outs only"):
        client.transition_model_version_stage(served, 2, "Production", archive_existing_versions=True)
    with refused("RESOURCE_CONFLICT", "roll-outs only"):
        client.transition_model_version_stage(served, 1, "Archived")
    with refused("RESOURCE_CONFLICT", "cannot be deleted"):
        client.delete_model_version(served, 1)
    with refused("RESOURCE_CONFLICT", "cannot be deleted"):
        client.delete_registered_model(served)
    with refused("RESOURCE_CONFLICT", "cannot be renamed"):
        client.rename_registered_model(served, "mine")
    # Everything that is not production is free.
    client.set_registered_model_alias(served, "challenger", 2)
    client.transition_model_version_stage(served, 2, "Staging")
    files = mlflow.artifacts.download_artifacts(f"models:/{served}/1")
    assert "model.onnx" in os.listdir(files), os.listdir(files)


def hears_of_it(client: MlflowClient, made: dict) -> None:
    received: list[tuple[dict, bytes]] = []

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            received.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(503 if len(received) == 2 else 200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hook = client.create_webhook(
        name="ci",
        url=f"http://127.0.0.1:{server.server_port}/hook",
        events=["model_version.created", "model_version_alias.created"],
        description="tells the builds",
        secret="s3cret",
    )
    assert [str(event) for event in client.get_webhook(hook.webhook_id).events] == [
        "model_version.created",
        "model_version_alias.created",
    ]
    assert [one.name for one in client.list_webhooks()] == ["ci"]
    assert client.test_webhook(hook.webhook_id).success
    # The receiver is busy the first time, and is told again.
    client.create_model_version("forest", f"models:/{made['logged']}", model_id=made["logged"])
    deadline = time.monotonic() + 60
    while len(received) < 3 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(received) == 3, len(received)
    for headers, body in received:
        signed = f"{headers['X-MLflow-Delivery-Id']}.{headers['X-MLflow-Timestamp']}.{body.decode()}".encode()
        digest = hmac.new(b"s3cret", signed, hashlib.sha256).digest()
        assert headers["X-MLflow-Signature"] == "v1," + base64.b64encode(digest).decode()
    told = json.loads(received[2][1])
    assert (told["entity"], told["action"]) == ("model_version", "created"), told
    assert (told["data"]["name"], told["data"]["run_id"]) == ("forest", made["second"]), told
    assert received[1][0]["X-MLflow-Delivery-Id"] == received[2][0]["X-MLflow-Delivery-Id"]
    client.update_webhook(hook.webhook_id, status="DISABLED")
    client.delete_webhook(hook.webhook_id)
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.get_webhook(hook.webhook_id)
    server.shutdown()


def main() -> None:
    client = MlflowClient()
    made = registers(client)
    loads(client)
    aliases_and_stages(client)
    notes(client)
    searches(client, made)
    copies(client)
    keeps_what_is_registered(client, made)
    refuses_strange_sources(client, made)
    hears_of_it(client, made)
    leaves_production_to_rollouts(client, os.environ["SERVED_MODEL"], made)
    print(json.dumps({**made, "version": mlflow.__version__}))


if __name__ == "__main__":
    assert os.environ["MLFLOW_TRACKING_URI"].startswith("http")
    main()
