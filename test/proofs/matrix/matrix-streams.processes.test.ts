// Every fault of a stream, and of what its messages are composed of, over real sockets: upstream, generated BFF and client. How the stream has to
// end is said here by hand, from docs/runtime.md; what has to be in each message, by the oracle.
// Holds docs/runtime.md#streams
import { join } from "node:path";
import {
  create,
  type DescMessage,
  type DescService,
  type JsonValue,
  type Message,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type Listenable, listen } from "../../../packages/server/src/index.ts";
import type { Ir } from "../../../plugin/src/ir/ir.ts";
import { GrpcClient } from "../../../runtime/src/index.ts";
import { GeneratedProject } from "../../support/generated-project.ts";
import { requestFor, schemaOf } from "../../support/request.ts";
import { type Call, fails, irOf, run } from "../oracle/scenario.ts";
import { type Play, startStreaming } from "./stream-upstream.ts";

const AGENT = `syntax = "proto3";
package agent.v1;
service AgentService {
  rpc GetRun(GetRunRequest) returns (Run) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc WatchRun(WatchRunRequest) returns (stream RunEvent) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc GetUser(GetUserRequest) returns (User) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetRunRequest { string run_id = 1; }
message Run { string title = 1; string owner_id = 2; }
message WatchRunRequest { string run_id = 1; uint64 after_seq = 2; }
message RunEvent { uint64 seq = 1; string text = 2; string actor_id = 3; bool internal = 4; bool final = 5; }
message GetUserRequest { string id = 1; }
message User { string name = 1; }
`;
const rpc = (name: string, more: string): string => `
  rpc ${name}(FollowRunRequest) returns (stream RunUpdate) {
    option (bff.v1.method) = {
      timeout: "10s"
      stream: {
        var: "event"
        call: {
          method: "agent.v1.AgentService/WatchRun"
          set: [ { name: "run_id" by: "args.run_id" }, { name: "after_seq" by: "resume.orValue(0u)" } ]
        }
        if: "!event.internal"
        until: "event.final"
        position: "event.seq"
        ${more}
      }
    };
  }`;
const WEB = `syntax = "proto3";
package web.v1;
import "agent/v1/agent.proto";
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
import "bff/v1/stream.proto";
option (bff.v1.file).upstream = { timeout: "4s" retry: { attempts: 1 } };
service RunService {
  option (bff.v1.service) = {};${rpc("FollowRun", "")}${rpc("FollowBusyRun", 'idle: "300ms"')}}
message FollowRunRequest { string run_id = 1; }
message RunUpdate {
  option (bff.v1.message) = {
    let: [
      { name: "run" call: { method: "agent.v1.AgentService/GetRun" set: { name: "run_id" by: "args.run_id" } } },
      { name: "owner" supplementary: true call: { method: "agent.v1.AgentService/GetUser" set: { name: "id" by: "run.owner_id" } } },
      { name: "actor" supplementary: true call: { method: "agent.v1.AgentService/GetUser" set: { name: "id" by: "args.event.actor_id" } } },
      { guard: { if: "args.event.text == 'poison'" fail: { code: DATA_LOSS message: "unreadable" } } }
    ]
  };
  string title = 1 [(bff.v1.field).by = "run.title"];
  optional string owner_name = 2 [(bff.v1.field).by = "owner.name"];
  optional string actor_name = 3 [(bff.v1.field).by = "actor.name"];
  string text = 4 [(bff.v1.field).by = "args.event.text"];
  bff.v1.Position position = 14;
  repeated bff.v1.Degradation degraded = 15;
}
`;

const project = new GeneratedProject("streams", { "web/v1/web.proto": WEB }, { "agent/v1/agent.proto": AGENT });
const { registry } = schemaOf(requestFor({ "agent/v1/agent.proto": AGENT }));

/** What is used of the generated modules. */
interface Generated {
  createUpstreams(clients: { agent: GrpcClient }): object;
  createRunService(deps: { upstreams: object; env: object }): Listenable[];
}
interface Update extends Message {
  readonly title: string;
  readonly ownerName?: string;
  readonly actorName?: string;
  readonly text: string;
  readonly position?: { readonly token: string; readonly reset: boolean };
  readonly degraded: readonly { readonly path: string; readonly upstream: string }[];
}
let generated: Generated;
let service: DescService;
let updateSchema: DescMessage;
beforeAll(async () => {
  project.generate();
  generated = await import(join(project.folder, "web/v1/web_bff.ts"));
  const messages = await import(join(project.folder, "web/v1/web_pb.ts"));
  service = messages.RunService;
  updateSchema = messages.RunUpdateSchema;
}, 60_000);
afterAll(() => project.remove());

interface Event {
  readonly text: string;
  readonly actor: string;
  readonly internal?: boolean;
}
const EVENTS: readonly Event[] = [
  { text: "one", actor: "ada" },
  { text: "two", actor: "bob" },
  { text: "inner", actor: "ada", internal: true },
  { text: "four", actor: "ada" },
];

function encoded(name: string, init: Readonly<Record<string, unknown>>): Uint8Array {
  const desc = registry.getMessage(`agent.v1.${name}`);
  if (desc === undefined) throw new Error(`no ${name}`);
  return toBinary(desc, create(desc, init));
}
/** The varint of field 2, `after_seq`; the numbers of these tests have one byte. */
const afterOf = (request: Uint8Array): number => (request.at(-2) === 0x10 ? (request.at(-1) ?? 0) : 0);

interface Faults {
  /** Whether it is followed with an idle. */
  readonly idle?: boolean;
  readonly run?: number;
  /** By id. */
  readonly users?: Readonly<Record<string, number>>;
}

/** One follower of a run, over everything. */
async function follow(
  plays: readonly Play[],
  { run: refused, users = {}, idle = false }: Faults = {},
  events = EVENTS,
  resume?: string,
) {
  const all = events.map(({ text, actor, internal = false }, i) =>
    encoded("RunEvent", { seq: BigInt(i + 1), text, actorId: actor, internal, final: i + 1 === events.length }),
  );
  const upstream = await startStreaming({
    plays,
    items: (request) => all.slice(afterOf(request)),
    answer: (method, request) => {
      if (method === "GetRun") return refused ?? encoded("Run", { title: "Run 7", ownerId: "own" });
      const id = Buffer.from(request.subarray(2)).toString();
      return users[id] ?? encoded("User", { name: id.toUpperCase() });
    },
  });
  const client = new GrpcClient([upstream.url]);
  const server = await listen(
    generated.createRunService({ upstreams: generated.createUpstreams({ agent: client }), env: {} }),
    { host: "127.0.0.1", port: 0 },
  );
  onTestFinished(async () => {
    await server.close(0);
    client.close();
    upstream.close();
  });
  const transport = createGrpcTransport({ baseUrl: server.url });
  const got: Update[] = [];
  let error: ConnectError | undefined;
  try {
    type Rpc = (request: object, options: object) => AsyncIterable<Update>;
    const rpcs = createClient(service, transport) as unknown as Readonly<Record<"followRun" | "followBusyRun", Rpc>>;
    const headers = resume === undefined ? {} : { "bff-resume": resume };
    for await (const update of rpcs[idle ? "followBusyRun" : "followRun"]({ runId: "7" }, { headers }))
      got.push(update);
  } catch (thrown) {
    error = ConnectError.from(thrown);
  }
  await upstream.idle();
  return { got, error, afters: upstream.openings.map(afterOf), calls: upstream.calls };
}

/** The same message composed by a unary rpc, for each item is composed as one request is. */
const TWIN = `${WEB.slice(0, WEB.indexOf("service RunService"))}
service TwinService {
  option (bff.v1.service) = {};
  rpc One(OneRequest) returns (RunUpdate);
}
message OneRequest { string run_id = 1; agent.v1.RunEvent event = 2; }
${WEB.slice(WEB.indexOf("message RunUpdate"))}`;
let twin: Ir | undefined;
const CODES = { 5: "NOT_FOUND", 13: "INTERNAL", 14: "UNAVAILABLE" } as const;

/** What an event has to come to, as the oracle says. */
function expected(event: Event, { users = {} }: Faults = {}): object {
  twin ??= irOf({ "agent/v1/agent.proto": AGENT, "web/v1/twin.proto": TWIN });
  const user = (id: string): Call => {
    const code = users[id] as keyof typeof CODES | undefined;
    return [
      "agent.v1.AgentService/GetUser",
      { id },
      code === undefined ? { name: id.toUpperCase() } : fails(CODES[code]),
    ];
  };
  const {
    answer,
    degraded = [],
    ...rest
  } = run(twin, "web.v1.TwinService/One", {
    request: { runId: "7", event: { text: event.text, actorId: event.actor } },
    calls: [
      ["agent.v1.AgentService/GetRun", { runId: "7" }, { title: "Run 7", ownerId: "own" }],
      ...["own", event.actor].map(user),
    ],
  });
  const { header: _, ...wrong } = rest;
  expect(wrong).toEqual({});
  return { answer, degraded };
}
function seen(update: Update): object {
  const { degraded, position: _, ...answer } = toJson(updateSchema, update) as Record<string, JsonValue>;
  const all = (degraded ?? []) as readonly Readonly<Record<string, string>>[];
  const texts = all.map(({ path, effect, reason, upstream }) => `${path} ${effect} ${reason} ${upstream}`);
  return { answer, degraded: texts.map((text) => text.replace("EFFECT_", "").replace("REASON_", "")) };
}
const expectedAll = (events: readonly Event[], faults?: Faults): object[] =>
  events.filter(({ internal }) => internal !== true).map((event) => expected(event, faults));

const WHOLE: Play = { end: "hang" };

describe("a stream of an upstream that", () => {
  test("succeeds ends with OK when `until` holds, and is cancelled", { timeout: 60_000 }, async () => {
    const { got, error, afters } = await follow([WHOLE]);
    expect(got.map(seen)).toEqual(expectedAll(EVENTS));
    expect([error, afters]).toEqual([undefined, [0]]);
    expect(new Set(got.map(({ position }) => position?.token)).size).toBe(3);
  });
  test("ends before `until` holds ends with OK", { timeout: 60_000 }, async () => {
    const { got, error } = await follow([{ items: 2, end: "end" }]);
    expect(got.map(seen)).toEqual(expectedAll(EVENTS.slice(0, 2)));
    expect(error).toBe(undefined);
  });

  const twice = "it resumes after its last item, unnoticed by callers";
  const REOPENED: readonly [string, Play][] = [
    ["UNAVAILABLE at once", { items: 0, end: { status: 14 } }],
    ["reset at once", { items: 0, end: "reset" }],
    ["UNAVAILABLE after two items", { items: 2, end: { status: 14 } }],
    ["reset after two items", { items: 2, end: "reset" }],
    ["reset after an item that was dropped", { items: 3, end: "reset" }],
    ["connection cut after two items", { items: 2, end: "cut" }],
  ];
  const SILENT: readonly [string, Play][] = [
    ["from the beginning", { items: 0, end: "hang" }],
    ["without even headers", { items: 0, end: "mute" }],
    ["after two items", { items: 2, end: "hang" }],
    ["with an item that never ends, after two", { items: 2, end: "never-ending item" }],
  ];
  test.each(SILENT)(`is silent for longer than its idle, %s: ${twice}`, { timeout: 60_000 }, async (_, play) => {
    const { got, error, afters } = await follow([play, WHOLE], { idle: true });
    expect(got.map(seen)).toEqual(expectedAll(EVENTS));
    // On a machine that is busy it may have seemed silent once more.
    expect([error, afters.length > 1]).toEqual([undefined, true]);
  });
  test.each(REOPENED)(`breaks, %s: ${twice}`, { timeout: 60_000 }, async (_, play) => {
    const { got, error, afters } = await follow([play, WHOLE]);
    expect(got.map(seen)).toEqual(expectedAll(EVENTS));
    expect(got.some(({ position }) => position?.reset === true)).toBe(false);
    expect([error, afters]).toEqual([undefined, [0, play.items]]);
  });

  const FINAL: readonly [string, Play, Code][] = [
    ["NOT_FOUND at once", { items: 0, end: { status: 5 } }, Code.Internal],
    ["FAILED_PRECONDITION after two items", { items: 2, end: { status: 9 } }, Code.Internal],
    ["garbage at once", { items: 0, end: "garbage" }, Code.Internal],
    ["garbage after two items", { items: 2, end: "garbage" }, Code.Internal],
    ["an item above 16 MiB after two", { items: 2, end: "oversize" }, Code.Internal],
    ["no trailers after two items", { items: 2, end: "no trailers" }, Code.Internal],
  ];
  test.each(FINAL)(
    "fails, %s, sends the earlier items and then the failure",
    { timeout: 60_000 },
    async (_, play, code) => {
      const { got, error, afters } = await follow([play, WHOLE]);
      expect(got.map(seen)).toEqual(expectedAll(EVENTS.slice(0, play.items)));
      expect([error?.code, afters]).toEqual([code, [0]]);
      expect(error?.rawMessage).not.toContain("secret");
      expect(error?.metadata.get("bff-resume") ?? undefined).toBe(got.at(-1)?.position?.token);
    },
  );

  test("is resumed with a client's token starts after that token", { timeout: 60_000 }, async () => {
    const first = await follow([{ items: 2, end: "garbage" }]);
    const token = first.error?.metadata.get("bff-resume") ?? undefined;
    const { got, afters } = await follow([WHOLE], {}, EVENTS, token);
    expect(got.map(seen)).toEqual(expectedAll(EVENTS.slice(2)));
    expect(afters).toEqual([2]);
  });
});

describe("a failing call:", () => {
  test.each([
    ["the opening that is critical", { run: 14 }, Code.Unavailable],
    ["the opening that is critical, refused", { run: 5 }, Code.Internal],
  ] as const)("%s fails the request, and no stream is opened", { timeout: 60_000 }, async (_, faults, code) => {
    const { got, error, afters } = await follow([WHOLE], faults);
    expect([got, error?.code, afters]).toEqual([[], code, []]);
  });
  test.each([
    ["the opening", { users: { own: 14 } }],
    ["an item", { users: { bob: 5 } }],
    ["either", { users: { own: 13, ada: 14 } }],
  ] as const)(
    "%s that is supplementary degrades the messages that depend on it",
    { timeout: 60_000 },
    async (_, faults) => {
      const { got, error, calls } = await follow([WHOLE], faults);
      expect(got.map(seen)).toEqual(expectedAll(EVENTS, faults));
      expect(error).toBe(undefined);
      // Once for the opening, and once for each message.
      expect(calls.filter((method) => method === "GetRun")).toHaveLength(1);
      expect(calls.filter((method) => method === "GetUser")).toHaveLength(1 + 3);
    },
  );
  test("a guard that holds for an item ends the stream after the items before it", {
    timeout: 60_000,
  }, async () => {
    const events = [...EVENTS.slice(0, 2), { text: "poison", actor: "ada" }, { text: "never", actor: "ada" }];
    const { got, error } = await follow([WHOLE], {}, events);
    expect(got.map(seen)).toEqual(expectedAll(events.slice(0, 2)));
    expect([error?.code, error?.rawMessage]).toEqual([Code.DataLoss, "unreadable"]);
    expect(error?.metadata.get("bff-resume") ?? undefined).toBe(got.at(-1)?.position?.token);
  });
});
