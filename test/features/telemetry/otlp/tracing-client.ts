// The two ends of a trace by other hands: a client and upstreams with OpenTelemetry's SDK for JavaScript, its propagator and its exporter.
import { defaultTextMapGetter, defaultTextMapSetter, ROOT_CONTEXT, SpanKind, trace } from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";

const propagator = new W3CTraceContextPropagator();

/** One service that is traced. */
export interface Traced {
  /** Posts JSON within a span, which the request carries. */
  send(url: string, request: object): Promise<{ readonly status: number; readonly traceId: string }>;
  /** Records the span of a served call, below the span in its headers. Times are those of `performance.now()`. */
  served(call: {
    readonly method: string;
    readonly headers: ReadonlyMap<string, string>;
    readonly startedAt: number;
    readonly endedAt: number | undefined;
  }): void;
  /** Sends all. */
  end(): Promise<void>;
}

/** @param url of a receiver of OTLP */
export function traced(service: string, url: string): Traced {
  const exporter = new OTLPTraceExporter({ url: `${url}/v1/traces` });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ "service.name": service }),
    spanProcessors: [new BatchSpanProcessor({ exporter })],
  });
  const tracer = provider.getTracer("test");
  return {
    send: async (target, request) => {
      const span = tracer.startSpan("ask", { kind: SpanKind.CLIENT });
      const headers = { "content-type": "application/json" };
      propagator.inject(trace.setSpan(ROOT_CONTEXT, span), headers, defaultTextMapSetter);
      try {
        const response = await fetch(target, { method: "POST", headers, body: JSON.stringify(request) });
        await response.text();
        return { status: response.status, traceId: span.spanContext().traceId };
      } finally {
        span.end();
      }
    },
    served: ({ method, headers, startedAt, endedAt }) => {
      const parent = propagator.extract(ROOT_CONTEXT, Object.fromEntries(headers), defaultTextMapGetter);
      const startTime = performance.timeOrigin + startedAt;
      const span = tracer.startSpan(method, { kind: SpanKind.SERVER, startTime }, parent);
      span.end(endedAt === undefined ? undefined : performance.timeOrigin + endedAt);
    },
    end: () => provider.shutdown(),
  };
}
