"""What applications do with tracing of the `mlflow` client, unmodified: nothing in here knows Orrery.

Run by mlflow-traces.test.ts with MLFLOW_TRACKING_URI set; fails with an assertion, or prints the ids it made as JSON.
"""

import asyncio
import contextlib
import json
import time
from concurrent.futures import ThreadPoolExecutor

import mlflow
from mlflow import MlflowClient
from mlflow.entities import AssessmentSource, Feedback, SpanType
from mlflow.exceptions import MlflowException

HUMAN = AssessmentSource(source_type="HUMAN", source_id="ann")


@contextlib.contextmanager
def refused(code: str):
    try:
        yield
    except MlflowException as error:
        assert error.error_code == code, f"{error.error_code} instead of {code}: {error}"
    else:
        raise AssertionError(f"nothing was refused with {code}")


@mlflow.trace(span_type=SpanType.RETRIEVER)
def retrieve(question: str) -> list[dict]:
    return [{"page_content": f"about {question}", "score": 1.0, "rank": 2**62}]


@mlflow.trace(span_type=SpanType.LLM)
def generate(question: str, documents: list[dict]) -> str:
    span = mlflow.get_current_active_span()
    span.set_attribute("mlflow.chat.tokenUsage", {"input_tokens": 12, "output_tokens": 8, "total_tokens": 20})
    span.set_attribute("model", "small")
    if question == "fail":
        raise ValueError("no answer")
    return f"{question} — größer 😀"


@mlflow.trace(name="assistant", span_type=SpanType.AGENT)
def assistant(question: str) -> str:
    return generate(question, retrieve(question))


@mlflow.trace
async def wait(name: str) -> str:
    await asyncio.sleep(0.01)
    return name


@mlflow.trace
async def gather() -> list[str]:
    return list(await asyncio.gather(wait("a"), wait("b")))


def last() -> str:
    mlflow.flush_trace_async_logging()
    return mlflow.get_last_active_trace_id()


def whole_trace() -> tuple[str, str]:
    with mlflow.start_run() as run:
        assert assistant("why") == "why — größer 😀"
    trace_id = last()
    trace = mlflow.get_trace(trace_id)
    assert trace.info.state == "OK" and trace.info.trace_metadata["mlflow.sourceRun"] == run.info.run_id
    assert trace.info.token_usage == {"input_tokens": 12, "output_tokens": 8, "total_tokens": 20}, trace.info.token_usage
    assert trace.info.request_preview == '{"question": "why"}', trace.info.request_preview
    root, retriever, llm = trace.data.spans
    assert [s.name for s in (root, retriever, llm)] == ["assistant", "retrieve", "generate"]
    assert root.parent_id is None and retriever.parent_id == llm.parent_id == root.span_id
    assert root.inputs == {"question": "why"} and root.outputs == "why — größer 😀"
    assert retriever.span_type == SpanType.RETRIEVER and llm.get_attribute("model") == "small"
    [document] = retriever.outputs
    assert document["rank"] == 2**62 and isinstance(document["score"], float), document
    assert root.start_time_ns <= llm.start_time_ns < llm.end_time_ns <= root.end_time_ns
    return trace_id, run.info.run_id


def failure() -> str:
    with contextlib.suppress(ValueError):
        assistant("fail")
    trace_id = last()
    trace = mlflow.get_trace(trace_id)
    assert trace.info.state == "ERROR"
    [llm] = trace.search_spans(name="generate")
    assert llm.status.status_code == "ERROR" and "no answer" in llm.status.description
    [event] = llm.events
    assert event.name == "exception" and event.attributes["exception.type"] == "ValueError"
    return trace_id


def many_at_once() -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(assistant, [f"question {i}" for i in range(60)]))
    assert asyncio.run(gather()) == ["a", "b"]
    trace = mlflow.get_trace(last())
    assert sorted(s.outputs for s in trace.search_spans(name="wait")) == ["a", "b"]


def searches(client: MlflowClient, experiment: str, run_id: str, trace_id: str, failed: str) -> None:
    def ids(filter_string: str, **rest) -> list[str]:
        return [
            t.info.trace_id
            for t in client.search_traces(locations=[experiment], filter_string=filter_string, **rest)
        ]

    frame = mlflow.search_traces(locations=[experiment])
    assert len(frame) == 63, len(frame)
    assert ids("status = 'ERROR'") == [failed]
    assert ids(f"attributes.run_id = '{run_id}'") == [trace_id]
    assert [t.info.trace_id for t in client.search_traces(locations=[experiment], run_id=run_id)] == [trace_id]
    assert ids("span.name = 'generate' AND span.status = 'ERROR'") == [failed]
    assert len(ids("span.attributes.model = 'small'", max_results=500)) == 62
    assert ids("trace.text LIKE '%größer 😀%'", max_results=500)
    assert ids("timestamp_ms < 5") == []
    assert len(ids("name = 'assistant'", max_results=500)) == 62
    oldest = ids("", order_by=["timestamp_ms ASC"], max_results=1)
    assert oldest == [trace_id]
    # Page by page, with spans.
    page = client.search_traces(locations=[experiment], max_results=10)
    seen = [t.info.trace_id for t in page]
    while page.token:
        page = client.search_traces(locations=[experiment], max_results=10, page_token=page.token)
        seen += [t.info.trace_id for t in page]
        assert all(t.data.spans for t in page)
    assert len(seen) == len(set(seen)) == 63
    with refused("INVALID_PARAMETER_VALUE"):
        ids("colour = 'red'")


def tags(client: MlflowClient, trace_id: str) -> None:
    client.set_trace_tag(trace_id, "reviewed", "yes")
    mlflow.set_trace_tag(trace_id, "soon", "gone")
    mlflow.delete_trace_tag(trace_id, "soon")
    kept = mlflow.get_trace(trace_id).info.tags
    assert kept["reviewed"] == "yes" and "soon" not in kept and kept["mlflow.traceName"] == "assistant"
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.delete_trace_tag(trace_id, "never")
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.set_trace_tag("tr-" + "f" * 32, "a", "b")


def assessments(trace_id: str) -> None:
    told = mlflow.log_feedback(trace_id=trace_id, name="helpful", value=False, rationale="too short", source=HUMAN)
    mlflow.log_feedback(trace_id=trace_id, name="score", value=0.75, metadata={"judge": "v1"})
    mlflow.log_feedback(trace_id=trace_id, name="broken", error=ValueError("no judge"))
    expected = mlflow.log_expectation(trace_id=trace_id, name="answer", value={"text": "because", "n": [1, 2]})
    read = mlflow.get_assessment(trace_id, told.assessment_id)
    assert (read.value, read.rationale, read.source.source_id) == (False, "too short", "ann")
    assert mlflow.get_assessment(trace_id, expected.assessment_id).value == {"text": "because", "n": [1, 2]}
    mlflow.update_assessment(trace_id, told.assessment_id, Feedback(name="helpful", value=True, rationale="after all"))
    assert mlflow.get_assessment(trace_id, told.assessment_id).value is True
    better = mlflow.override_feedback(trace_id=trace_id, assessment_id=told.assessment_id, value=False)
    assert mlflow.get_assessment(trace_id, told.assessment_id).valid is False
    mlflow.delete_assessment(trace_id, better.assessment_id)
    assert mlflow.get_assessment(trace_id, told.assessment_id).valid is True
    kept = {a.name: a for a in mlflow.get_trace(trace_id).info.assessments}
    assert sorted(kept) == ["answer", "broken", "helpful", "score"]
    assert kept["score"].value == 0.75 and kept["score"].metadata == {"judge": "v1"}
    assert kept["broken"].error.error_message == "no judge"
    found = mlflow.search_traces(filter_string="feedback.score > 0.5", return_type="list")
    assert [t.info.trace_id for t in found] == [trace_id]
    with refused("RESOURCE_DOES_NOT_EXIST"):
        mlflow.get_assessment(trace_id, better.assessment_id)


def by_hand(client: MlflowClient) -> str:
    span = client.start_trace("by hand", inputs={"q": 1}, tags={"made": "by hand"})
    child = client.start_span("child", trace_id=span.trace_id, parent_id=span.span_id, inputs=[1.0, None, True])
    client.end_span(trace_id=span.trace_id, span_id=child.span_id, outputs={"deep": {"er": [{}]}})
    client.end_trace(span.trace_id, outputs="done", status="OK")
    mlflow.flush_trace_async_logging()
    trace = mlflow.get_trace(span.trace_id)
    assert trace.info.tags["made"] == "by hand"
    assert trace.data.spans[1].inputs == [1.0, None, True] and trace.data.spans[1].outputs == {"deep": {"er": [{}]}}
    with mlflow.start_span("with a picture") as span:
        span.set_inputs({"picture": "x" * 3_000_000})
    large = mlflow.get_trace(last())
    assert len(large.data.spans[0].inputs["picture"]) == 3_000_000
    return trace.info.trace_id


def older_servers(client: MlflowClient) -> str:
    """Spans as a file, as the client sends and reads them where the server keeps none."""
    from mlflow.tracking._tracking_service.utils import _get_store

    store = type(_get_store())
    kept = store._get_server_version
    store._get_server_version = lambda *_: None
    try:
        assistant("in a file")
        trace_id = last()
    finally:
        store._get_server_version = kept
    trace = mlflow.get_trace(trace_id)
    assert [s.name for s in trace.data.spans] == ["assistant", "retrieve", "generate"]
    [document] = trace.data.spans[1].outputs
    assert document["rank"] == 2**62 and isinstance(document["score"], float), document
    data = mlflow.tracing.client.TracingClient()._download_trace_data(trace.info)
    for file, kept in zip(data.spans, trace.data.spans, strict=True):
        for what in ("name", "span_id", "parent_id", "start_time_ns", "end_time_ns", "attributes", "status"):
            assert getattr(file, what) == getattr(kept, what), (what, file, kept)
    return trace_id


def deleting(client: MlflowClient) -> None:
    experiment = client.create_experiment("short lived")
    mlflow.set_experiment(experiment_id=experiment)
    made = []
    for i in range(5):
        assistant(f"{i}")
        made.append(last())
        time.sleep(0.002)
    assert client.delete_traces(experiment, trace_ids=[made[4]]) == 1
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.get_trace(made[4])
    assert client.delete_traces(experiment, max_timestamp_millis=int(time.time() * 1000), max_traces=2) == 2
    left = mlflow.search_traces(locations=[experiment], return_type="list")
    assert [t.info.trace_id for t in left] == [made[3], made[2]]
    assert client.delete_traces(experiment, max_timestamp_millis=int(time.time() * 1000)) == 2
    with refused("INVALID_PARAMETER_VALUE"):
        client.delete_traces(experiment)


def main() -> None:
    client = MlflowClient()
    experiment = mlflow.set_experiment("assistant").experiment_id
    trace_id, run_id = whole_trace()
    failed = failure()
    many_at_once()
    searches(client, experiment, run_id, trace_id, failed)
    tags(client, trace_id)
    assessments(trace_id)
    made = by_hand(client)
    filed = older_servers(client)
    deleting(client)
    print(json.dumps({"trace": trace_id, "run": run_id, "failed": failed, "made": made, "filed": filed}))


main()
