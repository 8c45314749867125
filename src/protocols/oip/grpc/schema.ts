import { readFileSync } from 'node:fs'
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js'
import protobuf from 'protobufjs'

/** The services of a `.proto` file beside this one as gRPC takes them: fields keep their names, `int64` are `Long`. */
export function serviceIn(file: string, name: string): ServiceDefinition {
  const text = readFileSync(new URL(file, import.meta.url), 'utf8')
  const { root } = protobuf.parse(text, { keepCase: true })
  const service = root.lookupService(name).resolveAll() as protobuf.Service
  return Object.fromEntries(service.methodsArray.map((method) => [method.name, definitionOf(name, method)]))
}

function definitionOf(service: string, method: protobuf.Method): MethodDefinition<object, object> {
  const [request, response] = [method.resolvedRequestType!, method.resolvedResponseType!]
  return {
    path: `/${service}/${method.name}`,
    requestStream: method.requestStream === true,
    responseStream: method.responseStream === true,
    requestSerialize: (message) => Buffer.from(request.encode(message).finish()),
    requestDeserialize: (bytes) => request.decode(bytes),
    // `fromObject` reads the names of enums and copies nothing that is bytes.
    responseSerialize: (message) => response.encode(response.fromObject(message)).finish() as Buffer,
    responseDeserialize: (bytes) => response.decode(bytes),
  }
}
