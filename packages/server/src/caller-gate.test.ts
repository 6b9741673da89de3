// Holds docs/runtime.md#callers
import { create } from "@bufbuild/protobuf";
import { SourceContextSchema } from "@bufbuild/protobuf/wkt";
import { Code, createClient, type Interceptor } from "@connectrpc/connect";
import * as grpc from "@grpc/grpc-js";
import {
  BEARER,
  GATE_PATH,
  type GateOptions,
  GateService,
  gate,
  type Seen,
  sourceOf,
} from "@protobff/runtime/internal/testing/gate-rig";
import { describe, expect, onTestFinished, test } from "vitest";
import { combinations, fast, ours } from "./testing/all-protocols.ts";
import { bytes, post, SOURCES, sendRaw } from "./testing/gate-requests.ts";

describe.each(combinations)("$protocol on HTTP/$over, on $server", ({ serve, transport }) => {
  async function asking(options: Partial<GateOptions>, headers: Record<string, string>, fileName = "") {
    const rig = await gate({ sources: SOURCES, ...options });
    const { url } = await serve(rig.endpoint);
    const metadata: { header?: Headers; trailer?: Headers } = {};
    const withHeaders: Interceptor = (next) => async (request) => {
      for (const [name, value] of Object.entries(headers)) request.header.set(name, value);
      const response = await next(request);
      Object.assign(metadata, { header: response.header });
      return response;
    };
    const client = createClient(GateService, transport(url, [withHeaders]));
    return { ...rig, metadata: metadata, answer: client.get({ fileName }) };
  }
  const seenBy = async (answer: Promise<{ fileName: string }>): Promise<Seen> => JSON.parse((await answer).fileName);

  test("a credential identifies the caller, and is not readable", async () => {
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
  ])("%s results in UNAUTHENTICATED, and nothing is composed", async (_, headers, reason) => {
    const { answer, seen, audited, responses } = await asking({}, headers);
    await expect(answer).rejects.toMatchObject({ code: Code.Unauthenticated, rawMessage: "unauthenticated" });
    expect(seen).toEqual([]);
    expect(audited).toMatchObject([{ event: "unauthenticated", method: GATE_PATH.slice(1), reason }]);
    expect(responses.map(({ outcome }) => outcome.ok)).toEqual([false]);
    for (const name of Object.keys(headers).filter((key) => !/^(x-csrf|sec-)/.test(key)))
      expect(responses[0]?.header(name)).toBe("");
  });

  test.each([{ "x-csrf": "1" }, { "sec-fetch-site": "same-origin" }])("a cookie is accepted with %j", async (proof) => {
    const cookie = 'other=1; sid="browser-ann"; sidx=browser-eve';
    const { answer } = await asking({}, { cookie, ...proof }, "cookie");
    expect(await seenBy(answer)).toMatchObject({ subject: "ann", source: "browser", headers: { cookie: null } });
  });

  test.each<[string, GateOptions["permit"], string]>([
    ["source", { sources: ["key", "browser"] }, "not from this source"],
    ["scope", { scopes: ["read", "write"] }, "a scope is missing"],
    ["role", { roles: [["admin", "owner"], ["staff"]] }, "a role is missing"],
  ])("a missing %s results in PERMISSION_DENIED", async (_, permit, reason) => {
    const { answer, seen, audited } = await asking({ permit }, { authorization: "Bearer user-ann+read@admin" });
    await expect(answer).rejects.toMatchObject({ code: Code.PermissionDenied, rawMessage: "permission denied" });
    expect(seen).toEqual([]);
    expect(audited).toMatchObject([{ event: "denied", subject: "ann", source: "user", id: "id-ann", reason }]);
    expect(JSON.stringify(audited)).not.toContain("+read");
  });
  test("a caller with all required claims is admitted", async () => {
    const permit = { sources: ["user"], scopes: ["read"], roles: [["admin", "owner"], ["staff"]] };
    const { answer } = await asking({ permit }, { authorization: "Bearer user-ann+read,write@staff,owner" });
    expect(await seenBy(answer)).toMatchObject({ subject: "ann" });
  });

  test("a public RPC serves anonymous callers, and refuses a bad credential", async () => {
    const nobody = await asking({ permit: { public: true } }, {});
    expect(await seenBy(nobody.answer)).toMatchObject({ headers: {} });
    const bad = await asking({ permit: { public: true } }, { authorization: "Bearer user-bad" });
    await expect(bad.answer).rejects.toMatchObject({ code: Code.Unauthenticated });
  });

  test("a credential that cannot be checked results in UNAVAILABLE, even on a public RPC", async () => {
    const headers = { authorization: "Bearer user-away" };
    const { answer, seen, audited } = await asking({ permit: { public: true } }, headers);
    const error = { code: Code.Unavailable, rawMessage: "cannot check credentials now" };
    await expect(answer).rejects.toMatchObject(error);
    expect(seen).toEqual([]);
    expect(audited).toMatchObject([{ event: "unavailable", reason: "user: the keys are away" }]);
  });

  test("an ended session is refused, and its cookie is deleted", async () => {
    const headers = { cookie: "sid=browser-ended", "x-csrf": "1" };
    const taken = "sid=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax";
    const refused = await asking({}, headers);
    const error: unknown = await refused.answer.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: Code.Unauthenticated });
    const open = await asking({ permit: { public: true } }, headers);
    expect((await seenBy(open.answer)).subject).toBeUndefined();
    expect(open.metadata.header?.get("set-cookie")).toBe(taken);
    expect((error as { metadata: Headers }).metadata.get("set-cookie")).toBe(taken);
  });

  test("the permit's check receives the message, and precedes composition", async () => {
    const permit: GateOptions["permit"] = {
      check: (cx, { fileName }) => {
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
  test("an asynchronous check refuses as well", async () => {
    const permit: GateOptions["permit"] = {
      check: async (cx) => {
        await new Promise(setImmediate);
        throw cx.refuse(7);
      },
    };
    const { answer, seen } = await asking({ permit }, { authorization: "Bearer user-ann" });
    await expect(answer).rejects.toMatchObject({ code: Code.PermissionDenied, rawMessage: "permission denied" });
    expect(seen).toEqual([]);
  });
  test("a check that throws refuses the caller", async () => {
    const permit: GateOptions["permit"] = {
      check: () => {
        throw new TypeError("secret");
      },
    };
    const { answer, seen } = await asking({ permit }, { authorization: "Bearer user-ann" });
    await expect(answer).rejects.toMatchObject({ code: Code.PermissionDenied, rawMessage: "permission denied" });
    expect(seen).toEqual([]);
  });
});

const unreachable = (): never => expect.unreachable();
describe("the permit's check", () => {
  const send = (rig: Awaited<ReturnType<typeof gate>>, ended: (thing: unknown) => void) => {
    const headers = { get: (name: string) => (name === "authorization" ? "Bearer user-ann" : null) };
    return rig.endpoint.run(create(SourceContextSchema), headers, undefined, ended, ended);
  };
  test("a check that continues after its refusal still refuses", async () => {
    const permit: GateOptions["permit"] = { check: (cx) => void cx.refuse(7) };
    const rig = await gate({ sources: SOURCES, permit });
    expect(await new Promise((resolve) => send(rig, resolve))).toMatchObject({ clientCode: 7 });
    await new Promise(setImmediate);
    expect(rig.seen).toEqual([]);
  });
  test("composition does not start if the client disconnects during the check", async () => {
    const { promise, resolve: decide } = Promise.withResolvers<void>();
    const rig = await gate({ sources: SOURCES, permit: { check: () => promise } });
    const answering = send(rig, unreachable);
    answering.cancel();
    decide();
    await new Promise(setImmediate);
    expect(rig.seen).toEqual([]);
    expect(rig.responses).toMatchObject([{ outcome: { ok: false, failure: { code: 1 } } }]);
  });
});

test("an unauthenticated request is authenticated by its endpoint, and is not composed after a cancellation", async () => {
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

test("resolvers receive the principal, and no credential", async () => {
  const values: unknown[] = [];
  const rig = await gate({
    sources: SOURCES,
    compose: async (cx) => {
      const run = ({ headers, principal }: { headers: { get(name: string): string | null }; principal: unknown }) => {
        values.push(principal, headers.get("Authorization"), headers.get("X-Request-Id"));
        return "value";
      };
      await cx.resolve({ name: "gate.v1.Value", run, args: {}, steps: {}, clients: () => ({}) });
    },
  });
  const served = await fast(rig.endpoint);
  const answer = await sendRaw(served, post(["Authorization: Bearer user-ann", "X-Request-Id: 7"]));
  expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  expect(values).toEqual([expect.objectContaining({ subject: "ann" }), null, "7"]);
});

test.each([
  ["the fast path", true],
  ["Connect's adapter", false],
])("a package without an identity still has the client's address, on %s", async (_, isFast) => {
  const { endpoint } = await import("@protobff/runtime/internal/endpoint/endpoint");
  const { method, route, run } = endpoint(GateService.method.get, undefined, {
    timeoutMs: 1000,
    compose: async (cx) => create(SourceContextSchema, { fileName: cx.peer.address }),
  });
  const served = await ours([isFast ? { method, route, run } : { method, route }], { trustedProxies: ["127.0.0.1"] });
  expect(await sendRaw(served, post(["X-Forwarded-For: 198.51.100.1"]))).toContain('{"fileName":"198.51.100.1"}');
});

test("grpc-js receives answers, refusals and their metadata", async () => {
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

test("the authentication for one RPC does not count for another", async () => {
  const { endpoint } = await gate({ sources: SOURCES, permit: { scopes: ["read"] } });
  const open = await gate({ sources: SOURCES });
  const verdict = await open.endpoint.authenticate?.({
    get: (name) => (name === "authorization" ? "Bearer user-ann" : null),
  });
  const failure = await new Promise<unknown>((resolve) => {
    endpoint.run(create(SourceContextSchema), verdict as never, undefined, resolve, resolve);
  });
  expect(failure).toMatchObject({ clientCode: Code.PermissionDenied });
});

test("a permit without an identity is refused at construction", async () => {
  const { endpoint } = await import("@protobff/runtime/internal/endpoint/endpoint");
  const options = { timeoutMs: 1, permit: {}, compose: async () => create(SourceContextSchema) };
  expect(() => endpoint(GateService.method.get, undefined, options)).toThrow("has a permit, and no identity");
});
