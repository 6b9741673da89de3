// The order in which calls arrive, and how often, as an upstream of another hand (grpc-js) sees it: what docs/language.md promises of
// `read_only`, of `unordered` and of steps that only a member of a oneof reads. Calls are held until the test answers them, so that the
// log proves what was waited for.
import { rmSync } from "node:fs";
import * as grpc from "@grpc/grpc-js";
import { GrpcClient } from "@protobff/runtime";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { listen } from "../../../packages/server/src/listen.ts";
import { testedHttp2 } from "../../../runtime/src/testing/tested-http2.ts";
import { endpoints, generate } from "../../proofs/load/generate-bff.ts";
import { type Arrival, type Gates, startGates } from "../../support/upstreams/gates-grpc-js.ts";

// As most protos are: nothing says which of them only read.
const UP = `syntax = "proto3";
package desk.v1;
service Desks {
  rpc Get(Ref) returns (Desk);
  rpc List(Ref) returns (Desk);
  rpc Take(Ref) returns (Desk);
  rpc Free(Ref) returns (Desk);
}
message Ref { string id = 1; }
message Desk { string name = 1; int32 count = 2; }
`;
const call = (method: string, by: string, more = "") =>
  `call: { method: "desk.v1.Desks/${method}" set: { name: "id" by: "${by}" } ${more} }`;
const APP = `syntax = "proto3";
package app.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
option (bff.v1.file) = { upstream: [
  { service: "desk.v1.Desks" read_only: true },
  { method: "desk.v1.Desks/Take" read_only: false }, { method: "desk.v1.Desks/Free" read_only: false }
] };
service App {
  option (bff.v1.service) = {};
  rpc Move(Asked) returns (Moved) { option (bff.v1.method).timeout = "30s"; }
  rpc Hedge(Asked) returns (Hedged) { option (bff.v1.method).timeout = "30s"; }
  rpc Invite(Invitation) returns (Invited) { option (bff.v1.method).timeout = "30s"; }
  rpc Pick(Asked) returns (Picked) { option (bff.v1.method).timeout = "30s"; }
}
message Asked { string id = 1; int32 share = 2; }
message Moved {
  option (bff.v1.message) = { let: [
    { name: "desk" ${call("Get", "args.id")} },
    { name: "same" ${call("Get", "args.id")} },
    { name: "others" ${call("List", "args.id")} },
    { name: "hint" supplementary: true ${call("Get", "'hint'")} },
    { guard: { if: "desk.name == 'closed'" fail: { code: FAILED_PRECONDITION message: "closed" } } },
    { name: "taken" ${call("Take", "args.id")} },
    { name: "freed" after: "taken" ${call("Free", "args.id")} }
  ] };
  string text = 1 [(bff.v1.field).by = "desk.name + same.name + others.name + taken.name + freed.name"];
  optional string hint = 2 [(bff.v1.field).by = "hint.name"];
  repeated bff.v1.Degradation degraded = 15;
}
message Hedged {
  option (bff.v1.message) = { let: { name: "desk" ${call("Get", "args.id", `hedge: { delay: "20ms" }`)} } };
  string name = 1 [(bff.v1.field).by = "desk.name"];
}
message Invitation { repeated string friends = 1; }
message Invited {
  option (bff.v1.message) = { let: [
    { name: "quota" ${call("Get", "'quota'")} },
    { guard: { if: "quota.count == 0" fail: { code: RESOURCE_EXHAUSTED message: "none left" } } },
    { name: "mail" unordered: true ${call("Free", "'mail'")} },
    { name: "asked" unordered: true
      each: { var: "friend" in: "args.friends" max: 9 concurrent: 3 ${call("Take", "friend")} } },
    { name: "note" after: ["mail", "asked"] ${call("Free", "'note'")} }
  ] };
  repeated string names = 1 [(bff.v1.field).by = "asked.map(one, one.name)"];
}
message Picked {
  option (bff.v1.message) = { let: [
    { name: "user" ${call("Get", "args.id")} },
    { name: "score" supplementary: true ${call("List", "args.id")} },
    { name: "gold" supplementary: true ${call("Get", "'gold of ' + user.name")} },
    { name: "silver" ${call("Get", "'silver'")} },
    { name: "common" ${call("Get", "'common'")} }
  ] };
  oneof pick {
    string gold = 1 [(bff.v1.field) = { if: "score.count / args.share > 1" by: "gold.name" }];
    string silver = 2 [(bff.v1.field) = { if: "user.name == 'silver'" by: "silver.name" }];
    string common = 3 [(bff.v1.field) = { default: true by: "common.name" }];
  }
  repeated bff.v1.Degradation degraded = 15;
}
`;
const bff = {
  name: "order",
  protos: { "desk/v1/desk.proto": UP, "app/v1/app.proto": APP },
  targets: ["app/v1/app.proto"],
};
const closing: (() => unknown)[] = [];
let gates: Gates;
let url = "";

beforeAll(async () => {
  gates = await startGates({ "desk/v1/desk.proto": UP }, ({ id }) => String(id));
  const client = new GrpcClient(gates.url, { http2: testedHttp2() });
  const dir = generate(bff, false);
  const server = await listen(await endpoints(bff, dir, client, {}, {}));
  url = server.url;
  closing.push(
    () => rmSync(dir, { recursive: true, force: true }),
    () => gates.close(),
    () => client.close(),
    () => server.close(),
  );
}, 120_000);
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});
afterEach(() => gates.clear());

async function send(rpc: string, request: object, signal?: AbortSignal) {
  const headers = { "content-type": "application/json" };
  const init = { method: "POST", headers, body: JSON.stringify(request), signal: signal ?? null };
  const response = await fetch(`${url}/app.v1.App/${rpc}`, init);
  const { degraded = [], ...body } = (await response.json()) as Record<string, unknown>;
  return { status: response.status, body, degraded: (degraded as { path: string; effect: string }[]).map(lineOf) };
}
const lineOf = ({ path, effect }: { path: string; effect: string }): string => `${path} ${effect}`;
const arrived = (method: string, id: string): Promise<Arrival> =>
  gates.take((arrival) => arrival.method === method && arrival.request.id === id);
const answered = async (method: string, id: string, desk: object = {}): Promise<void> =>
  (await arrived(method, id)).answer({ name: `${method} ${id};`, ...desk });

describe("read_only", () => {
  test("reads of an unmarked service run side by side at once, writes run after them and one after another", async () => {
    const answer = send("Move", { id: "a" });
    // Nothing is answered until all of these are there.
    const reads = await Promise.all([arrived("Get", "a"), arrived("List", "a"), arrived("Get", "hint")]);
    for (const arrival of reads.slice(0, 2)) arrival.answer({ name: `${arrival.method};` });
    await answered("Take", "a");
    await answered("Free", "a");
    reads[2]?.answer({ name: "hint" });
    expect(await answer).toEqual({
      status: 200,
      body: { text: "Get;Get;List;Take a;Free a;", hint: "hint" },
      degraded: [],
    });
    expect(gates.log.slice(0, 3).sort()).toEqual(["> Get a", "> Get hint", "> List a"]); // the two equal ones are one
    expect(gates.log.slice(3)).toEqual([
      "< Get a",
      "< List a",
      "> Take a",
      "< Take a",
      "> Free a",
      "< Free a",
      "< Get hint",
    ]);
  });

  test("a read is tried three times, a write once", async () => {
    const answer = send("Move", { id: "b" });
    for (const previous of [undefined, "1"]) {
      const arrival = await arrived("Get", "b");
      expect(arrival.previous).toBe(previous);
      arrival.fail(grpc.status.UNAVAILABLE);
    }
    const last = await arrived("Get", "b");
    expect(last.previous).toBe("2");
    last.answer({ name: "desk" });
    await answered("List", "b");
    (await arrived("Take", "b")).fail(grpc.status.UNAVAILABLE);
    expect(await answer).toMatchObject({ status: 503, body: { code: "unavailable" } });
    expect(gates.log.filter((line) => /^> (Take|Free)/.test(line))).toEqual(["> Take b"]);
    // The read that was still under way is given up: nobody reads it any more.
    await gates.logged("x Get hint");
  });

  test("a guard over a read precedes any write", async () => {
    const answer = send("Move", { id: "c" });
    await answered("Get", "c", { name: "closed" });
    expect(await answer).toMatchObject({ status: 400, body: { code: "failed_precondition", message: "closed" } });
    await gates.logged("x Get hint");
    expect(gates.log.filter((line) => /^> (Take|Free)/.test(line))).toEqual([]);
  });

  test("a client that disconnects cancels reads, but no write that has been sent", async () => {
    const gone = new AbortController();
    const answer = send("Move", { id: "d" }, gone.signal);
    await answered("Get", "d");
    await answered("List", "d");
    const write = await arrived("Take", "d");
    gone.abort();
    await expect(answer).rejects.toThrow("abort");
    await gates.logged("x Get hint");
    expect(write.cancelled).toBe(false);
    write.answer({});
    expect(gates.log).not.toContain("x Take d");
  });

  test("a read may be hedged: the second attempt answers, and the first is cancelled", async () => {
    const answer = send("Hedge", { id: "e" });
    await arrived("Get", "e");
    await answered("Get", "e", { name: "second" });
    expect((await answer).body).toEqual({ name: "second" });
    await gates.logged("x Get e");
    expect(gates.arrivals.map(({ cancelled }) => cancelled)).toEqual([true, false]);
  });
});

describe("unordered", () => {
  test("writes run side by side, up to `concurrent` items, after guards and critical steps; steps that name them run later", async () => {
    const friends = ["f1", "f2", "f3", "f4", "f5"];
    const answer = send("Invite", { friends });
    await answered("Get", "quota", { count: 9 });
    const first = await Promise.all(
      [["Free", "mail"], ...["f1", "f2", "f3"].map((id) => ["Take", id])].map(([method = "", id = ""]) =>
        arrived(method, id),
      ),
    );
    // Four are held, and no fifth comes until one of the items is answered.
    first[2]?.answer({ name: "f2" });
    await answered("Take", "f4", { name: "f4" });
    await answered("Take", "f5", { name: "f5" });
    for (const arrival of [first[1], first[3]]) arrival?.answer({ name: String(arrival.request.id) });
    first[0]?.answer({});
    await answered("Free", "note");
    expect(await answer).toEqual({ status: 200, body: { names: friends }, degraded: [] });
    expect(gates.log.slice(0, 2)).toEqual(["> Get quota", "< Get quota"]);
    expect(gates.log.slice(2, 6).sort()).toEqual(["> Free mail", "> Take f1", "> Take f2", "> Take f3"]);
    expect(gates.log.slice(6)).toEqual([
      "< Take f2",
      "> Take f4",
      "< Take f4",
      "> Take f5",
      "< Take f5",
      "< Take f1",
      "< Take f3",
      "< Free mail",
      "> Free note",
      "< Free note",
    ]);
  });

  test("a failing item lets sent writes finish and prevents unsent ones", async () => {
    const answer = send("Invite", { friends: ["f1", "f2", "f3", "f4"] });
    await answered("Get", "quota", { count: 9 });
    const [mail, f1, f2, f3] = await Promise.all([
      arrived("Free", "mail"),
      arrived("Take", "f1"),
      arrived("Take", "f2"),
      arrived("Take", "f3"),
    ]);
    f1.fail(grpc.status.ABORTED);
    f2.answer({});
    mail.answer({});
    f3.answer({});
    expect((await answer).status).toBe(500);
    // Another request that comes and goes: whatever of the first was still to be sent would have been.
    const other = send("Hedge", { id: "z" });
    await answered("Get", "z");
    await other;
    expect([mail, f1, f2, f3].map(({ cancelled }) => cancelled)).toEqual([false, false, false, false]);
    expect(gates.arrivals.map(({ method, request }) => `${method} ${request.id}`)).not.toContain("Take f4");
    expect(gates.log).not.toContain("> Free note");
  });

  test("guards also precede unordered writes", async () => {
    const answer = send("Invite", { friends: ["f1"] });
    await answered("Get", "quota", { count: 0 });
    expect(await answer).toMatchObject({ status: 429, body: { message: "none left" } });
    expect(gates.log).toEqual(["> Get quota", "< Get quota"]);
  });
});

describe("steps that only a member of a oneof reads", () => {
  const pick = async (id: string, share: number, user: string, score: number | undefined) => {
    const answer = send("Pick", { id, share });
    const scored = await arrived("List", id);
    if (score === undefined) scored.fail(grpc.status.NOT_FOUND);
    else scored.answer({ count: score });
    await answered("Get", id, { name: user });
    return { answer };
  };
  const callLines = (): string[] => gates.log.filter((line) => line.startsWith(">"));

  test("run if their member may be selected, and no others run", async () => {
    const gold = await pick("u", 1, "rich", 5);
    await answered("Get", "gold of rich", { name: "ingot" });
    expect((await gold.answer).body).toEqual({ gold: "ingot" });
    const silver = await pick("v", 1, "silver", 1);
    await answered("Get", "silver", { name: "coin" });
    expect((await silver.answer).body).toEqual({ silver: "coin" });
    expect(callLines().filter((line) => !/ [uv]$/.test(line))).toEqual(["> Get gold of rich", "> Get silver"]);
    expect(gates.log.indexOf("< Get v")).toBeLessThan(gates.log.indexOf("> Get silver"));
  });

  test("run for the next member if an `if` reads an absent value", async () => {
    const { answer } = await pick("w", 1, "any", undefined);
    await answered("Get", "common", { name: "leaf" });
    expect(await answer).toEqual({
      status: 200,
      body: { common: "leaf" },
      degraded: ["gold EFFECT_MISSING"],
    });
    expect(callLines().slice(2)).toEqual(["> Get common"]);
  });

  test("do not run if an `if` fails, which fails the response", async () => {
    const { answer } = await pick("x", 0, "any", 5);
    expect(await answer).toMatchObject({ status: 500, body: { code: "internal" } });
    expect(callLines()).toHaveLength(2);
  });

  test("leave the oneof unset if the selected step fails, and no other step runs", async () => {
    const { answer } = await pick("y", 1, "silver", 5);
    (await arrived("Get", "gold of silver")).fail(grpc.status.NOT_FOUND);
    expect(await answer).toEqual({ status: 200, body: {}, degraded: ["gold EFFECT_MISSING"] });
    expect(callLines().slice(2)).toEqual(["> Get gold of silver"]);
  });
});
