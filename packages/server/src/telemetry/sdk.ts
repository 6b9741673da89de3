// BFF_OTEL=sdk: sends spans to the provider that the user's own OpenTelemetry has registered, and so to that provider's
// destination. They are made after the request, with its times, ids, parents and links: no code of OpenTelemetry runs
// during the request.
import type { Attributes as ApiAttributes, Context, HrTime, Span, SpanContext, Tracer } from "@opentelemetry/api";
import type { OpenSpans, OpenSpansOptions, SpanCounts } from "./otlp.ts";
import { type Attributes, type AttributeValue, SpanKind, type SpanLink, type SpanRecord, SpanStatus } from "./span.ts";
import { VERSION } from "./version.ts";

type Api = typeof import("@opentelemetry/api");

const SAMPLED = 1;
const REMOTE = 0x200;
const SCOPE = "@protobff/runtime";
const GIGA = 1_000_000_000n;

/** Returns undefined if the package is installed and a provider is registered. */
export async function sdkProblem(): Promise<{ readonly problem: string; readonly remedy: string } | undefined> {
  const api = await loadApi();
  if (api === undefined) {
    const problem = "is sdk, which needs the package @opentelemetry/api, which is not installed";
    return { problem, remedy: "npm install @opentelemetry/api, or own" };
  }
  if (tracerOf(api) !== undefined) return undefined;
  const problem = "is sdk, but no OpenTelemetry provider is registered in this process";
  return {
    problem,
    remedy: "own, or start with NODE_OPTIONS='--import ./telemetry.mjs', a module of yours that registers one",
  };
}

/** @throws Error if `sdkProblem` reports a problem */
export async function openSdk({ fault }: OpenSpansOptions): Promise<OpenSpans> {
  const api = await loadApi();
  const tracer = api && tracerOf(api);
  if (api === undefined || tracer === undefined) throw new Error("there is no OpenTelemetry provider");
  return new SdkSink(api, tracer, fault);
}

async function loadApi(): Promise<Api | undefined> {
  try {
    return await import("@opentelemetry/api");
  } catch {
    return undefined;
  }
}

/** Returns the tracer of the provider itself; undefined if no provider is registered. */
function tracerOf({ trace }: Api): Tracer | undefined {
  const provider = trace.getTracerProvider();
  if ("getDelegateTracer" in provider) {
    const proxy = provider as { getDelegateTracer(name: string, version: string): Tracer | undefined };
    return proxy.getDelegateTracer(SCOPE, VERSION);
  }
  return provider.getTracer(SCOPE, VERSION);
}

class SdkSink implements OpenSpans {
  readonly #api: Api;
  readonly #tracer: Tracer;
  readonly #fault: OpenSpansOptions["fault"];
  readonly #ids = { traceId: "", spanId: "" };
  #exported = 0;
  #dropped = 0;
  #closed = false;

  constructor(api: Api, tracer: Tracer, fault: OpenSpansOptions["fault"]) {
    this.#api = api;
    this.#tracer = tracer;
    this.#fault = fault;
    takeOver(tracer, this.#ids);
  }

  export(spans: readonly SpanRecord[]): void {
    for (const span of spans) {
      try {
        if (!this.#closed && this.#make(span)) this.#exported++;
        else this.#dropped++;
      } catch (thrown) {
        this.#dropped++;
        this.#fault("traces: the OpenTelemetry provider threw", thrown);
      }
    }
  }

  counts(): SpanCounts {
    return { exported: this.#exported, dropped: this.#dropped };
  }

  /** Flushes the provider, but does not shut it down: the provider belongs to the user. */
  async close(deadlineMs: number): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const provider = this.#api.trace.getTracerProvider() as { getDelegate?(): unknown };
    const owner = (provider.getDelegate?.() ?? provider) as { forceFlush?(): Promise<unknown> };
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, Math.max(0, deadlineMs));
    try {
      await Promise.race([owner.forceFlush?.(), late]);
    } catch (thrown) {
      this.#fault("traces: the OpenTelemetry provider could not send what it had", thrown);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Makes a span. Returns true if the provider wants it. */
  #make(record: SpanRecord): boolean {
    this.#ids.traceId = record.traceId;
    this.#ids.spanId = record.spanId;
    const links = record.links.map((link) => ({
      context: this.#context(link),
      attributes: attributesOf(link.attributes),
    }));
    const options = {
      kind: this.#kindOf(record),
      startTime: timeOf(record.startUnixNano),
      attributes: attributesOf(record.attributes),
      links,
    };
    const span = this.#tracer.startSpan(record.name, options, this.#parentOf(record));
    this.#checkId(span, record);
    for (const { name, attributes, unixNano } of record.events) {
      span.addEvent(name, attributesOf(attributes), timeOf(unixNano));
    }
    if (record.status === SpanStatus.error) {
      span.setStatus({ code: this.#api.SpanStatusCode.ERROR, message: record.message });
    }
    const isRecording = span.isRecording();
    span.end(timeOf(record.endUnixNano));
    return isRecording;
  }

  /**
   * Returns a sampled parent, even if its flag is unset: kept spans must be exported, even by a provider whose sampler
   * reads the parent.
   */
  #parentOf(record: SpanRecord): Context {
    const { ROOT_CONTEXT, trace } = this.#api;
    if (record.parentSpanId === "") return ROOT_CONTEXT;
    const { traceId, parentSpanId: spanId, traceState, flags } = record;
    return trace.setSpanContext(ROOT_CONTEXT, this.#context({ traceId, spanId, traceState, flags: flags | SAMPLED }));
  }

  #context({ traceId, spanId, flags, traceState }: Omit<SpanLink, "attributes">): SpanContext {
    return {
      traceId,
      spanId,
      traceFlags: flags & 0xff,
      isRemote: (flags & REMOTE) !== 0,
      ...(traceState !== "" && { traceState: this.#api.createTraceState(traceState) }),
    };
  }

  #kindOf({ kind }: SpanRecord) {
    const { SpanKind: api } = this.#api;
    if (kind === SpanKind.server) return api.SERVER;
    return kind === SpanKind.client ? api.CLIENT : api.INTERNAL;
  }

  #checkId(span: Span, record: SpanRecord): void {
    if (span.spanContext().spanId === record.spanId) return;
    const why = "this OpenTelemetry SDK assigns other ids: spans of upstreams refer to a different id";
    this.#fault("traces: spans of upstreams will be separate", why);
  }
}

/**
 * Overrides the id generator and the sampler of the SDK's tracer. No other code has a tracer of our name. Upstreams
 * already have the ids of their parents, and the decision to keep the spans is made, before the SDK receives them. The
 * SDK's interface offers neither override for a single tracer.
 */
function takeOver(tracer: Tracer, ids: { readonly traceId: string; readonly spanId: string }): void {
  const inner = tracer as { _idGenerator?: unknown; _sampler?: unknown };
  if (inner._idGenerator !== undefined) {
    inner._idGenerator = { generateTraceId: () => ids.traceId, generateSpanId: () => ids.spanId };
  }
  if (inner._sampler !== undefined) {
    inner._sampler = { shouldSample: () => ({ decision: RECORD_AND_SAMPLED }), toString: () => SCOPE };
  }
}
/** RECORD_AND_SAMPLED of the API's `SamplingDecision`. */
const RECORD_AND_SAMPLED = 2;

function timeOf(unixNano: bigint): HrTime {
  return [Number(unixNano / GIGA), Number(unixNano % GIGA)];
}

function attributesOf(attributes: Attributes): ApiAttributes {
  return Object.fromEntries(attributes.map(([name, value]) => [name, apiValue(value)]));
}

function apiValue(value: AttributeValue): ApiAttributes[string] {
  if (typeof value === "object")
    return value.map((item) => (typeof item === "bigint" ? Number(item) : item)) as number[];
  return typeof value === "bigint" ? Number(value) : value;
}
