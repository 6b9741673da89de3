// Every request of an rpc is told of once, from its start to its end, wherever it is refused: by the fast path, by Connect's adapter, by whoever
// judges it, by its composition, or by nobody since its client has gone.
import { once } from "node:events";
import * as http from "node:http";
import * as http2 from "node:http2";
import { create, createRegistry, toBinary } from "@bufbuild/protobuf";
import { DurationSchema, SourceContextSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import type { Degradation } from "@protobff/messages/bff/v1/degradation_pb.js";
import { systemClock } from "@protobff/runtime/internal/clock";
import { endpoint } from "@protobff/runtime/internal/endpoint/endpoint";
import type { Failure } from "@protobff/runtime/internal/failure";
import { Limits } from "@protobff/runtime/internal/limits/limits";
import { BEARER, GATE_PATH, GateService, gate, sourceOf } from "@protobff/runtime/internal/testing/gate-rig";
import { until } from "@protobff/runtime/internal/testing/grpc-rig";
import { describe, expect, onTestFinished, test } from "vitest";
import { adapter, combinations, fast, listening, type Serve } from "./testing/all-protocols.ts";
import { ANY_PATH, anyRig } from "./testing/any-rig.ts";
import { CollectingSink, tracingTo } from "./testing/trace-rig.ts";

const ANN = "Bearer user-ann";
const message = (text: string): Buffer =>
  Buffer.from(toBinary(SourceContextSchema, create(SourceContextSchema, { fileName: text })));
function frame(bytes: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

interface More {
  readonly size?: number;
  readonly timeoutMs?: number;
  readonly unwritable?: boolean;
}
describe.each(combinations)("$protocol over HTTP/$over, $server", ({ serve, server, transport }) => {
  async function statusOf(authorization: string | undefined, more: More = {}) {
    const { size = 0, unwritable = false, ...options } = more;
    const rig = await gate({ sources: [sourceOf("user", BEARER)], unwritable });
    const { url } = await serve(rig.endpoint, { maxRequestBytes: 2_000 });
    const client = createClient(GateService, transport(url, []));
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    const code = await client.get({ fileName: "x".repeat(size) }, { headers, ...options }).then(
      () => 0,
      (error: unknown) => ConnectError.from(error).code,
    );
    await until(() => rig.responses.length > 0);
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
    const codes = rig.responses.map(({ outcome }) => (outcome.ok ? 0 : outcome.failure.clientCode));
    expect(codes).toEqual([code]);
    expect(rig.starts).toEqual(rig.responses.map(({ request }) => request));
    return code;
  }
  test("an answer is reported", async () => {
    expect(await statusOf(ANN)).toBe(0);
  });
  test("an unencodable answer is reported as Internal", async () => {
    expect(await statusOf(ANN, { unwritable: true })).toBe(Code.Internal);
  });
  test("a request without a credential is reported as Unauthenticated", async () => {
    expect(await statusOf(undefined)).toBe(Code.Unauthenticated);
  });
  test("a credential that cannot be checked is reported as Unavailable", async () => {
    expect(await statusOf("Bearer user-away")).toBe(Code.Unavailable);
  });
  // How large is too large is known to that server.
  test.skipIf(server.startsWith("a server of one's own"))(
    "an oversized message is reported as ResourceExhausted",
    async () => {
      expect(await statusOf(ANN, { size: 5_000 })).toBe(Code.ResourceExhausted);
    },
  );
});

describe.each<[string, Serve]>([
  ["the fast path", fast],
  ["Connect's adapter", adapter],
  ["a server of one's own", ({ route }) => listening(http.createServer(connectNodeAdapter({ routes: route })))],
])("an answer that JSON cannot represent, %s", (_, serve) => {
  const headers = { authorization: ANN, "connect-protocol-version": "1" };
  const requests: [string, (url: string) => Promise<Response>, number][] = [
    ["in binary", (url) => post(url, "application/proto", ""), 200],
    ["as JSON", (url) => post(url, "application/json", "{}"), 500],
    ["as JSON by gRPC-Web", (url) => post(url, "application/grpc-web+json", "\0\0\0\0\u0002{}"), 200],
    ["as JSON by GET", (url) => fetch(`${url}?connect=v1&encoding=json&message=%7B%7D`, { headers }), 500],
  ];
  const post = (url: string, type: string, body: string): Promise<Response> =>
    fetch(url, { method: "POST", body, headers: { ...headers, "content-type": type } });
  test.each(requests)("%s", async (_, send, status) => {
    const rig = await gate({ sources: [sourceOf("user", BEARER)], unwritable: "json" });
    const answer = await send((await serve(rig.endpoint)).url + GATE_PATH);
    const text = await answer.text();
    expect(answer.status).toBe(status);
    await until(() => rig.responses.length > 0);
    const fine = status === 200 && !text.includes("grpc-status: 13");
    expect(rig.responses.map(({ outcome }) => outcome.ok)).toEqual([fine]);
  });
});

describe.each<[string, Serve]>([
  ["the fast path", fast],
  ["Connect's adapter", adapter],
  ["a server of one's own", ({ route }) => listening(http.createServer(connectNodeAdapter({ routes: route })))],
  [
    "a server of one's own that knows a type",
    ({ route }) =>
      listening(
        http.createServer(
          connectNodeAdapter({ routes: route, jsonOptions: { registry: createRegistry(DurationSchema) } }),
        ),
      ),
  ],
])("an Any in an answer, %s", (server, serve) => {
  const requests: [string, string, string][] = [
    ["in binary", "application/proto", ""],
    ["as JSON", "application/json", "{}"],
    ["as JSON by gRPC-Web", "application/grpc-web+json", "\0\0\0\0\u0002{}"],
  ];
  test.each(requests)("%s", async (how, type, body) => {
    for (const isKnown of [true, false]) {
      const rig = anyRig(isKnown ? DurationSchema.typeName : "gone.v1.Gone");
      const headers = { "connect-protocol-version": "1", "content-type": type };
      const answer = await fetch((await serve(rig.endpoint)).url + ANY_PATH, { method: "POST", body, headers });
      const text = await answer.text();
      await until(() => rig.responses.length > 0);
      const isCarried = how === "in binary" || (isKnown && server.endsWith("knows a type"));
      const isLeftOut = !isCarried && !server.startsWith("a server of one's own");
      expect(answer.ok && !text.includes("grpc-status: 13")).toBe(isCarried || isLeftOut);
      const paths = (all: readonly Degradation[]): readonly string[] => all.map(({ path }) => path);
      const [result, ...more] = rig.responses.map(({ outcome }) =>
        outcome.ok ? paths(outcome.degraded) : outcome.failure,
      );
      expect(more).toEqual([]);
      if (isCarried) expect(result).toEqual([]);
      else if (isLeftOut) {
        expect([result, answer.headers.get("bff-degraded")]).toEqual([["options[1].value"], "options[*].value"]);
        expect(text).toContain('{"options":[{"value":{}},{}]}');
      } else {
        expect(result).toMatchObject({ code: Code.Internal, clientCode: Code.Internal });
        expect((result as Failure).message).toMatch(/options\[1\]\.value.*is not in the type registry/);
      }
    }
  });
});

describe.each<[string, Serve]>([
  ["the fast path", fast],
  ["Connect's adapter", adapter],
])("malformed requests, %s", (_, serve) => {
  async function raw(type: string, body: Buffer | undefined, more: Record<string, string> = {}) {
    const rig = await gate({ sources: [sourceOf("user", BEARER)] });
    const { url } = await serve(rig.endpoint);
    const session = http2.connect(url);
    onTestFinished(() => session.destroy());
    await once(session, "remoteSettings");
    const stream = session.request({
      ":method": "POST",
      ":path": GATE_PATH,
      "content-type": type,
      authorization: ANN,
      ...(type.startsWith("application/grpc") && { te: "trailers" }),
      ...more,
    });
    stream.on("error", () => {});
    if (body === undefined) {
      stream.write(Buffer.from([0, 0]));
      await new Promise((resolve) => session.ping(resolve));
      stream.close(http2.constants.NGHTTP2_CANCEL);
    } else {
      stream.end(body);
      stream.resume();
      await once(stream, "close");
    }
    await until(() => rig.responses.length > 0);
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(rig.starts).toHaveLength(1);
    return rig.responses.map(({ outcome }) => (outcome.ok ? 0 : outcome.failure.clientCode));
  }
  const WRONG = Buffer.from([0xff, 0xff, 0xff]);
  test.each<[string, string, Buffer, Code]>([
    ["no JSON", "application/json", Buffer.from("{"), Code.InvalidArgument],
    ["no message", "application/proto", WRONG, Code.InvalidArgument],
    ["no message, by gRPC", "application/grpc", frame(WRONG), Code.InvalidArgument],
    ["no message, by gRPC-Web", "application/grpc-web+proto", frame(WRONG), Code.InvalidArgument],
    ["half a frame", "application/grpc", frame(message("a")).subarray(0, 4), Code.InvalidArgument],
    ["two messages", "application/grpc", Buffer.concat([frame(message("a")), frame(message("b"))]), Code.Unimplemented],
    ["no message at all", "application/grpc", Buffer.alloc(0), Code.Unimplemented],
  ])("%s", async (_name, type, body, code) => {
    expect(await raw(type, body)).toEqual([code]);
  });
  test("a request without remaining time is reported as DeadlineExceeded", async () => {
    const wrong = message("");
    expect(await raw("application/grpc", frame(wrong), { "grpc-timeout": "0n" })).toEqual([Code.DeadlineExceeded]);
  });
  test.each(["application/grpc", "application/proto", "application/json"])(
    "a client that disconnects before its %s message is complete is reported as Canceled",
    async (type) => {
      expect(await raw(type, undefined)).toEqual([Code.Canceled]);
    },
  );
});

test("a client that disconnects during authentication is reported once, whatever the decision", async () => {
  for (const [permit, code] of [
    [undefined, Code.Canceled],
    [{ scopes: ["write"] }, Code.PermissionDenied],
  ] as const) {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const rig = await gate({ sources: [sourceOf("user", BEARER, { released })], permit });
    const { url } = await fast(rig.endpoint);
    const session = http2.connect(url);
    onTestFinished(() => session.destroy());
    await once(session, "remoteSettings");
    const stream = session.request({
      ":method": "POST",
      ":path": GATE_PATH,
      "content-type": "application/grpc",
      te: "trailers",
      authorization: "Bearer user-slow",
    });
    stream.on("error", () => {});
    stream.end(frame(message("a")));
    await new Promise((resolve) => session.ping(resolve));
    stream.close(http2.constants.NGHTTP2_CANCEL);
    await new Promise((resolve) => session.ping(resolve));
    release();
    await until(() => rig.responses.length > 0);
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(rig.responses.map(({ outcome }) => (outcome.ok ? 0 : outcome.failure.clientCode))).toEqual([code]);
    expect(rig.starts).toHaveLength(1);
  }
});

test("a refusal by an early limit is reported between the start and the end of its request, with its trace", async () => {
  const sink = new CollectingSink();
  const tracing = tracingTo(sink, systemClock);
  const counters = new Limits({ clock: systemClock, fault: () => {} });
  const limit = { name: "few", package: "test.v1", rate: 1, per: 3_600_000, burst: 1 };
  const served = endpoint(GateService.method.get, undefined, {
    timeoutMs: 5_000,
    observer: tracing,
    limits: { counters, early: [{ limit, key: () => "all" }], late: [] },
    compose: async () => create(SourceContextSchema),
  });
  for (let i = 0; i < 2; i++) await Promise.resolve(served.authenticate?.(new Headers()));
  await until(() => sink.spans.length > 0);
  expect(sink.spans.map(({ events }) => events.map(({ name, attributes }) => [name, ...attributes]))).toEqual([
    [["bff.limited", ["bff.limit", "test.v1/few"], ["bff.limit.outcome", "exceeded"]]],
  ]);
});
