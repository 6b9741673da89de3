import { describe, expect, test } from "vitest";
import { parseTraces } from "./read-traces.ts";

type Attributes = Readonly<Record<string, string | number>>;
let ids = 0;
/** A span from 0 to `ms`, as OpenTelemetry's collector writes it. */
const span = (kind: number | string, ms: number, attributes: Attributes, more: object = {}) => ({
  traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
  spanId: String(ids++).padStart(16, "0"),
  name: "span",
  kind,
  startTimeUnixNano: "1793268000000000000",
  endTimeUnixNano: String(1793268000000000000n + BigInt(ms * 1e6)),
  attributes: Object.entries(attributes).map(([key, value]) => ({
    key,
    value: typeof value === "number" ? { intValue: String(value) } : { stringValue: value },
  })),
  ...more,
});
const document = (...spans: readonly object[]): string =>
  JSON.stringify({ resourceSpans: [{ resource: {}, scopeSpans: [{ scope: { name: "protobff" }, spans }] }] });
const call = (ms: number, status = "OK", more: Attributes = {}, extra: object = {}) =>
  span(3, ms, { "rpc.method": "a.v1.A/Get", "rpc.response.status_code": status, ...more }, extra);

describe("traces", () => {
  test("give latencies, errors and rates", () => {
    const requests = Array.from({ length: 11 }, (_, i) =>
      span(
        2,
        50,
        { "rpc.method": "web.v1.Web/Get" },
        { startTimeUnixNano: String(1793268000000000000n + BigInt(i) * 100_000_000n) },
      ),
    );
    const kept = span("SPAN_KIND_SERVER", 50, { "rpc.method": "web.v1.Web/Get", "bff.kept": "failed" });
    const calls = Array.from({ length: 99 }, (_, i) => call(i + 1));
    const { calls: found, rpcs } = parseTraces(document(...requests, kept, ...calls, call(7, "INTERNAL")), "t.json");
    expect(rpcs.get("web.v1.Web/Get")?.rate).toBeCloseTo(10);
    expect(found.get("a.v1.A/Get")).toMatchObject({ errors: 0.01, code: 13 });
    expect(found.get("a.v1.A/Get")?.latency(0.5)).toBeCloseTo(50, -1);
    expect(found.get("a.v1.A/Get")?.failures?.(0.5)).toBe(7);
  });
  test("give single attempts of repeated and hedged calls, by line", () => {
    const repeated = call(60, "OK", { "bff.call.attempts": 2 }, { spanId: "00000000000000ff" });
    const attempt = (ms: number, outcome: string, more: Attributes = {}) =>
      span("SPAN_KIND_INTERNAL", ms, { "bff.attempt.outcome": outcome, ...more }, { parentSpanId: "00000000000000ff" });
    const failed = attempt(20, "failed", { "error.type": "UNAVAILABLE" });
    const lines = [document(failed), document(attempt(30, "ok")), document(attempt(40, "cancelled"), repeated), ""];
    const of = parseTraces(lines.join("\n"), "t.json").calls.get("a.v1.A/Get");
    expect(of).toMatchObject({ errors: 1 / 3, code: 14 });
    expect(of?.latency(0.2)).toBe(30);
    expect(of?.failures?.(0.9)).toBe(20);
  });
  test("give the attempt of a call that waited for a place", () => {
    const waited = call(60, "OK", {}, { spanId: "00000000000000ff" });
    const attempt = span(1, 20, { "bff.attempt.outcome": "ok" }, { parentSpanId: "00000000000000ff" });
    expect(parseTraces(document(waited, attempt), "t.json").calls.get("a.v1.A/Get")?.latency(0.9)).toBe(20);
  });
  test("calls that were refused or given up are no answers", () => {
    const { calls } = parseTraces(
      document(call(0, "UNAVAILABLE", { "bff.call.attempts": 0 }), call(10), call(100, "DEADLINE_EXCEEDED")),
      "t.json",
    );
    expect(calls.get("a.v1.A/Get")?.errors).toBe(0);
    expect(calls.get("a.v1.A/Get")?.latency(0.5)).toBe(10);
    expect(calls.get("a.v1.A/Get")?.latency(0.99)).toBeGreaterThan(10);
  });
  test.each([
    ["{", 't.json has no "resourceSpans": write traces in OTLP\'s JSON'],
    ["{}\n{}", 't.json:1 has no "resourceSpans"'],
    [`${document()}\n{`, "t.json:2 is not JSON"],
    [document(), "t.json has no call of an upstream"],
  ])("%s is refused", (text, fault) => {
    expect(() => parseTraces(text, "t.json")).toThrow(fault);
  });
});
