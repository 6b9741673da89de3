// Messages around the spans of a batch: ExportTraceServiceRequest, ResourceSpans, ScopeSpans. They differ between
// batches only in their lengths, so spans that are already written need no change.
import { Writer } from "@protobff/runtime/internal/wire/writer";
import { writeAttributes } from "./otlp-spans.ts";
import type { Attributes } from "./span.ts";

const REQUEST_RESOURCE_SPANS = 0x0a;
const RESOURCE_SPANS = { resource: 0x0a, scopeSpans: 0x12 };
const RESOURCE_ATTRIBUTES = 0x0a;
const SCOPE_SPANS_SCOPE = 0x0a;
const SCOPE = { name: 0x0a, version: 0x12 };

/** Instrumentation scope of the spans. */
interface Scope {
  readonly name: string;
  readonly version: string;
}

/**
 * Returns a writer of the bytes before the spans, given the spans' size. Both together are an
 * `ExportTraceServiceRequest`.
 */
export function requestHead(resource: Attributes, scope: Scope): (spanBytes: number) => Buffer {
  const resourceField = field((to) => {
    to.open(RESOURCE_SPANS.resource);
    writeAttributes(to, RESOURCE_ATTRIBUTES, resource);
    to.close();
  });
  const scopeField = field((to) => {
    to.open(SCOPE_SPANS_SCOPE);
    to.tag(SCOPE.name).string(scope.name);
    to.tag(SCOPE.version).string(scope.version);
    to.close();
  });
  return (spanBytes) => {
    const scopeSpans = scopeField.length + spanBytes;
    const head = field((to) => to.tag(RESOURCE_SPANS.scopeSpans).uint32(scopeSpans));
    const resourceSpans = resourceField.length + head.length + scopeSpans;
    const outer = field((to) => to.tag(REQUEST_RESOURCE_SPANS).uint32(resourceSpans));
    return Buffer.concat([outer, resourceField, head, scopeField]);
  };
}

function field(write: (to: Writer) => void): Buffer {
  const writer = new Writer();
  writer.start();
  write(writer);
  return writer.take();
}
