// Who may call, over the wire: a generated BFF, an identity made by hand, and upstreams that tell what they have been asked.
import { create, type JsonObject, type Message, toBinary } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import { Code, ConnectError } from "@connectrpc/connect";
import { CredentialSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import type { AuditEvent } from "@protobff/runtime";
import { AuthenticatedRequest, type Identity, incomingOf } from "@protobff/runtime/identity";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type Stubbed, type StubbedBff, type Stubs, stubbed } from "../../support/stubbed-bff.ts";

const UPSTREAM = `syntax = "proto3";
package up.v1;
service Things { rpc Get(Id) returns (Thing) { option idempotency_level = NO_SIDE_EFFECTS; } }
service Viewers { rpc Get(Id) returns (Viewer) { option idempotency_level = NO_SIDE_EFFECTS; } }
service Rights { rpc Check(CheckRequest) returns (CheckResponse) { option idempotency_level = NO_SIDE_EFFECTS; } }
message Id { string id = 1; }
message Thing { string id = 1; string name = 2; }
message Viewer { string name = 1; }
message CheckRequest { string subject = 1; string action = 2; string object = 3; }
message CheckResponse { bool allowed = 1; optional string owner = 2; }
`;
const GET = 'let: { name: "thing" call: { method: "up.v1.Things/Get" set: { name: "id" by: "args.id" } } }';
const BFF = `syntax = "proto3";
package app.v1;
import "bff/v1/options.proto";
option (bff.v1.file) = {
  identity: {
    type: "app.v1.Principal"
    source: [
      { name: "user" jwt: { issuer: "https://id.example" audience: "app" } set: { name: "subject" by: "credential.subject" } },
      { name: "robot" api_key: {} set: { name: "subject" by: "credential.subject" } }
    ]
  }
  function: { name: "rights.check" param: ["string"] result: "bool" }
  upstream: [
    { retry: { attempts: 1 } },
    { service: "up.v1.Rights" on_error: { on: RESOURCE_EXHAUSTED fail: { code: RESOURCE_EXHAUSTED message: "slow down" } } },
    { service: "up.v1.Rights" on_error: { on: NOT_FOUND ignore: true } }
  ]
};
message Principal {
  string subject = 1;
  optional string tenant = 2;
  repeated string scopes = 3;
  repeated string roles = 4;
}
service App {
  option (bff.v1.service) = {
    let: { name: "viewer" call: { method: "up.v1.Viewers/Get" set: { name: "id" by: "principal.subject" } } }
    permit: { source: "user" scope: "read" }
  };
  rpc GetByScope(GetRequest) returns (Page) { option (bff.v1.method).permit = { scope: "more" role: ["a", "b"] }; }
  rpc GetByTenant(GetRequest) returns (Page) { option (bff.v1.method).permit.if = "principal.tenant == args.tenant"; }
  rpc GetByElement(GetRequest) returns (Page) {
    option (bff.v1.method).permit = { if: "args.ids[3] != principal.subject" fail: { code: NOT_FOUND message: "no {args.id}" } };
  }
  rpc GetByFunction(GetRequest) returns (Page) { option (bff.v1.method).permit.if = "rights.check(args.id)"; }
  rpc GetDecided(GetRequest) returns (Page) {
    option (bff.v1.method).permit = {
      let: {
        name: "right"
        call: {
          method: "up.v1.Rights/Check"
          set: [{ name: "subject" by: "principal.subject" }, { name: "action" by: "'read'" }, { name: "object" by: "args.id" }]
        }
      }
      if: "args.id != 'never' && right.allowed"
      fail: { message: "{args.id} is not for you" }
    };
  }
  rpc GetOwned(GetRequest) returns (Page) {
    option (bff.v1.method).permit = {
      let: [
        { name: "object" by: "args.ids[0]" },
        { name: "right" call: { method: "up.v1.Rights/Check" set: { name: "object" by: "object" } } }
      ]
      if: "right.owner == principal.subject"
    };
  }
  rpc GetBoth(GetRequest) returns (Page) {
    option (bff.v1.method).permit = {
      let: { name: "right" call: { method: "up.v1.Rights/Check" set: { name: "object" by: "viewer.name" } } }
      if: "right.allowed"
    };
  }
}
service OpenService {
  option (bff.v1.service) = {};
  rpc Greet(GetRequest) returns (Greeting) { option (bff.v1.method).permit.public = true; }
}
message GetRequest { string id = 1; optional string tenant = 2; repeated string ids = 3; }
message Page {
  option (bff.v1.message) = { ${GET} };
  string name = 1 [(bff.v1.field).by = "thing.name"];
  string viewer = 2 [(bff.v1.field).by = "viewer.name"];
}
message Greeting { string text = 1 [(bff.v1.field).by = "ok(principal) ? 'hello ' + principal.subject : 'hello'"]; }
`;

let made: Stubbed;
let identity: Identity;
beforeAll(async () => {
  const protos = { "up/v1/up.proto": UPSTREAM, "app/v1/app.proto": BFF };
  made = await stubbed({ name: "permits", protos, targets: ["app/v1/app.proto"] });
  const { PrincipalSchema } = await made.load("gen/app/v1/app_pb.ts");
  identity = byHand(PrincipalSchema as GenMessage<Message>);
});
afterAll(() => made.remove());

/** Believes what the header says, as no identity should. */
function byHand(type: GenMessage<Message>): Identity {
  const hidden = new Set(["x-caller"]);
  return {
    type,
    sources: ["user", "robot"],
    hidden,
    authenticate(headers) {
      const { peer } = incomingOf(headers);
      const header = headers.get("x-caller");
      if (header === null) return new AuthenticatedRequest(headers, hidden, { caller: undefined, peer, answer: [] });
      const { source, ...fields } = JSON.parse(header);
      const principal = create(type, fields);
      const credential = create(CredentialSchema, { source, subject: fields.subject });
      const caller = { credential, principal, bytes: toBinary(type, principal), key: header, token: undefined };
      return new AuthenticatedRequest(headers, hidden, { caller, peer, answer: [] });
    },
  };
}
interface CallerFields {
  readonly source?: string;
  readonly tenant?: string;
  readonly scopes?: readonly string[];
  readonly roles?: readonly string[];
}
const as = (fields: CallerFields = {}) => ({
  "x-caller": JSON.stringify({ source: "user", subject: "ann", scopes: ["read"], ...fields }),
});

const STUBS: Stubs = {
  "up.v1.Things/Get": ({ id }) => ({ id: id ?? "", name: `thing ${id}` }),
  "up.v1.Viewers/Get": ({ id }) => ({ name: `viewer ${id}` }),
  "up.v1.Rights/Check": ({ object }) => {
    if (object === "away") throw new ConnectError("away", Code.Unavailable);
    if (object === "unknown") throw new ConnectError("who is that", Code.NotFound);
    if (object === "busy") throw new ConnectError("busy", Code.ResourceExhausted);
    if (object === "unauthenticated") throw new ConnectError("who are you", Code.Unauthenticated);
    return { allowed: object !== "hers", ...(object === "anns" && { owner: "ann" }) };
  },
};

let audited: AuditEvent[] = [];
afterEach(() => {
  audited = [];
});
async function serve(stubs: Stubs = STUBS): Promise<StubbedBff> {
  const functions = {
    rightsCheck: (id: string) => {
      if (id === "throws") throw new Error("out of order");
      return id === "good";
    },
  };
  const observer = { audit: (event: AuditEvent) => void audited.push(event) };
  const bff = await made.serve({ stubs, identity, functions, observer });
  onTestFinished(() => bff.close());
  return bff;
}
const DENIED = { code: "permission_denied", message: "permission denied" };

describe("a permit by names", () => {
  test("refuses an anonymous caller with UNAUTHENTICATED, and makes no upstream call", async () => {
    const bff = await serve();
    const { status, body } = await bff.send("app.v1.App/GetByTenant", { id: "1" });
    expect({ status, body }).toMatchObject({
      status: 401,
      body: { code: "unauthenticated", message: "unauthenticated" },
    });
    expect(bff.upstreamCalls).toEqual([]);
  });
  test.each([
    ["another source", as({ source: "robot", scopes: ["read", "more"], roles: ["a"] })],
    ["the service's scope missing", as({ scopes: ["more"], roles: ["a"] })],
    ["the rpc's scope missing", as({ scopes: ["read"], roles: ["a"] })],
    ["no role of the list", as({ scopes: ["read", "more"], roles: ["c"] })],
  ])("refuses a caller with PERMISSION_DENIED, and makes no upstream call: %s", async (_, headers) => {
    const bff = await serve();
    const { status, body } = await bff.send("app.v1.App/GetByScope", { id: "1" }, headers);
    expect({ status, body }).toMatchObject({ status: 403, body: DENIED });
    expect(bff.upstreamCalls).toEqual([]);
    expect(audited.map(({ event, subject }) => [event, subject])).toEqual([["denied", "ann"]]);
  });
  test("requires all scopes and one of the roles", async () => {
    const bff = await serve();
    const { status, body } = await bff.send(
      "app.v1.App/GetByScope",
      { id: "1" },
      as({ scopes: ["more", "read"], roles: ["x", "b"] }),
    );
    expect({ status, body }).toEqual({ status: 200, body: { name: "thing 1", viewer: "viewer ann" } });
  });
  test("admits everybody if it is public, and identifies a caller with credentials", async () => {
    const bff = await serve();
    expect((await bff.send("app.v1.OpenService/Greet")).body).toEqual({ text: "hello" });
    expect((await bff.send("app.v1.OpenService/Greet", {}, as({ source: "robot" }))).body).toEqual({
      text: "hello ann",
    });
  });
});

describe("a permit by a condition", () => {
  test.each<[string, CallerFields, JsonObject, number]>([
    ["the same tenant", { tenant: "a" }, { tenant: "a" }, 200],
    ["another tenant", { tenant: "a" }, { tenant: "b" }, 403],
    ["no tenant in the request", { tenant: "a" }, {}, 403],
    ["no tenant of the caller, none in the request", {}, {}, 403],
    ["no tenant of the caller, an empty one in the request", {}, { tenant: "" }, 403],
  ])("%s", async (_, fields, request, expected) => {
    const bff = await serve();
    const { status, body } = await bff.send("app.v1.App/GetByTenant", request, as(fields));
    expect(status).toBe(expected);
    if (expected === 403)
      expect({ body, upstreamCalls: bff.upstreamCalls }).toMatchObject({ body: DENIED, upstreamCalls: [] });
  });
  test("refuses with its own status if its expression fails, and hides the cause", async () => {
    const bff = await serve();
    const headers = { ...as(), "x-request-id": "r-1" }; // errors contain it
    const short = await bff.send("app.v1.App/GetByElement", { id: "7", ids: ["a"] }, headers);
    const refused = await bff.send("app.v1.App/GetByElement", { id: "7", ids: ["a", "b", "c", "ann"] }, headers);
    expect(short).toMatchObject({ status: 404, body: { code: "not_found", message: "no 7" } });
    expect(refused.body).toEqual(short.body);
    expect(audited.map(({ event }) => event)).toEqual(["denied", "denied"]);
    expect(bff.upstreamCalls).toEqual([]);
    const passed = await bff.send("app.v1.App/GetByElement", { id: "7", ids: ["a", "b", "c", "d"] }, as());
    expect(passed.status).toBe(200);
  });
  test("refuses if a function of the author throws", async () => {
    const bff = await serve();
    expect(await bff.send("app.v1.App/GetByFunction", { id: "throws" }, as())).toMatchObject({
      status: 403,
      body: DENIED,
    });
    expect(await bff.send("app.v1.App/GetByFunction", { id: "bad" }, as())).toMatchObject({
      status: 403,
      body: DENIED,
    });
    expect(bff.upstreamCalls).toEqual([]);
    expect((await bff.send("app.v1.App/GetByFunction", { id: "good" }, as())).status).toBe(200);
  });
});

describe("a permit by a call", () => {
  test("is decided before other upstreams receive a call", async () => {
    const [reached, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const bff = await serve({
      ...STUBS,
      "up.v1.Rights/Check": async () => {
        reached.resolve();
        await answered.promise;
        return { allowed: true };
      },
    });
    const reply = bff.send("app.v1.App/GetDecided", { id: "1" }, as());
    await reached.promise;
    expect(bff.upstreamCalls).toEqual(["Rights/Check"]);
    answered.resolve();
    expect((await reply).status).toBe(200);
    expect([...bff.upstreamCalls].sort()).toEqual(["Rights/Check", "Things/Get", "Viewers/Get"]);
  });
  test("refuses with its `fail`, and makes no other upstream call", async () => {
    const bff = await serve();
    const { status, body } = await bff.send("app.v1.App/GetDecided", { id: "hers" }, as());
    expect({ status, body }).toMatchObject({
      status: 403,
      body: { code: "permission_denied", message: "hers is not for you" },
    });
    expect(bff.upstreamCalls).toEqual(["Rights/Check"]);
  });
  test.each([
    ["away", 503, { code: "unavailable", message: "unavailable" }],
    // Inherited rules that ignore an error do not hold for decisions; what its upstream says is nobody else's business.
    ["unknown", 503, { code: "unavailable", message: "unavailable" }],
    ["unauthenticated", 503, { code: "unavailable", message: "unavailable" }],
    ["busy", 429, { code: "resource_exhausted", message: "slow down" }],
  ])("admits no caller if the deciding upstream returns %s", async (id, expected, body) => {
    const bff = await serve();
    expect(await bff.send("app.v1.App/GetDecided", { id }, as())).toMatchObject({ status: expected, body });
    expect(bff.upstreamCalls).toEqual(["Rights/Check"]);
  });
  test("refuses without a call if an expression of its request fails", async () => {
    const bff = await serve();
    expect(await bff.send("app.v1.App/GetOwned", {}, as())).toMatchObject({ status: 403, body: DENIED });
    expect(bff.upstreamCalls).toEqual([]);
  });
  test("refuses if the compared field of its answer is unset", async () => {
    const bff = await serve();
    expect(await bff.send("app.v1.App/GetOwned", { ids: ["nobodys"] }, as())).toMatchObject({
      status: 403,
      body: DENIED,
    });
    expect((await bff.send("app.v1.App/GetOwned", { ids: ["anns"] }, as())).status).toBe(200);
  });
  test("shares a step of the service with the answer, with one call", async () => {
    const bff = await serve();
    expect((await bff.send("app.v1.App/GetBoth", { id: "1" }, as())).body).toEqual({
      name: "thing 1",
      viewer: "viewer ann",
    });
    expect(bff.upstreamCalls).toEqual(["Viewers/Get", "Rights/Check", "Things/Get"]);
  });
  test("is decided for each request alone", async () => {
    const bff = await serve();
    const all = ["hers", "1", "away", "2", "hers", "3"];
    const replies = await Promise.all(all.map((id) => bff.send("app.v1.App/GetDecided", { id }, as())));
    expect(replies.map(({ status }) => status)).toEqual([403, 200, 503, 200, 403, 200]);
  });
});
