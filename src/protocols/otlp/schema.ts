/**
 * The messages of OTLP's trace export that this server reads and writes: a subset of `opentelemetry-proto` with its field
 * numbers (copyright OpenTelemetry Authors, Apache-2.0; https://github.com/open-telemetry/opentelemetry-proto), as a
 * protobufjs descriptor.
 */
import protobuf, { type INamespace, type Type } from 'protobufjs/light.js'

/** Field types of a message by name; the number is the field's. `*` marks a repeated field. */
function message(fields: Record<string, readonly [type: string, id: number]>) {
  return {
    fields: Object.fromEntries(
      Object.entries(fields).map(([name, [type, id]]) => [
        name,
        type.endsWith('*') ? { rule: 'repeated', type: type.slice(0, -1), id } : { type, id },
      ]),
    ),
  }
}

const DESCRIPTOR: INamespace = {
  nested: {
    ExportTraceServiceRequest: message({ resourceSpans: ['ResourceSpans*', 1] }),
    ResourceSpans: message({ resource: ['Resource', 1], scopeSpans: ['ScopeSpans*', 2] }),
    Resource: message({ attributes: ['KeyValue*', 1] }),
    // A message within a message is written as bytes are: spans are taken out unread, and read one by one.
    ScopeSpans: message({ spans: ['bytes*', 2] }),
    Span: message({
      traceId: ['bytes', 1],
      spanId: ['bytes', 2],
      parentSpanId: ['bytes', 4],
      name: ['string', 5],
      startTimeUnixNano: ['fixed64', 7],
      endTimeUnixNano: ['fixed64', 8],
      attributes: ['KeyValue*', 9],
      events: ['Event*', 11],
      links: ['Link*', 13],
      status: ['Status', 15],
    }),
    Event: message({ timeUnixNano: ['fixed64', 1], name: ['string', 2], attributes: ['KeyValue*', 3] }),
    Link: message({ traceId: ['bytes', 1], spanId: ['bytes', 2], attributes: ['KeyValue*', 4] }),
    Status: message({ message: ['string', 2], code: ['int32', 3] }),
    KeyValue: message({ key: ['string', 1], value: ['AnyValue', 2] }),
    AnyValue: {
      oneofs: {
        value: {
          oneof: ['stringValue', 'boolValue', 'intValue', 'doubleValue', 'arrayValue', 'kvlistValue', 'bytesValue'],
        },
      },
      ...message({
        stringValue: ['string', 1],
        boolValue: ['bool', 2],
        intValue: ['int64', 3],
        doubleValue: ['double', 4],
        arrayValue: ['ArrayValue', 5],
        kvlistValue: ['KeyValueList', 6],
        bytesValue: ['bytes', 7],
      }),
    },
    ArrayValue: message({ values: ['AnyValue*', 1] }),
    KeyValueList: message({ values: ['KeyValue*', 1] }),
    ExportTraceServiceResponse: message({ partialSuccess: ['PartialSuccess', 1] }),
    PartialSuccess: message({ rejectedSpans: ['int64', 1], errorMessage: ['string', 2] }),
    // google.rpc.Status, the form of errors.
    Failure: message({ code: ['int32', 1], message: ['string', 2] }),
  },
}

const root = protobuf.Root.fromJSON(DESCRIPTOR).resolveAll()

export const ExportRequest: Type = root.lookupType('ExportTraceServiceRequest')
export const SpanMessage: Type = root.lookupType('Span')
export const ExportResponse: Type = root.lookupType('ExportTraceServiceResponse')
export const Failure: Type = root.lookupType('Failure')
