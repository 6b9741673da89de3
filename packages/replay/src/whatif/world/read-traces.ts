// Latencies and rates from traces of the server, in the JSON form of OTLP
// (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding): one document, or one for each line, as the file
// exporter of OpenTelemetry's collector writes it.
import { Code } from "@protobff/runtime/internal/failure";
import { InputError } from "../input-error.ts";
import { measured, type Observed } from "./latency.ts";
import { DEFAULT_KEYS } from "./read-latencies.ts";
import type { CallWorld, RpcWorld, World } from "./world.ts";

/** Maximum size of a file of traces in bytes. */
export const MAX_TRACES_BYTES = 256 << 20;

/** A span, as far as it is read. */
interface Span {
  readonly spanId?: string;
  readonly parentSpanId?: string;
  readonly kind?: number | string;
  readonly startTimeUnixNano?: string | number;
  readonly endTimeUnixNano?: string | number;
  readonly attributes?: readonly { readonly key?: string; readonly value?: Readonly<Record<string, unknown>> }[];
}
interface Document {
  readonly resourceSpans?: readonly { readonly scopeSpans?: readonly { readonly spans?: readonly Span[] }[] }[];
}

/**
 * Reads traces. Spans of other programs are left out.
 *
 * @param file name of the file, for faults
 * @throws InputError for text that is not OTLP, or without a call
 *
 * @example
 * parseTraces(readFileSync("traces.otlp.json", "utf8"), "traces.otlp.json");
 */
export function parseTraces(text: string, file: string): World {
  const spans = documentsOf(text, file).flatMap(({ resourceSpans = [] }) =>
    resourceSpans.flatMap(({ scopeSpans = [] }) => scopeSpans.flatMap(({ spans = [] }) => spans)),
  );
  const calls = new Map<string, Attempts>();
  const rpcs = new Map<string, number[]>();
  /** By the span's id. A call has spans of attempts if there were several, or if it waited for a place. */
  const called = new Map<string, Called>();
  const others: { readonly span: Span; readonly outcome: string }[] = [];
  for (const span of spans) {
    const { method, status, attempts, outcome, kept } = readAttributes(span);
    const isCall = span.kind === 3 || span.kind === "SPAN_KIND_CLIENT";
    if (method !== undefined && isCall) {
      const of = calls.get(method) ?? { observed: [], errors: [], codes: new Map() };
      calls.set(method, of);
      if (attempts > 0) called.set(span.spanId ?? "", { of, span, status, isAttempt: attempts === 1 });
    } else if (method !== undefined && (span.kind === 2 || span.kind === "SPAN_KIND_SERVER") && !kept)
      startsOf(rpcs, method).push(startOf(span));
    else if (outcome !== undefined) others.push({ span, outcome });
  }
  for (const { span, outcome } of others) {
    const call = called.get(span.parentSpanId ?? "");
    if (call === undefined) continue;
    call.isAttempt = false;
    observe(call.of, span, outcome, readAttributes(span).error);
  }
  for (const { of, span, status, isAttempt } of called.values())
    if (isAttempt) observe(of, span, STATUS_OUTCOMES[status] ?? "failed", status);
  if (calls.size === 0)
    throw new InputError(`${file} has no call of an upstream: write traces of the server, with sampled requests`);
  const behaviours = [...calls].flatMap(([method, of]): [string, CallWorld][] => {
    const found = callOf(of);
    return found === undefined ? [] : [[method, found]];
  });
  return { calls: new Map(behaviours), rpcs: new Map([...rpcs].map(([method, starts]) => [method, rpcOf(starts)])) };
}

function documentsOf(text: string, file: string): readonly Document[] {
  const parsed = (part: string, line?: number): Document => {
    try {
      const document: unknown = JSON.parse(part);
      if (typeof document === "object" && document !== null && "resourceSpans" in document) return document as Document;
    } catch (error) {
      if (line !== undefined)
        throw new InputError(`${file}:${line} is not JSON: ${error instanceof Error ? error.message : error}`);
    }
    throw new InputError(
      `${file}${line === undefined ? "" : `:${line}`} has no "resourceSpans": write traces in OTLP's JSON`,
    );
  };
  const lines = text.split("\n");
  const isByLine = lines.length > 1 && lines[0]?.trimEnd().endsWith("}") === true;
  if (!isByLine) return [parsed(text)];
  return lines.flatMap((line, i) => (line.trim() === "" ? [] : [parsed(line, i + 1)]));
}

function readAttributes({ attributes = [] }: Span) {
  const texts = new Map(attributes.map(({ key = "", value = {} }) => [key, String(Object.values(value)[0] ?? "")]));
  return {
    method: texts.get("rpc.method"),
    status: texts.get("rpc.response.status_code") ?? "",
    attempts: Number(texts.get("bff.call.attempts") ?? 1),
    outcome: texts.get("bff.attempt.outcome"),
    error: texts.get("error.type") ?? "",
    kept: texts.has("bff.kept"),
  };
}

/** Attempts of one method. */
interface Attempts {
  /** Answers, and attempts that the caller gave up. */
  readonly observed: Observed[];
  /** Errors that the upstream returned. */
  readonly errors: Observed[];
  readonly codes: Map<string, number>;
}

/** The span of a call. */
interface Called {
  readonly of: Attempts;
  readonly span: Span;
  readonly status: string;
  /** Whether the span is that of the attempt, too. */
  isAttempt: boolean;
}

/** Outcomes of calls with one attempt, by their status. */
const STATUS_OUTCOMES: Readonly<Record<string, string>> = {
  OK: "ok",
  DEADLINE_EXCEEDED: "expired",
  CANCELLED: "cancelled",
};
/** Outcomes that are no answer and no error of the upstream. */
const GIVEN_UP: ReadonlySet<string> = new Set(["expired", "cancelled"]);

function observe({ observed, errors, codes }: Attempts, span: Span, outcome: string, code: string): void {
  const ms = Number(nanoOf(span.endTimeUnixNano) - nanoOf(span.startTimeUnixNano)) / 1e6;
  if (!(ms >= 0) || outcome === "refused") return;
  if (outcome === "ok" || GIVEN_UP.has(outcome)) observed.push({ ms, ended: outcome === "ok" });
  else {
    errors.push({ ms, ended: true });
    codes.set(code, (codes.get(code) ?? 0) + 1);
  }
}

function callOf({ observed, errors, codes }: Attempts): CallWorld | undefined {
  const failures = measured(errors);
  const latency = measured(observed) ?? failures;
  if (latency === undefined) return undefined;
  const [most = ""] = [...codes].sort(([, a], [, b]) => b - a)[0] ?? [];
  const code = Object.entries(Code).find(([name]) => name === most)?.[1] ?? Code.UNAVAILABLE;
  return {
    latency,
    failures,
    errors: errors.length / (observed.length + errors.length),
    code,
    concurrent: undefined,
    items: undefined,
  };
}

/** A double has no room for nanoseconds since 1970. */
const nanoOf = (text: string | number = 0): bigint => (/^\d{1,20}$/.test(String(text)) ? BigInt(text) : 0n);
const startOf = ({ startTimeUnixNano }: Span): number => Number(nanoOf(startTimeUnixNano) / 1_000n) / 1_000;

function startsOf(rpcs: Map<string, number[]>, method: string): number[] {
  const starts = rpcs.get(method) ?? [];
  rpcs.set(method, starts);
  return starts;
}

function rpcOf(starts: readonly number[]): RpcWorld {
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const start of starts) [first, last] = [Math.min(first, start), Math.max(last, start)];
  const rate = last > first ? ((starts.length - 1) / (last - first)) * 1_000 : 1;
  return { rate, keys: DEFAULT_KEYS, skew: 1 };
}
