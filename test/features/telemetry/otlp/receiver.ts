// Receives the spans of the tests: OpenTelemetry's own collector with PROTOBFF_OTEL_COLLECTOR=1 (it takes minutes to
// build), else a server that decodes with OpenTelemetry's own protos, by protobuf.js.
import { testCollector } from "../../../../packages/server/src/testing/otlp-collector.ts";
import { startOtelCollector } from "./otel-collector.ts";

/** A span as it has come, with its service; ids in hexadecimal. */
export interface CollectedSpan {
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  /** "" of a root. */
  readonly parentSpanId: string;
  readonly name: string;
  /** 1 internal, 2 server, 3 client. */
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  /** Values without their types, numbers as texts. */
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly failed: boolean;
}

export interface SpanReceiver {
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly url: string;
  /** Ends it, and gives all that it has taken. */
  end(): Promise<readonly CollectedSpan[]>;
}

export function startReceiver(): Promise<SpanReceiver> {
  return process.env.PROTOBFF_OTEL_COLLECTOR === "1" ? startOtelCollector() : startDecoder();
}

async function startDecoder(): Promise<SpanReceiver> {
  const { url, requests, close } = await testCollector();
  return {
    url,
    end: async () => {
      await close();
      return requests.flatMap(({ resource, spans }) =>
        spans.map((span) => ({
          ...span,
          service: String(resource["service.name"]),
          parentSpanId: span.parentSpanId ?? "",
          attributes: Object.fromEntries(
            Object.entries(span.attributes).map(([name, value]) => [name, untyped(value)]),
          ),
          failed: span.status?.code === 2,
        })),
      );
    },
  };
}

function untyped(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.values(value)[0];
}
