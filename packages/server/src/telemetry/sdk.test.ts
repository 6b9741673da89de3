import { trace } from "@opentelemetry/api";
import { AlwaysOffSampler, BatchSpanProcessor, InMemorySpanExporter, TracerProvider } from "@opentelemetry/sdk-trace";
import { afterEach, expect, it } from "vitest";
import { spanRecord } from "../testing/span-records.ts";
import { openSdk, sdkProblem } from "./sdk.ts";
import { SpanKind, SpanStatus } from "./span.ts";

afterEach(() => trace.disable());
const register = (options: ConstructorParameters<typeof TracerProvider>[0]) =>
  trace.setGlobalTracerProvider(new TracerProvider(options));

it("a missing provider is a problem, and a registered one is not", async () => {
  expect(await sdkProblem()).toEqual({
    problem: "is sdk, but no OpenTelemetry provider is registered in this process",
    remedy: "own, or start with NODE_OPTIONS='--import ./telemetry.mjs', a module of yours that registers one",
  });
  await expect(openSdk({ name: "web.v1", fault: () => {} })).rejects.toThrow("no OpenTelemetry provider");
  register({});
  expect(await sdkProblem()).toBeUndefined();
});

it("the user's provider receives all spans, whatever its sampler, and exports them at the end", async () => {
  const exporter = new InMemorySpanExporter();
  const processor = new BatchSpanProcessor({ exporter, scheduledDelayMillis: 60_000 });
  register({ spanProcessors: [processor], sampler: new AlwaysOffSampler() });
  const faults: string[] = [];
  const sink = await openSdk({ name: "web.v1", fault: (what, cause) => void faults.push(`${what}: ${cause}`) });
  const server = spanRecord({ parentSpanId: "00f067aa0ba902b7", flags: 0x300, traceState: "vendor=1" });
  const call = spanRecord({
    parentSpanId: server.spanId,
    name: "user.v1.UserService/GetUser",
    kind: SpanKind.client,
    flags: 0x101,
    status: SpanStatus.error,
    message: "UNAVAILABLE",
    attributes: [
      ["rpc.method", "user.v1.UserService/GetUser"],
      ["attempts", 2n],
      ["share", 0.5],
      ["sizes", [1n, 2n]],
    ],
    events: [{ name: "retry", unixNano: 1_795_252_474_123_456_800n, attributes: [["n", 1n]] }],
    links: [
      { traceId: "f".repeat(32), spanId: "e".repeat(16), flags: 1, traceState: "", attributes: [["why", "joined"]] },
    ],
  });
  const root = spanRecord({ traceId: "a".repeat(32) });
  sink.export([server, call]);
  sink.export([root]);
  expect(exporter.getFinishedSpans()).toEqual([]);
  await sink.close(5_000);
  const [first, second, third] = exporter.getFinishedSpans();
  expect(first!.spanContext()).toMatchObject({ traceId: server.traceId, spanId: server.spanId });
  expect(first!.parentSpanContext).toMatchObject({ spanId: "00f067aa0ba902b7", isRemote: true });
  expect(first!.spanContext().traceState?.serialize()).toBe("vendor=1");
  expect(first!.kind).toBe(1);
  expect(first!.startTime).toEqual([1_795_252_474, 123_456_789]);
  expect(first!.endTime).toEqual([1_795_252_474, 133_456_789]);
  expect(second!.spanContext()).toMatchObject({ traceId: call.traceId, spanId: call.spanId });
  expect(second!.parentSpanContext).toMatchObject({ spanId: server.spanId, isRemote: false });
  expect(second).toMatchObject({
    kind: 2,
    status: { code: 2, message: "UNAVAILABLE" },
    attributes: { "rpc.method": "user.v1.UserService/GetUser", attempts: 2, share: 0.5, sizes: [1, 2] },
    events: [{ name: "retry", time: [1_795_252_474, 123_456_800], attributes: { n: 1 } }],
    links: [{ context: { traceId: "f".repeat(32), spanId: "e".repeat(16) }, attributes: { why: "joined" } }],
  });
  expect(third!.spanContext()).toMatchObject({ traceId: "a".repeat(32), spanId: root.spanId });
  expect(third!.parentSpanContext).toBeUndefined();
  sink.export([root]);
  expect(sink.counts()).toEqual({ exported: 3, dropped: 1 });
  expect(faults).toEqual([]);
});

it("spans of the user's tracers stay under the user's control", async () => {
  const exporter = new InMemorySpanExporter();
  register({
    spanProcessors: [new BatchSpanProcessor({ exporter })],
    sampler: new AlwaysOffSampler(),
  });
  await openSdk({ name: "web.v1", fault: () => {} });
  const span = trace.getTracer("theirs").startSpan("own");
  expect(span.isRecording()).toBe(false);
  expect(span.spanContext().traceId).toMatch(/^(?!0{32})[\da-f]{32}$/);
});

it("a provider that ignores ids or throws is reported, without an effect on requests", async () => {
  const others = {
    startSpan: (name: string) => {
      if (name === "broken") throw new Error("full");
      return {
        spanContext: () => ({ traceId: "1".repeat(32), spanId: "2".repeat(16), traceFlags: 1 }),
        isRecording: () => false,
        end: () => {},
      };
    },
  };
  trace.setGlobalTracerProvider({ getTracer: () => others } as never);
  const faults: string[] = [];
  const sink = await openSdk({ name: "web.v1", fault: (what, cause) => void faults.push(`${what}: ${cause}`) });
  sink.export([spanRecord(), spanRecord({ name: "broken" })]);
  expect(sink.counts()).toEqual({ exported: 0, dropped: 2 });
  expect(faults).toEqual([
    "traces: spans of upstreams will be separate: this OpenTelemetry SDK assigns other ids: spans of upstreams refer to a different id",
    "traces: the OpenTelemetry provider threw: Error: full",
  ]);
  await sink.close(100);
});

it("a provider is not awaited beyond the remaining time", async () => {
  const stuck = { getTracer: () => ({}), forceFlush: () => new Promise(() => {}) };
  trace.setGlobalTracerProvider(stuck as never);
  const sink = await openSdk({ name: "web.v1", fault: () => {} });
  await sink.close(10);
});
