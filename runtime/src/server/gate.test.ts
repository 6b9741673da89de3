import { once } from "node:events";
import * as http from "node:http";
import * as http2 from "node:http2";
import * as net from "node:net";
import { create, toBinary } from "@bufbuild/protobuf";
import { SourceContextSchema } from "@bufbuild/protobuf/wkt";
import { Code, createClient, type Interceptor } from "@connectrpc/connect";
import * as grpc from "@grpc/grpc-js";
import { describe, expect, onTestFinished, test } from "vitest";
import { adapter, combinations, fast, ours, type Served } from "../testing/all-protocols.ts";
import { BEARER, GATE_PATH, type GateOptions, GateService, gate, type Seen, sourceOf } from "../testing/gate-rig.ts";
import { frame } from "../wire/frame.ts";

const KEY = { kind: "header", name: "x-api-key", scheme: undefined } as const;
const SOURCES = [
  sourceOf("user", BEARER),
  sourceOf("robot", BEARER),
  sourceOf("key", KEY),
  sourceOf("browser", { kind: "cookie", name: "sid" }),
];

describe.each(combinations)("$protocol on HTTP/$over, on $server", ({ serve, transport }) => {
  async function asking(options: Partial<GateOptions>, headers: Record<string, string>, fileName = "") {
    const rig = await gate({ sources: SOURCES, ...options });
    const { url } = await serve(rig.endpoint);
    const told: { header?: Headers; trailer?: Headers } = {};
    const withHeaders: Interceptor = (next) => async (request) => {
      for (const [name, value] of Object.entries(headers)) request.header.set(name, value);
      const response = await next(request);
      Object.assign(told, { header: response.header });
      return response;
    };
    const client = createClient(GateService, transport(url, [withHeaders]));
    return { ...rig, told, answer: client.get({ fileName }) };
  }
  const seenBy = async (answer: Promise<{ fileName: string }>): Promise<Seen> => JSON.parse((await answer).fileName);

  test("who presents a credential is known, and nobody finds it", async () => {
    const headers = { authorization: "Bearer user-ann", "x-principal-bin": "AAAA", "x-request-id": "7" };
    const { answer, responses } = await asking({}, headers, "authorization,cookie,x-principal-bin,x-request-id");
    expect(await seenBy(answer)).toEqual({
      subject: "ann",
      source: "user",
      address: expect.any(String),
      headers: { authorization: null, cookie: null, "x-principal-bin": null, "x-request-id": "7" },
    });
    expect(["authorization", "x-request-id"].map((name) => responses[0]?.header(name))).toEqual(["", "7"]);
  });

  test.each<[string, Record<string, string>, string]>([
    ["none", {}, "no credential"],
    ["a bad one", { authorization: "bearer user-bad" }, "user: proves nothing"],
    ["another scheme", { authorization: "Basic dXNlcjphbm4=" }, "a credential that no source takes for its own"],
    ["nobody's", { authorization: "Bearer other-ann" }, "a credential that no source takes for its own"],
    ["two", { authorization: "Bearer user-ann", "x-api-key": "key-k" }, "credentials for several sources"],
    ["a cookie from any page", { cookie: "sid=browser-ann" }, "no credential"],
    ["a cookie from another origin", { cookie: "sid=browser-ann", "sec-fetch-site": "same-site" }, "no credential"],
    ["a cookie and a header that is not 1", { cookie: "sid=browser-ann", "x-csrf": "true" }, "no credential"],
    ["the same cookie twice", { cookie: "sid=browser-ann; sid=browser-eve", "x-csrf": "1" }, "several cookies sid"],
  ])("UNAUTHENTICATED for %s, and nothing is composed", async (_, headers, reason) => {
    const { answer, seen, audited, responses } = await asking({}, headers);
    await expect(answer).rejects.toMatchObject({ code: Code.Unauthenticated, rawMessage: "unauthenticated" });
    expect(seen).toEqual([]);
    expect(audited).toMatchObject([{ event: "unauthenticated", method: GATE_PATH.slice(1), reason }]);
    expect(responses.map(({ outcome }) => outcome.ok)).toEqual([false]);
    for (const name of Object.keys(headers).filter((one) => !/^(x-csrf|sec-)/.test(one)))
      expect(responses[0]?.header(name)).toBe("");
  });

  test.each([{ "x-csrf": "1" }, { "sec-fetch-site": "same-origin" }])("a cookie counts with %j", async (proof) => {
    const cookie = 'other=1; sid="browser-ann"; sidx=browser-eve';
    const { answer } = await asking({}, { cookie, ...proof }, "cookie");
    expect(await seenBy(answer)).toMatchObject({ subject: "ann", source: "browser", headers: { cookie: null } });
  });

  test.each<[string, GateOptions["permit"], string]>([
    ["source", { sources: ["key", "browser"] }, "not from this source"],
    ["scope", { scopes: ["read", "write"] }, "a scope is missing"],
    ["role", { roles: [["admin", "owner"], ["staff"]] }, "a role is missing"],
  ])("PERMISSION_DENIED for want of a %s", async (_, permit, reason) => {
    const { answer, seen, audited } = await asking({ permit }, { authorization: "Bearer user-ann+read@admin" });
    await expect(answer).rejects.toMatchObject({ code: Code.PermissionDenied, rawMessage: "permission denied" });
    expect(seen).toEqual([]);
    expect(audited).toMatchObject([{ event: "denied", subject: "ann", source: "user", id: "id-ann", reason }]);
    expect(JSON.stringify(audited)).not.toContain("+read");
  });
  test("who has them is let in", async () => {
    const permit = { sources: ["user"], scopes: ["read"], roles: [["admin", "owner"], ["staff"]] };
    const { answer } = await asking({ permit }, { authorization: "Bearer user-ann+read,write@staff,owner" });
    expect(await seenBy(answer)).toMatchObject({ subject: "ann" });
  });

  test("a public rpc answers nobody, and refuses a bad credential", async () => {
    const nobody = await asking({ permit: { public: true } }, {});
    expect(await seenBy(nobody.answer)).toMatchObject({ headers: {} });
    const bad = await asking({ permit: { public: true } }, { authorization: "Bearer user-bad" });
    await expect(bad.answer).rejects.toMatchObject({ code: Code.Unauthenticated });
  });

  test("UNAVAILABLE where it cannot be judged, also on a public rpc", async () => {
    const headers = { authorization: "Bearer user-away" };
    const { answer, seen, audited } = await asking({ permit: { public: true } }, headers);
    const error = { code: Code.Unavailable, rawMessage: "cannot judge credentials now" };
    await expect(answer).rejects.toMatchObject(error);
    expect(seen).toEqual([]);
    expect(audited).toMatchObject([{ event: "unjudged", reason: "user: the keys are away" }]);
  });

  test("a session that has ended is nobody's, and its cookie is taken back", async () => {
    const headers = { cookie: "sid=browser-ended", "x-csrf": "1" };
    const taken = "sid=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax";
    const refused = await asking({}, headers);
    const error: unknown = await refused.answer.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: Code.Unauthenticated });
    const open = await asking({ permit: { public: true } }, headers);
    expect((await seenBy(open.answer)).subject).toBeUndefined();
    expect(open.told.header?.get("set-cookie")).toBe(taken);
    expect((error as { metadata: Headers }).metadata.get("set-cookie")).toBe(taken);
  });

  test("the permit's own judge is asked with the message, and before anything is composed", async () => {
    const permit: GateOptions["permit"] = {
      judge: (cx, { fileName }) => {
        if (cx.principal.subject !== fileName) throw cx.refuse(7, "not yours");
      },
    };
    const headers = { authorization: "Bearer user-ann" };
    const others = await asking({ permit }, headers, "eve");
    await expect(others.answer).rejects.toMatchObject({ code: Code.PermissionDenied, rawMessage: "not yours" });
    expect(others.seen).toEqual([]);
    expect(others.audited).toMatchObject([{ event: "denied", subject: "ann", reason: "not yours" }]);
    const mine = await asking({ permit }, headers, "ann");
    expect(await seenBy(mine.answer)).toMatchObject({ subject: "ann" });
    expect(mine.audited).toEqual([]);
  });
  test("a judge that has to ask refuses as well", async () => {
    const permit: GateOptions["permit"] = {
      judge: async (cx) => {
        await new Promise(setImmediate);
        throw cx.refuse(7);
      },
    };
    const { answer, seen } = await asking({ permit }, { authorization: "Bearer user-ann" });
    await expect(answer).rejects.toMatchObject({ code: Code.PermissionDenied, rawMessage: "permission denied" });
    expect(seen).toEqual([]);
  });
  test("a judge that breaks lets nobody in", async () => {
    const permit: GateOptions["permit"] = {
      judge: () => {
        throw new TypeError("secret");
      },
    };
    const { answer, seen } = await asking({ permit }, { authorization: "Bearer user-ann" });
    await expect(answer).rejects.toMatchObject({ code: Code.PermissionDenied, rawMessage: "permission denied" });
    expect(seen).toEqual([]);
  });
});

const bytes = (fileName: string): Buffer =>
  Buffer.from(toBinary(SourceContextSchema, create(SourceContextSchema, { fileName })));

async function askH2(
  { url }: Served,
  headers: http2.OutgoingHttpHeaders | string[],
  body: Uint8Array | string,
): Promise<{ headers: http2.IncomingHttpHeaders; body: string; status: string }> {
  const session = http2.connect(url, { strictSingleValueFields: false } as http2.ClientSessionOptions); // node's types lag
  try {
    const stream = session.request(headers as http2.OutgoingHttpHeaders);
    let trailers: http2.IncomingHttpHeaders = {};
    stream.on("trailers", (given) => {
      trailers = given;
    });
    if (!stream.writableEnded) stream.end(body);
    const [given] = (await once(stream, "response")) as [http2.IncomingHttpHeaders];
    const chunks: Buffer[] = await stream.toArray();
    const status = String(trailers["grpc-status"] ?? given["grpc-status"] ?? given[":status"]);
    return { headers: given, body: Buffer.concat(chunks).toString(), status };
  } finally {
    session.destroy();
  }
}
/** The status line and body of what a connection answers. */
async function askRaw({ port }: Served, text: string): Promise<string> {
  const socket = net.connect(port, "127.0.0.1");
  socket.write(text);
  const chunks: Buffer[] = await socket.toArray();
  return Buffer.concat(chunks).toString("latin1");
}
const post = (headers: readonly string[], body = "{}"): string =>
  [`POST ${GATE_PATH} HTTP/1.1`, "Host: a", "Content-Type: application/json", "Connection: close", ...headers]
    .concat(`Content-Length: ${body.length}`, "", body)
    .join("\r\n");

describe.each([
  ["the fast path", fast],
  ["Connect's adapter", adapter],
])("raw requests, on %s", (_, serve) => {
  test.each([
    ["twice", ["Authorization: Bearer user-ann", "Authorization: Bearer user-ann"], "several headers authorization"],
    ["twice, in two cases", ["authorization: Bearer user-ann", "AUTHORIZATION: x"], "several headers authorization"],
    ["twice, once empty", ["Authorization:", "Authorization: Bearer user-ann"], "several headers authorization"],
    ["of a key twice", ["X-Api-Key: key-a", "x-api-key: key-b"], "several headers x-api-key"],
  ])("HTTP/1.1: a header %s", async (_, headers, reason) => {
    const rig = await gate({ sources: SOURCES });
    const answer = await askRaw(await serve(rig.endpoint), post(headers));
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(answer).toContain('{"code":"unauthenticated","message":"unauthenticated"}');
    expect(rig.audited).toMatchObject([{ reason, address: "127.0.0.1" }]);
  });
  test("HTTP/1.1: an empty header is none", async () => {
    const rig = await gate({ sources: SOURCES });
    const answer = await askRaw(await serve(rig.endpoint), post(["Authorization:", "X-Api-Key: key-a"]));
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(rig.seen).toMatchObject([{ subject: "a" }]);
  });
  test("HTTP/1.1: cookies in several headers are read as one", async () => {
    const rig = await gate({ sources: SOURCES });
    const served = await serve(rig.endpoint);
    const cookies = ["Cookie: a=1", "Cookie: sid=browser-ann"];
    expect(await askRaw(served, post([...cookies, "X-Csrf: 1"]))).toMatch(/^HTTP\/1\.1 200 /);
    expect(await askRaw(served, post([...cookies, "Cookie: sid=browser-ann", "X-Csrf: 1"]))).toMatch(
      /^HTTP\/1\.1 401 /,
    );
    // joined by node, two are not "1"
    expect(await askRaw(served, post([...cookies, "X-Csrf: 1", "X-Csrf: 1"]))).toMatch(/^HTTP\/1\.1 401 /);
  });

  test("HTTP/2: a header twice", async () => {
    const rig = await gate({ sources: SOURCES });
    const served = await serve(rig.endpoint);
    const all = (name: string, values: readonly string[]) => ({
      ":method": "POST",
      ":path": GATE_PATH,
      "content-type": "application/grpc",
      te: "trailers",
      [name]: values,
    });
    const body = frame(bytes(""));
    expect((await askH2(served, raw(all("x-api-key", ["key-a", "key-a"])), body)).status).toBe("16");
    expect((await askH2(served, raw(all("authorization", ["Bearer user-a", "Bearer user-a"])), body)).status).toBe(
      "16",
    );
    expect((await askH2(served, raw(all("x-api-key", ["key-a"])), body)).status).toBe("0");
    expect(rig.audited.map(({ reason }) => reason)).toEqual([
      "several headers x-api-key",
      "several headers authorization",
    ]);
  });
  test("HTTP/2: cookies may come one by one (RFC 9113, 8.2.3)", async () => {
    const rig = await gate({ sources: SOURCES });
    const served = await serve(rig.endpoint);
    const headers = { ":method": "POST", ":path": GATE_PATH, "content-type": "application/json", "x-csrf": "1" };
    await askH2(served, { ...headers, cookie: ["a=1", "sid=browser-ann"] }, "{}");
    expect(rig.seen).toMatchObject([{ subject: "ann" }]);
    expect((await askH2(served, { ...headers, cookie: ["sid=browser-a", "sid=browser-b"] }, "{}")).status).toBe("401");
  });

  test.each<[string, Record<string, string>, string | Uint8Array]>([
    ["JSON that makes no sense", { "content-type": "application/json" }, "{"],
    ["binary that makes no sense", { "content-type": "application/proto" }, Buffer.from([0xff])],
    ["gRPC that makes no sense", { "content-type": "application/grpc", te: "trailers" }, frame(Buffer.from([0xff]))],
  ])("%s is not read for who may not call", async (_, headers, body) => {
    const rig = await gate({ sources: SOURCES });
    const served = await serve(rig.endpoint);
    const all = { ":method": "POST", ":path": GATE_PATH, ...headers };
    const refused = await askH2(served, all, body);
    expect(["16", "401"]).toContain(refused.status);
    const read = await askH2(served, { ...all, authorization: "Bearer user-ann" }, body);
    expect(["3", "400"]).toContain(read.status);
    expect(rig.seen).toEqual([]);
  });

  test("a large body of who may not call is read, and the connection goes on", async () => {
    const rig = await gate({ sources: SOURCES });
    const { port } = await serve(rig.endpoint);
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    const ask = async (body: string, headers: http.OutgoingHttpHeaders = {}): Promise<number | undefined> => {
      const all = { "content-type": "application/json", ...headers };
      const request = http.request({ port, host: "127.0.0.1", method: "POST", path: GATE_PATH, headers: all, agent });
      request.end(body);
      const [response] = (await once(request, "response")) as [http.IncomingMessage];
      response.resume();
      await once(response, "end");
      return response.statusCode;
    };
    const large = JSON.stringify({ fileName: "x".repeat(1_000_000) });
    expect(await ask(large)).toBe(401);
    expect(await ask("{}", { "x-api-key": "key-a" })).toBe(200);
    expect(await ask("{", {})).toBe(401);
  });
  test("a body that is too large is refused with RESOURCE_EXHAUSTED or UNAUTHENTICATED, and a normal client is served", async () => {
    const rig = await gate({ sources: SOURCES });
    const served = await serve(rig.endpoint, { maxRequestBytes: 1000 });
    const answer = await askRaw(served, post([], JSON.stringify({ fileName: "x".repeat(5000) })));
    expect(answer).toMatch(/^HTTP\/1\.1 (401|429) /);
    expect(await askRaw(served, post(["X-Api-Key: key-a"]))).toMatch(/^HTTP\/1\.1 200 /);
    expect(rig.seen).toHaveLength(1);
  });
});

/** As node takes headers that it would join otherwise. */
function raw(headers: Record<string, string | readonly string[]>): string[] {
  return Object.entries(headers).flatMap(([name, value]) => [value].flat().flatMap((one) => [name, one]));
}

describe.each([
  ["the fast path", fast],
  ["Connect's adapter", adapter],
])("judging that has to ask, on %s", (_, serve) => {
  async function slow(options: Partial<GateOptions> = {}) {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const asked: Promise<void>[] = [];
    const tells: (() => void)[] = [];
    for (let i = 0; i < 3; i++) {
      const { promise, resolve } = Promise.withResolvers<void>();
      asked.push(promise);
      tells.push(resolve);
    }
    const source = sourceOf("user", BEARER, { released });
    const telling: typeof source = {
      ...source,
      open: async (parts) => {
        const opened = await source.open(parts);
        return {
          ...opened,
          verify: (credential, incoming) => {
            tells.shift()?.();
            return opened.verify(credential, incoming);
          },
        };
      },
    };
    const rig = await gate({ sources: [telling], ...options });
    return { ...rig, release, asked, served: await serve(rig.endpoint) };
  }
  const headers = { ":method": "POST", ":path": GATE_PATH, authorization: "Bearer user-slow" };
  const asGrpc = { ...headers, "content-type": "application/grpc", te: "trailers" };

  test("waits", async () => {
    const { served, release, seen, asked } = await slow();
    const answer = askH2(served, asGrpc, frame(bytes("")));
    await asked[0];
    release();
    expect((await answer).status).toBe("0");
    expect(seen).toMatchObject([{ subject: "slow" }]);
  });
  test("nothing begins for a client that has reset its stream", async () => {
    const { served, release, seen, asked } = await slow();
    const session = http2.connect(served.url);
    onTestFinished(() => session.destroy());
    const stream = session.request(asGrpc);
    stream.on("error", () => {});
    stream.end(frame(bytes("")));
    await asked[0];
    stream.close(http2.constants.NGHTTP2_CANCEL);
    await once(stream, "close");
    // The server knows when it answers what was sent after.
    await new Promise((resolve) => session.ping(resolve));
    release();
    const { status } = await askH2(served, { ...asGrpc, authorization: "Bearer user-ann" }, frame(bytes("")));
    expect(status).toBe("0");
    expect(seen).toMatchObject([{ subject: "ann" }]);
  });
  test("nothing begins for a GET that has been reset", async () => {
    const { served, release, seen, asked } = await slow();
    const session = http2.connect(served.url);
    onTestFinished(() => session.destroy());
    const path = `${GATE_PATH}?connect=v1&encoding=json&message=%7B%7D`;
    const stream = session.request({ ...headers, ":method": "GET", ":path": path });
    stream.on("error", () => {});
    await asked[0];
    stream.close(http2.constants.NGHTTP2_CANCEL);
    await once(stream, "close");
    await new Promise((resolve) => session.ping(resolve));
    release();
    await askH2(served, { ...asGrpc, authorization: "Bearer user-ann" }, frame(bytes("")));
    expect(seen).toMatchObject([{ subject: "ann" }]);
  });
  test("nothing begins for a client of HTTP/1.1 that has gone", async () => {
    const { served, release, seen, asked } = await slow();
    const socket = net.connect(served.port, "127.0.0.1");
    socket.write(post(["Authorization: Bearer user-slow"]));
    await asked[0];
    socket.destroy();
    await once(socket, "close");
    await askRaw(served, post(["Authorization: Bearer user-eve"]));
    release();
    await new Promise(setImmediate);
    expect(seen).toMatchObject([{ subject: "eve" }]);
  });
  test("nothing begins when the client's deadline passes meanwhile", async () => {
    const { served, release, seen, asked } = await slow();
    const answer = askH2(served, { ...asGrpc, "grpc-timeout": "30m" }, frame(bytes("")));
    const json = { ...headers, "content-type": "application/json", "connect-timeout-ms": "30" };
    const other = askH2(served, json, "{}");
    await Promise.all(asked.slice(0, 2));
    await new Promise((resolve) => setTimeout(resolve, 40)); // theirs have begun before
    release();
    expect((await answer).status).toBe("4");
    expect((await other).status).toBe("504");
    expect(seen).toEqual([]);
  });
  test("nothing begins when the deadline of a GET passes meanwhile", async () => {
    const { served, release, seen, asked } = await slow();
    const path = `${GATE_PATH}?connect=v1&encoding=json&message=%7B%7D`;
    const get = { ...headers, ":method": "GET", ":path": path, "connect-timeout-ms": "30" };
    const answer = askH2(served, get, "");
    await asked[0];
    await new Promise((resolve) => setTimeout(resolve, 40)); // it has begun before
    release();
    expect((await answer).status).toBe("504");
    expect(seen).toEqual([]);
  });
  test("UNAVAILABLE when it takes longer than the rpc may", async () => {
    const { served, seen, audited } = await slow({ timeoutMs: 30 });
    expect((await askH2(served, asGrpc, frame(bytes("")))).status).toBe("14");
    expect(seen).toEqual([]);
    expect(audited).toMatchObject([{ event: "unjudged", reason: "judging the credential has taken too long" }]);
  });
});

const unreachable = (): never => expect.unreachable();
describe("the permit's own judge", () => {
  const ask = (rig: Awaited<ReturnType<typeof gate>>, ended: (thing: unknown) => void) => {
    const headers = { get: (name: string) => (name === "authorization" ? "Bearer user-ann" : null) };
    return rig.endpoint.run(create(SourceContextSchema), headers, undefined, ended, ended);
  };
  test("has refused, though it goes on", async () => {
    const permit: GateOptions["permit"] = { judge: (cx) => void cx.refuse(7) };
    const rig = await gate({ sources: SOURCES, permit });
    expect(await new Promise((resolve) => ask(rig, resolve))).toMatchObject({ clientCode: 7 });
    await new Promise(setImmediate);
    expect(rig.seen).toEqual([]);
  });
  test("waits: nothing is composed when the client has gone meanwhile", async () => {
    const { promise, resolve: decide } = Promise.withResolvers<void>();
    const rig = await gate({ sources: SOURCES, permit: { judge: () => promise } });
    const answering = ask(rig, unreachable);
    answering.cancel();
    decide();
    await new Promise(setImmediate);
    expect(rig.seen).toEqual([]);
    expect(rig.responses).toMatchObject([{ outcome: { ok: false, failure: { code: 1 } } }]);
  });
});

test("a request that nobody has judged is judged by its endpoint, and begins nothing when it is cancelled meanwhile", async () => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const rig = await gate({ sources: [sourceOf("user", BEARER, { released })] });
  const headers = { get: (name: string) => (name === "authorization" ? "Bearer user-slow" : null) };
  const run = (ended: (thing: unknown) => void) =>
    rig.endpoint.run(create(SourceContextSchema), headers, undefined, ended, ended);
  run(unreachable).cancel();
  const answer = new Promise((resolve) => run(resolve));
  release();
  await answer;
  expect(rig.seen).toHaveLength(1);
});

test("a client's deadline ends a request whose judging hangs", async () => {
  const never = new Promise<void>(() => {});
  const rig = await gate({ sources: [sourceOf("user", BEARER, { released: never })] });
  const headers = { ":method": "POST", ":path": GATE_PATH, authorization: "Bearer user-slow", "grpc-timeout": "20m" };
  const asked = { ...headers, "content-type": "application/grpc", te: "trailers" };
  expect((await askH2(await fast(rig.endpoint), asked, frame(bytes("")))).status).toBe("4");
});

test("resolvers get the principal, and find no credential", async () => {
  const given: unknown[] = [];
  const rig = await gate({
    sources: SOURCES,
    compose: async (cx) => {
      const run = ({ headers, principal }: { headers: { get(name: string): string | null }; principal: unknown }) => {
        given.push(principal, headers.get("Authorization"), headers.get("X-Request-Id"));
        return "value";
      };
      await cx.resolve({ name: "gate.v1.Value", run, args: {}, steps: {}, clients: () => ({}) });
    },
  });
  const served = await fast(rig.endpoint);
  const answer = await askRaw(served, post(["Authorization: Bearer user-ann", "X-Request-Id: 7"]));
  expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  expect(given).toEqual([expect.objectContaining({ subject: "ann" }), null, "7"]);
});

test.each([
  ["the fast path", true],
  ["Connect's adapter", false],
])("a package without an identity knows where requests come from, on %s", async (_, isFast) => {
  const { endpoint } = await import("../compose/endpoint.ts");
  const { method, route, run } = endpoint(GateService.method.get, undefined, {
    timeoutMs: 1000,
    compose: async (cx) => create(SourceContextSchema, { fileName: cx.peer.address }),
  });
  const served = await ours([isFast ? { method, route, run } : { method, route }], { trustedProxies: ["127.0.0.1"] });
  expect(await askRaw(served, post(["X-Forwarded-For: 198.51.100.1"]))).toContain('{"fileName":"198.51.100.1"}');
});

test("grpc-js: answers, refusals and what is beside them", async () => {
  const rig = await gate({ sources: SOURCES, permit: { scopes: ["read"] } });
  const { port } = await fast(rig.endpoint);
  const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  onTestFinished(() => client.close());
  const call = (headers: Record<string, string>): Promise<grpc.ServiceError | null> =>
    new Promise((resolve) => {
      const metadata = new grpc.Metadata();
      for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
      const serialize = (value: Buffer): Buffer => value;
      client.makeUnaryRequest(GATE_PATH, serialize, serialize, bytes(""), metadata, (error) => resolve(error));
    });
  expect(await call({ authorization: "Bearer user-ann+read" })).toBeNull();
  expect(await call({})).toMatchObject({ code: grpc.status.UNAUTHENTICATED, details: "unauthenticated" });
  expect(await call({ authorization: "Bearer user-ann" })).toMatchObject({
    code: grpc.status.PERMISSION_DENIED,
    details: "permission denied",
  });
});

test("a request that has been judged for one rpc is not let into another by that", async () => {
  const { endpoint } = await gate({ sources: SOURCES, permit: { scopes: ["read"] } });
  const open = await gate({ sources: SOURCES });
  const judged = await open.endpoint.judge?.({ get: (name) => (name === "authorization" ? "Bearer user-ann" : null) });
  const failure = await new Promise<unknown>((resolve) => {
    endpoint.run(create(SourceContextSchema), judged as never, undefined, resolve, resolve);
  });
  expect(failure).toMatchObject({ clientCode: Code.PermissionDenied });
});

test("a permit without an identity is refused when the endpoint is made", async () => {
  const { endpoint } = await import("../compose/endpoint.ts");
  const options = { timeoutMs: 1, permit: {}, compose: async () => create(SourceContextSchema) };
  expect(() => endpoint(GateService.method.get, undefined, options)).toThrow("has a permit, and no identity");
});
