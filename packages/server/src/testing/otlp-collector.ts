// A collector for tests: it takes OTLP over HTTP and decodes it with OpenTelemetry's own protos, by protobuf.js.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import protobuf from "protobufjs";

const protos = fileURLToPath(new URL("../../../../test/features/telemetry/otlp/proto/", import.meta.url));
const root = new protobuf.Root();
root.resolvePath = (_, target) => protos + target;
root.loadSync("opentelemetry/proto/collector/trace/v1/trace_service.proto");
const Request = root.lookupType("opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest");
const Response = root.lookupType("opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse");

/** A span as it came: ids in hexadecimal, times and integers as texts, enums as numbers. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly flags?: number;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly { readonly name: string; readonly timeUnixNano: string; readonly attributes: object }[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string; readonly attributes: object }[];
  readonly status?: { readonly code?: number; readonly message?: string };
}

export interface Received {
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly resource: Readonly<Record<string, unknown>>;
  readonly scope: { readonly name: string; readonly version: string };
  readonly spans: readonly ReceivedSpan[];
}

export interface TestCollector {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly requests: Received[];
  /** Resolves when so many spans have come. */
  spans(count: number): Promise<readonly ReceivedSpan[]>;
  close(): Promise<void>;
}

/** @param answer in place of a success; what it is asked with has been read */
export async function testCollector(
  answer: (response: ServerResponse, received: Received) => void = (response) => response.writeHead(200).end(),
): Promise<TestCollector> {
  const requests: Received[] = [];
  let notify = (): void => {};
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const body = Buffer.concat(parts);
    const received = decoded(request, request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body);
    requests.push(received);
    answer(response, received);
    notify();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const all = (): readonly ReceivedSpan[] => requests.flatMap(({ spans }) => spans);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    spans: async (count) => {
      while (all().length < count) {
        await new Promise<void>((resolve) => {
          notify = resolve;
        });
      }
      return all();
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** An `ExportTraceServiceResponse`. */
export function partially(rejectedSpans: number, errorMessage: string): Uint8Array {
  return Response.encode(Response.fromObject({ partialSuccess: { rejectedSpans, errorMessage } })).finish();
}

interface AnyValue {
  readonly arrayValue?: { readonly values?: readonly AnyValue[] };
}
interface KeyValue {
  readonly key: string;
  readonly value: AnyValue;
}

function decoded(request: IncomingMessage, body: Buffer): Received {
  const message = Request.toObject(Request.decode(body), { longs: String, bytes: Buffer, arrays: false }) as {
    // biome-ignore lint/suspicious/noExplicitAny: protobuf.js has no types for messages that it learns at run time
    resourceSpans: any[];
  };
  const [first, ...others] = message.resourceSpans;
  const [scopeSpans, ...more] = first.scopeSpans;
  if (others.length + more.length > 0) throw new Error("there is more than one resource, or scope");
  return {
    path: request.url ?? "",
    headers: request.headers,
    resource: plain(first.resource.attributes),
    scope: scopeSpans.scope,
    // biome-ignore lint/suspicious/noExplicitAny: the same
    spans: (scopeSpans.spans as any[]).map((span) => ({
      ...span,
      ...ids(span),
      attributes: plain(span.attributes),
      events: (span.events ?? []).map((event: object & { attributes?: KeyValue[] }) => ({
        ...event,
        attributes: plain(event.attributes),
      })),
      links: (span.links ?? []).map((link: object & { attributes?: KeyValue[] }) => ({
        ...link,
        ...ids(link),
        attributes: plain(link.attributes),
      })),
    })),
  };
}

function ids(of: object): object {
  const named = ["traceId", "spanId", "parentSpanId"] as const;
  const all = of as Readonly<Record<string, Buffer | undefined>>;
  return Object.fromEntries(
    named.filter((name) => all[name] !== undefined).map((name) => [name, all[name]?.toString("hex")]),
  );
}

function plain(attributes: readonly KeyValue[] = []): Readonly<Record<string, unknown>> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, valueIn(value)]));
}

/** With the name of its field, so that an integer is told from a double. */
function valueIn(value: AnyValue): unknown {
  if (value.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(valueIn);
  const [[kind, content] = []] = Object.entries(value);
  return kind === "stringValue" ? content : { [kind ?? "none"]: content };
}
