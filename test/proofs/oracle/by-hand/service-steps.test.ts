// The `let` of a service, held against the language page: answers written by hand.
import { describe, expect, it } from "vitest";
import { type Call, fails, irOf, run, type Scenario } from "../scenario.ts";
import { A, B, by, DO, dead, UPSTREAM, up } from "./small-protos.ts";

const APP = `syntax = "proto3";
package b.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
import "up/v1/up.proto";
option (bff.v1.file) = { upstream: { method: "up.v1.Up/C" metadata: { name: "x-owner" by: "owner.s" } } };
service S {
  option (bff.v1.service) = { let: [
    { name: "tenant" by: "headers['x-tenant']" },
    { guard: { if: "tenant == 'none'" fail: { code: UNAUTHENTICATED message: "who?" } } },
    { name: "viewer" call: { method: "up.v1.Up/A" set: { name: "id" by: "tenant" } } },
    { name: "owner" supplementary: true call: { method: "up.v1.Up/B" set: { name: "id" by: "viewer.s" } } },
    { name: "words" supplementary: true by: "owner.list" },
    { name: "badge" compose: { message: "Card" } },
    { guard: { if: "viewer.n > 9" fail: { code: PERMISSION_DENIED message: "{viewer.s} may not" } } }
  ] };
  rpc GetPage(In) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc GetBare(In) returns (Bare) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc GetBadge(In) returns (Badge) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc GetThird(In) returns (Third) { option idempotency_level = NO_SIDE_EFFECTS; }
}
service T {
  option (bff.v1.service) = { let: { call: { method: "up.v1.Up/A" set: { name: "id" by: "'log'" } } } };
  rpc Do(In) returns (Done);
}
message In { string id = 1; }
message Page {
  option (bff.v1.message) = { let: [
    { guard: { if: "args.id == ''" fail: { code: INVALID_ARGUMENT message: "id" } } },
    { name: "card" compose: { message: "Card" } }
  ] };
  Card card = 1 ${by("card")};
  string viewer = 2 ${by("viewer.s + tenant")};
  repeated string words = 3 ${by("words")};
  repeated bff.v1.Degradation degraded = 99;
}
message Card { optional string owner = 1 ${by("owner.s")}; bool known = 2 ${by("ok(words)")}; }
message Badge { Card card = 1 ${by("badge")}; repeated bff.v1.Degradation degraded = 99; }
message Bare { string id = 1 ${by("args.id")}; }
message Third {
  option (bff.v1.message) = { let: { name: "third" supplementary: true call: { method: "up.v1.Up/C" set: { name: "id" by: "args.id" } } } };
  optional string s = 1 ${by("third.s")};
  repeated bff.v1.Degradation degraded = 99;
}
message Done {
  option (bff.v1.message) = { let: { name: "done" call: { method: "up.v1.Up/Do" set: { name: "id" by: "args.id" } } } };
  string s = 1 ${by("done.s")};
}
`;
const ir = irOf({ "up/v1/up.proto": UPSTREAM, "b/v1/b.proto": APP });
const get = (rpc: string, scenario: Scenario) => run(ir, `b.v1.${rpc}`, scenario);
const headers = { "x-tenant": "t" };
const viewer = (n = 1): Call => A({ s: "v", n }, { id: "t" });
const owner = (outcome: Call[2]): Call => B(outcome, { id: "v" });

describe("the let of a service", () => {
  it("is visible in all messages of the response, and runs once", () => {
    const calls = [viewer(), owner({ s: "o", list: ["w"] })];
    expect(get("S/GetPage", { request: { id: "i" }, headers, calls })).toEqual({
      answer: { card: { owner: "o", known: true }, viewer: "vt", words: ["w"] },
    });
  });

  it("records a failure wherever its values are read, also through steps of the service", () => {
    expect(get("S/GetPage", { request: { id: "i" }, headers, calls: [viewer(), owner(dead)] })).toMatchObject({
      answer: { card: {}, viewer: "vt" },
      degraded: [up("card.owner"), up("card.known", "REPLACED"), up("words")],
    });
    expect(get("S/GetPage", { request: { id: "i" }, headers, calls: [A(dead, { id: "t" })] }).statuses).toEqual([[14]]);
  });

  it("has paths into its composed messages if a field copies them", () => {
    expect(get("S/GetBadge", { request: { id: "i" }, headers, calls: [viewer(), owner(dead)] })).toMatchObject({
      answer: { card: {} },
      degraded: [up("card.owner"), up("card.known", "REPLACED")],
    });
  });

  it("starts the steps that the response or a guard reads", () => {
    expect(get("S/GetBare", { request: { id: "i" }, headers, calls: [viewer()] })).toEqual({ answer: { id: "i" } });
    expect(get("S/GetBare", { headers, calls: [viewer(), owner({})] }).unasked).toEqual(["up.v1.Up/B"]);
    expect(get("S/GetBare", { headers, calls: [] }).missing).toEqual(['up.v1.Up/A {"id":"t"}']);
  });

  it("has guards that precede those of messages, and that precede all calls if they read none", () => {
    expect(get("S/GetPage", { headers: { "x-tenant": "none" }, calls: [] }).statuses).toEqual([[16, "who?"]]);
    expect(get("S/GetPage", { headers, calls: [] }).statuses).toEqual([[3, "id"]]);
    const calls = [viewer(10), owner({})];
    expect(get("S/GetPage", { request: { id: "i" }, headers, calls }).statuses).toEqual([[7, "v may not"]]);
  });

  it("is visible in upstream entries, whose calls need the steps that they read", () => {
    const third: Call = ["up.v1.Up/C", { id: "i" }, { s: "three" }];
    const input = { request: { id: "i" }, headers };
    expect(get("S/GetThird", { ...input, calls: [viewer(), owner({ s: "o" }), third] }).answer).toEqual({ s: "three" });
    expect(get("S/GetThird", { ...input, calls: [viewer(), owner(fails("NOT_FOUND"))] }).degraded).toEqual([
      up("s", "MISSING", "REJECTED"),
    ]);
  });

  it("precedes the side effects of messages", () => {
    const log = A({}, { id: "log" });
    expect(get("T/Do", { request: { id: "i" }, calls: [log, DO({ s: "d" })] })).toEqual({ answer: { s: "d" } });
    const failing = get("T/Do", { request: { id: "i" }, calls: [A(dead, { id: "log" })] });
    expect(failing.statuses).toEqual([[14]]);
    expect(get("T/Do", { request: { id: "i" }, calls: [A(dead, { id: "log" }), DO({})] }).unasked).toEqual([
      "up.v1.Up/Do",
    ]);
  });
});
