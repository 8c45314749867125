"""An application on OpenTelemetry's own SDK and exporter, that knows neither Orrery nor MLflow.

Run by mlflow-traces.test.ts with OTEL_EXPORTER_OTLP_ENDPOINT set; prints the trace's id as JSON.
"""

import json

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult

provider = TracerProvider(resource=Resource.create({"service.name": "shop"}))
exporter = OTLPSpanExporter(compression=Compression.Gzip)
provider.add_span_processor(BatchSpanProcessor(exporter))
tracer = provider.get_tracer("shop")

with tracer.start_as_current_span("checkout") as root:
    root.set_attribute("session.id", "s-1")
    with tracer.start_as_current_span("chat") as chat:
        chat.set_attributes({
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "small",
            "gen_ai.usage.input_tokens": 3,
            "gen_ai.usage.output_tokens": 4,
            "ratios": [0.5, 1.0],
            "sent": True,
        })
        chat.add_event("first token", {"after": 0.25})
    for number in range(1_500):
        with tracer.start_as_current_span(f"item {number}"):
            pass

assert provider.force_flush()
sent = exporter.export([])
assert sent == SpanExportResult.FAILURE, "a request without spans is refused"
provider.shutdown()
print(json.dumps({"trace": f"tr-{root.get_span_context().trace_id:032x}"}))
