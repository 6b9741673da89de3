// An rpc that ends says so on every answer, whoever gives it: the rpc, its gate, or the server.
import * as http from "node:http";
import { Code, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import * as grpc from "@grpc/grpc-js";
import type { Version } from "@protobff/runtime/internal/endpoint/version";
import { routes } from "@protobff/runtime/internal/routes/routes";
import { BEARER, GATE_PATH, GateService, gate, sourceOf } from "@protobff/runtime/internal/testing/gate-rig";
import { describe, expect, onTestFinished, test } from "vitest";
import { combinations, listening, ours, type Serve } from "./testing/all-protocols.ts";

const VERSION: Version = {
  headers: [
    ...["deprecation", "@1688169599", "sunset", "Sat, 31 Dec 2050 23:59:59 GMT"],
    ...["link", '</gate.v2.GateService/Get>; rel="successor-version"'],
  ],
  deprecation: { since: "2023-06-30", sunset: "2050-12-31", successor: "gate.v2.GateService/Get" },
};
const HEADERS_SENT = {
  deprecation: "@1688169599",
  sunset: "Sat, 31 Dec 2050 23:59:59 GMT",
  link: '</gate.v2.GateService/Get>; rel="successor-version"',
};
const versionFields = (headers: Headers | undefined): Record<string, string | null> =>
  Object.fromEntries(Object.keys(HEADERS_SENT).map((name) => [name, headers?.get(name) ?? null]));

describe.each(combinations)("$protocol on HTTP/$over, on $server", ({ serve, transport }) => {
  test.each<[string, Record<string, string>, boolean, Code | undefined]>([
    ["an answer", { authorization: "Bearer user-ann" }, false, undefined],
    ["a failure", { authorization: "Bearer user-ann" }, true, Code.FailedPrecondition],
    ["a refusal at the gate", {}, false, Code.Unauthenticated],
    ["a credential that cannot be judged", { authorization: "Bearer user-away" }, false, Code.Unavailable],
  ])("%s", async (_, headers, fails, code) => {
    const { endpoint, responses } = await gate({
      sources: [sourceOf("user", BEARER)],
      version: VERSION,
      compose: async (cx) => {
        if (fails) throw cx.refuse(9, "not now");
      },
    });
    const { url } = await serve(endpoint);
    let responseHeaders: Headers | undefined;
    const asking: Interceptor = (next) => async (request) => {
      for (const [name, value] of Object.entries(headers)) request.header.set(name, value);
      const response = await next(request);
      responseHeaders = response.header;
      return response;
    };
    const answer = createClient(GateService, transport(url, [asking])).get({});
    const error = await answer.then(
      () => undefined,
      (reason: unknown) => ConnectError.from(reason),
    );
    expect(error?.code).toBe(code);
    expect(versionFields(responseHeaders ?? error?.metadata)).toEqual(HEADERS_SENT);
    const known = headers.authorization === "Bearer user-ann";
    expect(responses.map(({ deprecated }) => deprecated)).toEqual([
      {
        ...VERSION.deprecation,
        ...(known && { source: "user", issuer: "tests", subject: "ann", id: "id-ann" }),
      },
    ]);
  });
});

const servers: readonly [string, Serve][] = [
  ["the fast path", (endpoint, options) => ours([endpoint], options)],
  [
    "Connect's adapter",
    ({ method, route, version, http }, options) => ours([{ method, route, version, http }], options),
  ],
];
describe.each(servers)("on %s", (_, serve) => {
  const versioned = () => gate({ sources: [sourceOf("user", BEARER)], permit: { public: true }, version: VERSION });

  test.each<[string, number, RequestInit]>([
    ["a message that makes no sense", 400, { method: "POST", body: "{" }],
    ["a method that is not allowed", 405, { method: "PUT", body: "{}" }],
    ["a type that is not known", 415, { method: "POST", body: "{}", headers: { "content-type": "text/plain" } }],
    ["a timeout that makes no sense", 400, { method: "POST", body: "{}", headers: { "connect-timeout-ms": "soon" } }],
    ["a message that is too large", 429, { method: "POST", body: JSON.stringify({ fileName: "x".repeat(2_000) }) }],
  ])("%s: %i", async (_, status, init) => {
    const { endpoint } = await versioned();
    const { url } = await serve(endpoint, { maxRequestBytes: 1_000 });
    const headers = { "content-type": "application/json", ...init.headers };
    const answer = await fetch(`${url}${GATE_PATH}`, { ...init, headers });
    await answer.arrayBuffer();
    expect(answer.status).toBe(status);
    expect(versionFields(answer.headers)).toEqual(HEADERS_SENT);
  });
  test.each([
    ["is not base64", "?connect=v1&encoding=json&base64=1&message=!!"],
    ["makes no sense", "?connect=v1&encoding=json&message=%7B"],
  ])("a GET whose message %s", async (_, query) => {
    const { endpoint } = await versioned();
    const answer = await fetch(`${(await serve(endpoint)).url}${GATE_PATH}${query}`);
    await answer.arrayBuffer();
    expect(answer.status).toBe(400);
    expect(versionFields(answer.headers)).toEqual(HEADERS_SENT);
  });
  test("malformed gRPC by grpc-js has the headers", async () => {
    const { endpoint } = await versioned();
    const url = new URL((await serve(endpoint)).url);
    const client = new grpc.Client(url.host, grpc.credentials.createInsecure());
    onTestFinished(() => client.close());
    const metadata = new grpc.Metadata();
    const ended = Promise.withResolvers<grpc.ServiceError | null>();
    client
      .makeUnaryRequest(
        GATE_PATH,
        () => Buffer.from([0xff]),
        (bytes) => bytes,
        {},
        (error) => ended.resolve(error),
      )
      .on("metadata", (headers) => metadata.merge(headers));
    const error = await ended.promise;
    expect(error?.code).toBe(grpc.status.INVALID_ARGUMENT);
    // The headers of an answer that is only trailers are the error's metadata.
    metadata.merge(error?.metadata ?? new grpc.Metadata());
    expect(metadata.getMap()).toMatchObject(HEADERS_SENT);
  });
  test("a GET answered without a body, or from a cache, has the headers", async () => {
    const rig = await gate({
      sources: [sourceOf("user", BEARER)],
      version: VERSION,
      http: { maxAgeMs: 1_000, vary: [] },
      cache: { ttlMs: 60_000, plan: "1", principal: "whole" },
    });
    const { url } = await serve(rig.endpoint);
    const get = async (headers: Record<string, string> = {}) => {
      const authorization = "Bearer user-ann";
      const path = `${GATE_PATH}?connect=v1&encoding=json&message=%7B%7D`;
      const answer = await fetch(url + path, { headers: { authorization, ...headers } });
      await answer.arrayBuffer();
      return answer;
    };
    const first = await get();
    const again = await get({ "if-none-match": first.headers.get("etag") ?? "" });
    expect([first.status, again.status, rig.seen.length]).toEqual([200, 304, 1]);
    for (const { headers } of [first, again]) expect(versionFields(headers)).toEqual(HEADERS_SENT);
    expect(rig.responses.map(({ deprecated }) => deprecated?.subject)).toEqual(["ann", "ann"]);
  });
  test("scripts of other origins may read the headers, and a current RPC has none", async () => {
    const { endpoint } = await versioned();
    const { url } = await serve(endpoint, { corsOrigins: ["https://app.example"] });
    const headers = { "content-type": "application/json", origin: "https://app.example" };
    const answer = await fetch(`${url}${GATE_PATH}`, { method: "POST", body: "{}", headers });
    expect(versionFields(answer.headers)).toEqual(HEADERS_SENT);
    expect(answer.headers.get("vary")).toBe("origin");
    const exposed = answer.headers.get("access-control-expose-headers")?.split(", ");
    expect(exposed).toEqual(expect.arrayContaining(Object.keys(HEADERS_SENT)));
    const stays = await gate({ sources: [], permit: { public: true } });
    const other = await fetch(`${(await serve(stays.endpoint)).url}${GATE_PATH}`, {
      method: "POST",
      body: "{}",
      headers,
    });
    expect(versionFields(other.headers)).toEqual({ deprecation: null, sunset: null, link: null });
    expect(stays.responses.map(({ deprecated }) => deprecated)).toEqual([undefined]);
  });
});

test("a custom server sends the headers with messages that it does not read", async () => {
  const { endpoint } = await gate({ sources: [], permit: { public: true }, version: VERSION });
  const { url } = await listening(
    http.createServer(connectNodeAdapter({ routes: routes([endpoint], { maxElements: 2 }) })),
  );
  const query = "connect=v1&encoding=json&message=%7B%22a%22:[1,2,3]%7D";
  const answer = await fetch(`${url}${GATE_PATH}?${query}`);
  await answer.arrayBuffer();
  expect(answer.status).toBe(400);
  expect(versionFields(answer.headers)).toEqual(HEADERS_SENT);
});
