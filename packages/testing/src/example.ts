import { createRegistry, type DescService, type JsonValue } from "@bufbuild/protobuf";
import { jsonOf } from "@protobff/runtime/internal/json/write-json";
import type { MockCall } from "./mock-rpc.ts";

/** A call with its answer, as `protobff contract --examples` takes it. */
export interface RecordedExample {
  readonly method: string;
  readonly request: JsonValue;
  readonly response: JsonValue;
  /** The values are a test's, and no upstream's. */
  readonly compare: "shape";
}

/**
 * Returns the answered calls of a mock (`bff.mocks.billing.calls`), each pair of request and answer once.
 *
 * @param service of the mock, as protobuf-es generates it
 * @example
 * const examples = recordedExamples(BillingService, bff.mocks.billing.calls);
 */
export function recordedExamples(service: DescService, calls: readonly MockCall[]): readonly RecordedExample[] {
  const registry = createRegistry(service);
  const found = new Map<string, RecordedExample>();
  for (const { method: name, request, answer } of calls) {
    const method = service.methods.find((method) => name === `${service.typeName}/${method.name}`);
    if (method === undefined || answer.message === undefined) continue;
    const example: RecordedExample = {
      method: name,
      request: jsonOf(method.input, request, registry),
      response: jsonOf(method.output, answer.message, registry),
      compare: "shape",
    };
    found.set(JSON.stringify(example), example);
  }
  return [...found.values()];
}
