// Writes spans as opentelemetry.proto.trace.v1 messages, field by field. The thread of the requests runs it:
// docs/decisions/0062-traces.md has the alternatives and their cost.
import type { Writer } from "@protobff/runtime/internal/wire/writer";
import type { Attributes, AttributeValue, SpanEvent, SpanLink, SpanRecord } from "./span.ts";

const LENGTH_DELIMITED = 2;
const FIXED64 = 1;
const FIXED32 = 5;
const VARINT = 0;
const tag = (field: number, type: number): number => (field << 3) | type;

const SCOPE_SPANS_SPANS = tag(2, LENGTH_DELIMITED);
const SPAN = {
  traceId: tag(1, LENGTH_DELIMITED),
  spanId: tag(2, LENGTH_DELIMITED),
  traceState: tag(3, LENGTH_DELIMITED),
  parentSpanId: tag(4, LENGTH_DELIMITED),
  name: tag(5, LENGTH_DELIMITED),
  kind: tag(6, VARINT),
  start: tag(7, FIXED64),
  end: tag(8, FIXED64),
  attributes: tag(9, LENGTH_DELIMITED),
  events: tag(11, LENGTH_DELIMITED),
  links: tag(13, LENGTH_DELIMITED),
  status: tag(15, LENGTH_DELIMITED),
  flags: tag(16, FIXED32),
};
const EVENT = { time: tag(1, FIXED64), name: tag(2, LENGTH_DELIMITED), attributes: tag(3, LENGTH_DELIMITED) };
const LINK = {
  traceId: tag(1, LENGTH_DELIMITED),
  spanId: tag(2, LENGTH_DELIMITED),
  traceState: tag(3, LENGTH_DELIMITED),
  attributes: tag(4, LENGTH_DELIMITED),
  flags: tag(6, FIXED32),
};
const STATUS = { message: tag(2, LENGTH_DELIMITED), code: tag(3, VARINT) };
const KEY_VALUE = { key: tag(1, LENGTH_DELIMITED), value: tag(2, LENGTH_DELIMITED) };
const ANY = {
  string: tag(1, LENGTH_DELIMITED),
  bool: tag(2, VARINT),
  int: tag(3, VARINT),
  double: tag(4, FIXED64),
  array: tag(5, LENGTH_DELIMITED),
};
const ARRAY_VALUES = tag(1, LENGTH_DELIMITED);

/** Adds attributes as entries of a repeated `KeyValue`. */
export function writeAttributes(to: Writer, field: number, attributes: Attributes): void {
  for (const [name, value] of attributes) {
    if (typeof value === "string" && to.keyedText(field, name, value)) continue;
    to.open(field);
    to.tag(KEY_VALUE.key).string(name);
    to.open(KEY_VALUE.value);
    writeValue(to, value);
    to.close();
    to.close();
  }
}

/** Adds a span as an entry of `ScopeSpans.spans` to what is being written. */
export function writeSpan(to: Writer, span: SpanRecord): void {
  to.open(SCOPE_SPANS_SPANS);
  to.tag(SPAN.traceId).hex(span.traceId);
  to.tag(SPAN.spanId).hex(span.spanId);
  if (span.traceState !== "") to.tag(SPAN.traceState).string(span.traceState);
  if (span.parentSpanId !== "") to.tag(SPAN.parentSpanId).hex(span.parentSpanId);
  to.tag(SPAN.name).string(span.name);
  to.tag(SPAN.kind).uint32(span.kind);
  to.tag(SPAN.start).fixed64(span.startUnixNano);
  to.tag(SPAN.end).fixed64(span.endUnixNano);
  writeAttributes(to, SPAN.attributes, span.attributes);
  for (const event of span.events) writeEvent(to, event);
  for (const link of span.links) writeLink(to, link);
  if (span.status !== 0) {
    to.open(SPAN.status);
    if (span.message !== "") to.tag(STATUS.message).string(span.message);
    to.tag(STATUS.code).uint32(span.status);
    to.close();
  }
  if (span.flags !== 0) to.tag(SPAN.flags).fixed32(span.flags);
  to.close();
}

function writeEvent(to: Writer, event: SpanEvent): void {
  to.open(SPAN.events);
  to.tag(EVENT.time).fixed64(event.unixNano);
  to.tag(EVENT.name).string(event.name);
  writeAttributes(to, EVENT.attributes, event.attributes);
  to.close();
}

function writeLink(to: Writer, link: SpanLink): void {
  to.open(SPAN.links);
  to.tag(LINK.traceId).hex(link.traceId);
  to.tag(LINK.spanId).hex(link.spanId);
  if (link.traceState !== "") to.tag(LINK.traceState).string(link.traceState);
  writeAttributes(to, LINK.attributes, link.attributes);
  if (link.flags !== 0) to.tag(LINK.flags).fixed32(link.flags);
  to.close();
}

/** The field of `AnyValue`. */
function writeValue(to: Writer, value: AttributeValue): void {
  switch (typeof value) {
    case "string":
      to.tag(ANY.string).string(value);
      return;
    case "boolean":
      to.tag(ANY.bool).bool(value);
      return;
    case "bigint":
      to.tag(ANY.int).int64(BigInt.asIntN(64, value));
      return;
    case "number":
      to.tag(ANY.double).double(value);
      return;
    default:
      to.open(ANY.array);
      for (const item of value) {
        to.open(ARRAY_VALUES);
        writeValue(to, item);
        to.close();
      }
      to.close();
  }
}
