// Every fault of the call that a topic is followed by, over real sockets: followers that share it, and who asks for the newest item. How that has
// to end is said here by hand, from docs/runtime.md; what has to be in each message, by the oracle.
// Holds docs/runtime.md#topics
import { join } from "node:path";
import {
  clone,
  create,
  type DescMessage,
  type DescMethod,
  type DescService,
  type Message,
  toBinary,
} from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type Listenable, listen } from "../../../packages/server/src/index.ts";
import type { Ir } from "../../../plugin/src/ir/ir.ts";
import { Topics } from "../../../runtime/src/entries/topic.ts";
import { GrpcClient } from "../../../runtime/src/index.ts";
import { GeneratedProject } from "../../support/generated-project.ts";
import { status } from "../oracle/faults.ts";
import { irOf } from "../oracle/scenario.ts";
import { followOracle, type Play as SourcePlay } from "../oracle/stream.ts";
import { answerDiffers } from "../oracle/verdict.ts";
import { type Play, startStreaming } from "./stream-upstream.ts";

const AGENT = `syntax = "proto3";
package agent.v1;
service AgentService {
  rpc WatchRun(WatchRunRequest) returns (stream RunEvent) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc GetUser(GetUserRequest) returns (User) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message WatchRunRequest { string run_id = 1; uint64 after_seq = 2; }
message RunEvent { uint64 seq = 1; string text = 2; string actor_id = 3; bool final = 4; }
message GetUserRequest { string id = 1; }
message User { string name = 1; }
`;
const WEB = `syntax = "proto3";
package web.v1;
import "agent/v1/agent.proto";
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
import "bff/v1/stream.proto";
option (bff.v1.file).upstream = { timeout: "4s" retry: { attempts: 1 } };
service RunService {
  option (bff.v1.service).topic = {
    name: "run"
    call: {
      method: "agent.v1.AgentService/WatchRun"
      set: [ { name: "run_id" by: "key" }, { name: "after_seq" by: "resume.orValue(0u)" } ]
    }
    position: "event.seq"
    until: "event.final"
  };
  rpc FollowRun(RunRef) returns (stream RunUpdate) {
    option (bff.v1.method) = { timeout: "20s" stream: { var: "event" follow: { topic: "run" key: "args.run_id" } } };
  }
  rpc GetRun(RunRef) returns (RunState) { option (bff.v1.method).timeout = "20s"; }
  rpc GetRunSoon(RunRef) returns (RunState) { option (bff.v1.method).timeout = "300ms"; }
}
message RunRef { string run_id = 1; }
message RunUpdate {
  option (bff.v1.message).let = {
    name: "actor" supplementary: true
    call: { method: "agent.v1.AgentService/GetUser" set: { name: "id" by: "args.event.actor_id" } }
  };
  string text = 1 [(bff.v1.field).by = "args.event.text"];
  optional string actor_name = 2 [(bff.v1.field).by = "actor.name"];
  bff.v1.Position position = 14;
  repeated bff.v1.Degradation degraded = 15;
}
message RunState {
  option (bff.v1.message).let = { name: "last" supplementary: true latest: { topic: "run" key: "args.run_id" } };
  optional string text = 1 [(bff.v1.field).by = "last.text"];
  bff.v1.Position position = 14;
  repeated bff.v1.Degradation degraded = 15;
}
`;

const project = new GeneratedProject("topics", { "web/v1/web.proto": WEB }, { "agent/v1/agent.proto": AGENT });
interface Generated {
  createUpstreams(clients: { agent: GrpcClient }): object;
  createRunService(deps: { upstreams: object; env: object; topics: Topics }): Listenable[];
}
interface Update extends Message {
  readonly text: string;
  readonly position?: { readonly token: string; readonly reset: boolean };
  readonly degraded: readonly { readonly path: string; readonly reason: number; readonly upstream: string }[];
}
type Follow = (request: object, options: object) => AsyncIterable<Update>;
type UnaryRpc = (request: object) => Promise<Update>;
interface Rpcs {
  readonly followRun: Follow;
  readonly getRun: UnaryRpc;
  readonly getRunSoon: UnaryRpc;
}
let generated: Generated;
let service: DescService;
let updateSchema: DescMessage;
let ir: Ir;
beforeAll(async () => {
  project.generate();
  generated = await import(join(project.folder, "web/v1/web_bff.ts"));
  const messages = await import(join(project.folder, "web/v1/web_pb.ts"));
  service = messages.RunService;
  updateSchema = messages.RunUpdateSchema;
  ir = irOf({ "agent/v1/agent.proto": AGENT, "web/v1/web.proto": WEB });
}, 60_000);
afterAll(() => project.remove());

const TEXTS = ["one", "two", "three", "four"];
/** Of these no upstream knows the second. */
const ACTORS = ["ada", "nobody", "ada", "ada"];
const NOT_FOUND = 5;

function encoded(name: string, init: Readonly<Record<string, unknown>>): Uint8Array {
  const desc = ir.registry.getMessage(`agent.v1.${name}`);
  if (desc === undefined) throw new Error(`no ${name}`);
  return toBinary(desc, create(desc, init));
}
const items = (): Uint8Array[] =>
  TEXTS.map((text, i) => encoded("RunEvent", { seq: BigInt(i + 1), text, actorId: ACTORS[i], final: i === 3 }));
/** The varint of field 2, `after_seq`; the numbers of these tests have one byte. */
const afterOf = (request: Uint8Array): number => (request.at(-2) === 0x10 ? (request.at(-1) ?? 0) : 0);

/** A BFF over an upstream whose stream goes like this, opening by opening. */
async function serving(plays: readonly Play[]) {
  const all = items();
  const upstream = await startStreaming({
    plays,
    items: (request) => all.slice(afterOf(request)),
    answer: (_method, request) => {
      const id = Buffer.from(request.subarray(2)).toString();
      return id === "nobody" ? NOT_FOUND : encoded("User", { name: id.toUpperCase() });
    },
  });
  const client = new GrpcClient([upstream.url]);
  const topics = new Topics();
  const upstreams = generated.createUpstreams({ agent: client });
  const server = await listen(generated.createRunService({ upstreams, env: {}, topics }), {
    host: "127.0.0.1",
    port: 0,
  });
  onTestFinished(async () => {
    await server.close(0);
    await topics.close();
    client.close();
    upstream.close();
  });
  const transport = createGrpcTransport({ baseUrl: server.url });
  const rpcs = createClient(service, transport) as unknown as Rpcs;
  return { rpcs, afters: () => upstream.openings.map(afterOf) };
}

/** Follows to the end, or to so many items. */
async function followed(rpcs: Rpcs, most = Number.POSITIVE_INFINITY, resume?: string) {
  const got: Update[] = [];
  let error: ConnectError | undefined;
  const headers = resume === undefined ? {} : { "bff-resume": resume };
  try {
    for await (const update of rpcs.followRun({ runId: "r-7" }, { headers })) if (got.push(update) >= most) break;
  } catch (thrown) {
    error = ConnectError.from(thrown);
  }
  return { got, error };
}

/** What the oracle has against messages that should be the first so many. */
function wrong(got: readonly Update[], count: number, behind = 0): string[] {
  const method = ir.registry.getService("web.v1.RunService")?.methods.find(({ name }) => name === "FollowRun");
  if (method === undefined) throw new Error("no rpc");
  const play: SourcePlay = { items: items().slice(behind), end: { kind: "ended" } };
  const verdict = followOracle(ir, method, create(method.input, { runId: "r-7" }), {
    headers: new Map(),
    env: {},
    now: undefined,
    plays: () => play,
    outcomes: () => ({ call: userOf, batch: () => undefined, unasked: () => [] }),
  });
  const faults = got.flatMap((update, i) => {
    const expected = verdict.items[i];
    if (expected === undefined) return [`${update.text}: more than there are`];
    if (update.position?.reset !== false || update.position.token === "") return [`${update.text}: no position`];
    const copy = reflect(updateSchema, clone(updateSchema, update));
    for (const field of updateSchema.fields) if (field.name === "position") copy.clear(field);
    return answerDiffers(verdict.schema, expected.answer, toBinary(updateSchema, copy.message)).fault ?? [];
  });
  return got.length === count ? faults : [...faults, `${got.length} messages; wanted ${count}`];
}
function userOf(_method: DescMethod, request: Message) {
  const { id } = request as Message & { readonly id: string };
  const upstream = "agent.v1.AgentService";
  if (id === "nobody") return { failed: { ...status(NOT_FOUND), upstream } };
  return { ok: encoded("User", { name: id.toUpperCase() }) };
}

const WHOLE: Play = { end: "hang" };
const TIME = { timeout: 60_000 };

describe("a topic whose call", () => {
  test("succeeds shares one stream among all callers, which ends after the last item", TIME, async () => {
    const { rpcs, afters } = await serving([WHOLE]);
    const [a, b] = await Promise.all([followed(rpcs), followed(rpcs)]);
    for (const { got, error } of [a, b]) expect([wrong(got, 4), error]).toEqual([[], undefined]);
    expect(afters()).toEqual([0]);
    const again = await followed(rpcs, undefined, a.got[1]?.position?.token);
    expect([wrong(again.got, 2, 2), again.error, afters()]).toEqual([[], undefined, [0]]);
    const over = await followed(rpcs, undefined, a.got[3]?.position?.token);
    expect([over.got, over.error]).toEqual([[], undefined]);
  });
  test("ends before the last item ends all with OK", TIME, async () => {
    const { rpcs } = await serving([{ items: 2, end: "end" }]);
    for (const { got, error } of await Promise.all([followed(rpcs), followed(rpcs)]))
      expect([wrong(got, 2), error]).toEqual([[], undefined]);
  });

  const REOPENED: readonly [string, Play][] = [
    ["UNAVAILABLE at once", { items: 0, end: { status: 14 } }],
    ["UNAVAILABLE after two items", { items: 2, end: { status: 14 } }],
    ["reset after two items", { items: 2, end: "reset" }],
    ["connection cut after two items", { items: 2, end: "cut" }],
  ];
  test.each(REOPENED)("breaks, %s, resumes after its last item, unnoticed by callers", TIME, async (_, play) => {
    const { rpcs, afters } = await serving([play, WHOLE]);
    for (const { got, error } of await Promise.all([followed(rpcs), followed(rpcs)]))
      expect([wrong(got, 4), error]).toEqual([[], undefined]);
    expect(afters()).toEqual([0, play.items]);
  });

  const FINAL: readonly [string, Play][] = [
    ["NOT_FOUND at once", { items: 0, end: { status: 5 } }],
    ["FAILED_PRECONDITION after two items", { items: 2, end: { status: 9 } }],
    ["garbage after two items", { items: 2, end: "garbage" }],
    ["an item above 16 MiB after two", { items: 2, end: "oversize" }],
    ["no trailers after two items", { items: 2, end: "no trailers" }],
  ];
  test.each(FINAL)("fails, %s, sends the earlier items to all callers and then the failure", TIME, async (_, play) => {
    const { rpcs, afters } = await serving([play]);
    const both = await Promise.all([followed(rpcs), followed(rpcs)]);
    for (const { got, error } of both) {
      expect([wrong(got, play.items ?? 0), error?.code]).toEqual([[], Code.Internal]);
      expect(error?.rawMessage).not.toContain("secret");
      expect(error?.metadata.get("bff-resume") ?? undefined).toBe(got.at(-1)?.position?.token);
    }
    // Who is there too late for the first stream has one anew.
    expect(new Set(afters())).toEqual(new Set([0]));
  });

  const SILENT: readonly [string, Play][] = [
    ["after two items", { items: 2, end: "hang" }],
    ["with an item that never ends, after two", { items: 2, end: "never-ending item" }],
  ];
  test.each(SILENT)("is silent, %s, does not fail, and sends its items to all callers", TIME, async (_, play) => {
    const { rpcs, afters } = await serving([play]);
    const first = await followed(rpcs, 2);
    const later = await followed(rpcs, 2);
    for (const { got, error } of [first, later]) expect([wrong(got, 2), error]).toEqual([[], undefined]);
    expect(afters()).toEqual([0]);
  });
});

describe("a request for the newest item of a topic whose call", () => {
  const REASONS = { timeout: 1, unavailable: 2, rejected: 5, invalid: 6 } as const;
  const CELLS: readonly [string, readonly Play[], string | keyof typeof REASONS][] = [
    ["has it", [WHOLE], "four"],
    ["ends", [{ items: 2, end: "end" }], "two"],
    ["has none so far", [{ items: 0, end: "hang" }], ""],
    ["is silent behind two", [{ items: 2, end: "hang" }], "two"],
    ["has one that never ends, behind two", [{ items: 2, end: "never-ending item" }], "two"],
    ["breaks, UNAVAILABLE at once", [{ items: 0, end: { status: 14 } }, WHOLE], "four"],
    ["fails, NOT_FOUND at once", [{ items: 0, end: { status: 5 } }], "rejected"],
    ["fails, INTERNAL at once", [{ items: 0, end: { status: 13 } }], "unavailable"],
    ["fails, garbage at once", [{ items: 0, end: "garbage" }], "invalid"],
    ["fails, an item above 16 MiB at once", [{ items: 0, end: "oversize" }], "invalid"],
  ];
  test.each(CELLS)("%s", TIME, async (_, plays, expected) => {
    const { rpcs } = await serving(plays);
    const { text, degraded, position } = await rpcs.getRun({ runId: "r-7" });
    if (!(expected in REASONS)) {
      expect([text ?? "", degraded, (position?.token ?? "") !== ""]).toEqual([expected, [], expected !== ""]);
      return;
    }
    const reason = REASONS[expected as keyof typeof REASONS];
    expect([text, degraded.map(({ path, upstream }) => [path, upstream]), degraded[0]?.reason]).toEqual([
      undefined,
      [["text", "agent.v1.AgentService"]],
      reason,
    ]);
  });
  test("never sends an item lacks it in the answer", TIME, async () => {
    const { rpcs } = await serving([{ items: 0, end: "mute" }]);
    const { text, degraded } = await rpcs.getRunSoon({ runId: "r-7" });
    expect([text, degraded.map(({ path }) => path)]).toEqual([undefined, ["text"]]);
    expect(degraded[0]?.reason).toBe(REASONS.timeout);
  });
});
