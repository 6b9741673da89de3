// Holds docs/runtime.md#observing
import { create } from "@bufbuild/protobuf";
import { Code as ConnectCode, ConnectError } from "@connectrpc/connect";
import { DegradationSchema } from "@protobff/messages/bff/v1/degradation_pb.js";
import { Code, Failure, Reason, timedOut } from "@protobff/runtime/internal/failure";
import type { Observer } from "@protobff/runtime/internal/observer";
import { FakeClient } from "@protobff/runtime/internal/testing/fake-client";
import { front, page } from "@protobff/runtime/internal/testing/front";
import { expect, test } from "vitest";
import { joinObservers } from "../process/observers.ts";
import { FailureLog } from "./failure-log.ts";
import type { LogFormat } from "./server-log.ts";

/** A BFF of one rpc that logs; `lines` are what it has written, without the time. */
function logged(format: LogFormat = "text", observer?: Observer) {
  const written: string[] = [];
  const listening: Observer = {};
  const parts = front(
    {
      observer: { instead: listening },
      policy: { breaker: { errorRate: 0.5, windowMs: 60_000, minimum: 4, openMs: 9, probes: 1 } },
    },
    new FakeClient(),
  );
  const log = new FailureLog((line) => written.push(line), format, parts.clock);
  const joined: Observer = joinObservers(observer === undefined ? [log] : [log, observer]) ?? {};
  // the front is made with its observer, which needs the front's clock
  listening.response = (event) => joined.response?.(event);
  listening.breaker = (event) => joined.breaker?.(event);
  listening.resolver = (event) => joined.resolver?.(event);
  const { app, send, client } = parts;
  client.answer = (sent) => sent.fault(Code.UNAVAILABLE, { message: "connect ECONNREFUSED\r\n10.0.0.7:9001" });
  return {
    ...parts,
    log,
    joined: joined,
    written,
    lines: () => written.map((line) => line.replace(/^\S+Z /, "").trimEnd()),
    critical: (headers: Record<string, string> = {}) =>
      send(async (cx) => page({ title: (await cx.call(app.get, { id: "a" })).id }), { headers }).answer,
    supplementary: () =>
      send(async (cx) => {
        const step = cx.tryCall(app.get, { id: "a" });
        const made = page({ title: (await step)?.id ?? "" });
        if (cx.degraded) cx.touched(made, "title", false, step);
        return made;
      }).answer,
  };
}

test("a failed response is logged on one line, with the upstream's message and the request", async () => {
  const { critical, written } = logged();
  expect((await critical({ "x-request-id": "r 1" })).failure?.clientMessage).toBe("unavailable");
  expect(written).toEqual([
    '2027-01-15T08:00:01.000Z test.v1.Front/Show failed with UNAVAILABLE: test.v1.Upstream/Get UNAVAILABLE: connect ECONNREFUSED 10.0.0.7:9001, request "r 1"\n',
  ]);
});

test("a degraded response is logged with its missing fields", async () => {
  const { supplementary, lines } = logged();
  await supplementary();
  expect(lines()).toEqual([
    "test.v1.Front/Show degraded in title: test.v1.Upstream/Get UNAVAILABLE: connect ECONNREFUSED 10.0.0.7:9001",
  ]);
});

test("a degraded message of a stream is logged", () => {
  const { log, lines } = logged();
  const failure = new Failure({
    code: Code.UNAVAILABLE,
    reason: Reason.UNAVAILABLE,
    callee: "test.v1.Upstream/Get",
    message: "gone",
    clientCode: Code.UNAVAILABLE,
  });
  const degraded = ["runs[0].title", "runs[7].title"].map((path) => create(DegradationSchema, { path }));
  const event = { request: {}, header: () => "", method: "test.v1.Front/Follow" };
  for (let i = 0; i < 3; i++) log.streamDegraded({ ...event, degraded, failures: [failure, failure] });
  expect(lines()).toEqual(["test.v1.Front/Follow degraded in runs[*].title: test.v1.Upstream/Get UNAVAILABLE: gone"]);
});

test("a kind of failure is logged once in ten seconds, then with its count", async () => {
  const { critical, supplementary, client, clock, lines } = logged();
  client.answer = (sent) => sent.fault(Code.NOT_FOUND, { message: "no such thing" });
  for (let i = 0; i < 3; i++) await critical();
  await supplementary();
  await clock.advance(12_000);
  await critical();
  await clock.advance(12_000);
  await critical();
  const failed = "test.v1.Front/Show failed with INTERNAL: test.v1.Upstream/Get NOT_FOUND: no such thing";
  expect(lines()).toEqual([
    failed,
    "test.v1.Front/Show degraded in title: test.v1.Upstream/Get NOT_FOUND: no such thing",
    `${failed} (and 2 more like it within 12 s)`,
    failed,
  ]);
});

test("breakers are logged at every change", async () => {
  const { supplementary, client, clock, lines } = logged();
  for (let i = 0; i < 4; i++) await supplementary();
  await clock.advance(10);
  client.answer = (sent) => sent.thing();
  await supplementary();
  expect(lines().filter((line) => line.startsWith("breaker"))).toEqual([
    "breaker of test.v1.Upstream: closed -> open",
    "breaker of test.v1.Upstream: open -> half-open",
    "breaker of test.v1.Upstream: half-open -> closed",
  ]);
});

test("ejected addresses are logged, as text and as JSON", () => {
  const event = { service: "a.v1.B", branch: "canary", address: "10.0.0.7:80", forMs: 30_000, consecutive: 5, at: 0 };
  const written: string[] = [];
  new FailureLog((line) => written.push(line), "text").ejection(event);
  expect(written[0]?.slice(25)).toBe(
    "address 10.0.0.7:80 of a.v1.B, branch canary gets no calls for 30 s: 5 calls there have failed in a row\n",
  );
  new FailureLog((line) => written.push(line), "json").ejection(event);
  expect(JSON.parse(written[1] ?? "")).toMatchObject({
    event: "ejection",
    upstream: "a.v1.B",
    branch: "canary",
    address: "10.0.0.7:80",
    for_ms: 30_000,
    consecutive: 5,
  });
});

test("refusals by guards, cancelled clients and successes are not logged", async () => {
  const { send, app, client, written } = logged();
  await send(async (cx) => {
    throw cx.refuse(Code.PERMISSION_DENIED, "closed", 0);
  }).answer;
  client.answer = () => {};
  send(async (cx) => page({ title: (await cx.call(app.get, { id: "a" })).id })).cancel();
  client.answer = (sent) => sent.thing();
  await send(async (cx) => page({ title: (await cx.call(app.get, { id: "a" })).id })).answer;
  expect(written).toEqual([]);
});

test("an exception of a resolver is logged with its stack, indented", async () => {
  const { send, lines } = logged();
  const run = (): string => {
    throw new TypeError("the key is 1234\n2027-01-15T08:00:01.000Z all is well");
  };
  const resolve = { name: "test.v1.Page.title", run, args: {}, steps: {}, clients: () => ({}) };
  await send(async (cx) => page({ title: await cx.resolve(resolve) })).answer;
  const [thrown = "", failed = ""] = lines();
  expect(thrown).toMatch(
    /^the resolver of test\.v1\.Page\.title threw: TypeError: the key is 1234\n {2}2027-01-15T08:00:01\.000Z all is well\n {6}at /,
  );
  expect(failed).toMatch(/^test\.v1\.Front\/Show failed with INTERNAL: the resolver of \S+ threw: \S+ the key/);
});

/** Fails by a resolver that throws this. */
async function thrownBy(run: () => string, format: LogFormat = "text"): Promise<string[]> {
  const { send, lines } = logged(format);
  const resolve = { name: "test.v1.Page.title", run, args: {}, steps: {}, clients: () => ({}) };
  await send(async (cx) => page({ title: await cx.resolve(resolve) })).answer;
  return lines();
}

test("a thrown value that is not an Error is logged once, and an Error with its causes", async () => {
  const [text] = await thrownBy(() => {
    throw "no rates today";
  });
  expect(text).toBe("the resolver of test.v1.Page.title threw: no rates today");
  const [object] = await thrownBy(() => {
    throw { rate: 1 };
  });
  expect(object).toBe("the resolver of test.v1.Page.title threw: { rate: 1 }");
  const [caused = ""] = await thrownBy(() => {
    const last: Error = new TypeError("no address");
    last.cause = new Error("around", { cause: last }); // for ever
    throw new Error("no rates", { cause: last });
  });
  expect(caused.replace(/\n +at .*/g, "")).toBe(
    "the resolver of test.v1.Page.title threw: Error: no rates\n  caused by: TypeError: no address\n  caused by: Error: around",
  );
  const [long = ""] = await thrownBy(() => {
    throw new Error("x".repeat(100_000));
  });
  expect(long.length).toBeLessThan(9_000);
});

test("a status thrown by a resolver is logged with the resolver and the stack", async () => {
  const [thrown = "", failed] = await thrownBy(() => {
    throw new ConnectError("no such rate", ConnectCode.Internal);
  });
  expect(thrown).toMatch(
    /^the resolver of test\.v1\.Page\.title threw: ConnectError: \[internal\] no such rate\n {6}at /,
  );
  expect(failed).toBe(
    "test.v1.Front/Show failed with INTERNAL: the resolver of test.v1.Page.title threw: ConnectError: [internal] no such rate",
  );
});

test("an unhandled rejection is logged with its stack, once in ten seconds", () => {
  const { log, lines } = logged();
  for (let i = 0; i < 3; i++) log.rejection(new Error(`no ${i}`));
  const [line = "", ...more] = lines();
  expect(line).toMatch(/^a rejected promise was not awaited: Error: no 0\n {6}at /);
  expect(more).toEqual([]);
});

test.each<LogFormat>(["text", "json"])("no line has control characters, whatever their source (%s)", async (format) => {
  const nasty = "a\u009b31m\u0085b\u001b[31m\u2028c\u007f";
  const { critical, client, log, written } = logged(format);
  client.answer = (sent) => sent.fault(Code.UNAVAILABLE, { message: nasty });
  // Header values as node gives them: latin-1.
  await critical({ "x-request-id": "r\u009b31m\u0085", traceparent: "t\u009b\u007f" });
  log.redis(new Error(nasty));
  log.observer("call", new Error(nasty));
  log.rejection(nasty);
  const thrown = await thrownBy(() => {
    throw new Error(nasty);
  }, format);
  for (const line of [...written, ...thrown]) expect(line.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
  expect(written.length).toBe(4);
});

test("each line is an object in JSON", async () => {
  const { critical, supplementary, log, written } = logged("json");
  await critical({ "x-request-id": "r1", traceparent: "00-4bf9-00f0-01" });
  await supplementary();
  log.redis(new Error("connect ECONNREFUSED"));
  const time = "2027-01-15T08:00:01.000Z";
  const failure = {
    upstream: "test.v1.Upstream",
    method: "test.v1.Upstream/Get",
    code: "UNAVAILABLE",
    reason: "UNAVAILABLE",
    message: "connect ECONNREFUSED 10.0.0.7:9001",
  };
  const rpc = "test.v1.Front/Show";
  expect(written.map((line) => JSON.parse(line))).toEqual([
    { time, event: "failed", rpc, status: "UNAVAILABLE", ...failure, request_id: "r1", traceparent: "00-4bf9-00f0-01" },
    { time, event: "degraded", rpc, paths: ["title"], ...failure },
    { time, event: "redis", message: "connect ECONNREFUSED" },
  ]);
});

test("paths lose their indexes and keys, and only a few are logged", () => {
  const { log, lines } = logged();
  const paths = ["runs[0].owner", "runs[1].owner", 'by["a]\\"b"].name', ...["b", "c", "d", "e", "f"]];
  const failure = timedOut("up.v1.Up", "no answer in time");
  log.response({
    request: {},
    header: () => "",
    method: "web.v1.Web/Get",
    startedAt: 0,
    endedAt: 1,
    outcome: { ok: true, degraded: paths.map((path) => ({ path }) as never), failures: paths.map(() => failure) },
  });
  expect(lines()).toEqual([
    "web.v1.Web/Get degraded in runs[*].owner, by[*].name, b, c, d, 2 more: up.v1.Up DEADLINE_EXCEEDED: no answer in time",
  ]);
});

test("a custom observer receives only the events of its methods, beside the log", async () => {
  class CollectingObserver implements Observer {
    readonly #messages: string[] = [];
    response(): void {
      this.#messages.push("response");
    }
    breaker(): void {
      this.#messages.push("breaker");
    }
    attempt(): void {
      this.#messages.push("attempt");
    }
    get messages(): readonly string[] {
      return this.#messages;
    }
  }
  const observer = new CollectingObserver();
  const { critical, joined, written } = logged("text", observer);
  for (let i = 0; i < 4; i++) await critical();
  joined.attempt?.({} as never);
  expect(observer.messages).toEqual(["response", "response", "response", "breaker", "response", "attempt"]);
  expect(written.length).toBe(2);
  expect(Object.keys(joined).sort()).toEqual([
    "attempt",
    "audit",
    "breaker",
    "certificate",
    "ejection",
    "headerLeftOut",
    "limited",
    "mirrored",
    "resolver",
    "response",
    "shareRefused",
    "shedding",
    "streamDegraded",
  ]);
});

test("a header that an answer lacks is logged with its reason, and never with its value", () => {
  const { log, lines } = logged();
  const failure = new Failure({
    code: 3,
    reason: Reason.INVALID,
    callee: "",
    message: "index out of range",
    clientCode: 13,
  });
  const about = { request: {}, header: () => "", method: "a.v1.S/Get" };
  log.headerLeftOut({ ...about, name: "x-a", why: "failed", failure });
  log.headerLeftOut({ ...about, name: "x-a", why: "length" });
  log.headerLeftOut({ ...about, name: "x-a", why: "length" });
  log.headerLeftOut({ ...about, name: "x-b", why: "characters" });
  expect(lines()).toEqual([
    "a.v1.S/Get answered without header x-a: index out of range",
    "a.v1.S/Get answered without header x-a: its value is longer than 1 KiB",
    "a.v1.S/Get answered without header x-b: its value is not printable ASCII",
  ]);
  const json = logged("json");
  json.log.headerLeftOut({ ...about, name: "x-a", why: "length" });
  expect(json.written.map((line) => JSON.parse(line))).toEqual([
    { time: expect.any(String), event: "header", rpc: "a.v1.S/Get", header: "x-a", why: "length" },
  ]);
});

test("the key that fair queues refuse most is logged once a minute", async () => {
  const { log, lines, clock } = logged();
  const refuse = (place: string, key: string, count: number): void => {
    for (let i = 0; i < count; i++) log.shareRefused({ place, key });
  };
  refuse("door", "acme", 1);
  refuse("door", "acme", 5);
  refuse("up.v1.S", "acme", 6);
  refuse("door", "", 2);
  await clock.advance(60_000);
  refuse("door", "other", 1);
  refuse("door", "other", 9);
  await clock.advance(60_000);
  refuse("door", "", 10);
  expect(lines()).toEqual([
    'fair share: the key "acme" had 1 of 1 refusal at the door',
    'fair share: the key "acme" had 6 of 14 refusals at up.v1.S',
    'fair share: the key "other" had 9 of 10 refusals at the door',
  ]);
  for (let i = 0; i < 5_000; i++) refuse("door", `key ${i}`, 1);
  await clock.advance(60_000);
  refuse("door", "last", 1);
  expect(lines().at(-1)).toContain(" had 9 of 5010 refusals");
});

test("refusals at branches and shards of an upstream are logged apart", async () => {
  const { log, lines, clock } = logged();
  const refuse = (branch: string | undefined, shard: string | undefined, count: number): void => {
    for (let i = 0; i < count; i++) log.shareRefused({ place: "up.v1.S", branch, shard, key: "acme" });
  };
  refuse("canary", undefined, 1);
  refuse("canary", undefined, 3);
  refuse(undefined, "a", 4);
  await clock.advance(60_000);
  refuse(undefined, "b", 3);
  expect(lines()).toEqual([
    'fair share: the key "acme" had 1 of 1 refusal at up.v1.S, branch canary',
    'fair share: the key "acme" had 4 of 8 refusals at up.v1.S, shard a',
  ]);
});

test("a message of the server without an error is logged as plain text", () => {
  const text = logged();
  text.log.server("sessions are kept in this process", undefined);
  text.log.server("keys cannot be fetched", new Error("HTTP 503"));
  expect(text.lines()).toEqual([
    "sessions are kept in this process",
    expect.stringMatching(/^keys cannot be fetched: Error: HTTP 503/),
  ]);
  const json = logged("json");
  json.log.server("sessions are kept in this process", undefined);
  expect(json.written.map((line) => JSON.parse(line))).toEqual([
    { time: expect.any(String), event: "server", what: "sessions are kept in this process" },
  ]);
});

test("a line has the trace ids of the request, if any", () => {
  const lines: string[] = [];
  const log = new FailureLog((line) => lines.push(line), "json");
  const failure = new Failure({ code: 14, reason: 2, callee: "a.v1.A/Get", message: "gone", clientCode: 14 });
  const trace = { traceId: "4b".repeat(16), spanId: "00f067aa0ba902b7", onCall: () => ({}) };
  const header = (name: string) => (name === "traceparent" ? "00-theirs" : "");
  const about = { request: {}, header, startedAt: 0, endedAt: 1, outcome: { ok: false, failure } as const };
  log.response({ ...about, method: "a.v1.S/Get", trace });
  log.response({ ...about, method: "a.v1.S/Other" });
  const [ourLine, theirs] = lines.map((line) => JSON.parse(line));
  expect(ourLine).toMatchObject({ trace_id: trace.traceId, span_id: trace.spanId });
  expect(ourLine.traceparent).toBeUndefined();
  expect(theirs).toMatchObject({ traceparent: "00-theirs" });
});

test.each([
  [
    "text",
    [
      "overloaded: the event loop is 83 ms late, and requests are refused",
      "no longer overloaded: 412 requests were refused within 3.2 s",
    ],
  ],
  [
    "json",
    [
      { event: "shedding", state: "begun", standing_delay_ms: 83 },
      { event: "shedding", state: "ended", standing_delay_ms: 2, refused: 412, took_ms: 3214 },
    ],
  ],
] as const)("refusals under overload have a line at their begin and end: %s", (format, expected) => {
  const { log, written, lines } = logged(format);
  log.shedding({ state: "begun", standingDelayMs: 82.6 });
  log.shedding({ state: "ended", standingDelayMs: 2, refused: 412, tookMs: 3_214 });
  if (format === "text") expect(lines()).toEqual(expected);
  else
    expect(written.map((line) => JSON.parse(line) as object)).toEqual(
      expected.map((line) => expect.objectContaining(line)),
    );
});
