// One upstream that hangs, its places taken and its queue full: calls to others go as if it were not there. By the order of events, on
// real connections, with nothing that depends on time.
// Holds docs/runtime.md#limits
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { endpoint, GrpcClient, type Request, Upstream } from "@protobff/runtime";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AgentService, GetSummaryRequestSchema, SummarySchema } from "../../../generated/agent/v1/agent_pb.ts";
import { type Home, HomeSchema, HomeService } from "../../../generated/mobile/v1/mobile_pb.ts";
import { NotifyService } from "../../../generated/notify/v1/notify_pb.ts";
import { listen } from "../../../packages/server/src/listen.ts";
import { type FaultyUpstream, startFaulty } from "../../proofs/matrix/faulty-upstream.ts";

const CONCURRENT = 2;
const QUEUED = 3;
const HELD = CONCURRENT + QUEUED;
const MINUTES = 600_000;

const opened: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

interface World {
  /** Asks; what was asked for ends up in `ended`, whatever came of it. */
  send(what: "hanging" | "good" | "both"): Promise<Home>;
  readonly ended: string[];
  readonly hanging: FaultyUpstream;
  /** Resolves when a call with this number of its service has begun. */
  begun(service: string, number: number): Promise<void>;
  /** The clients of all that still wait are gone. */
  leave(): void;
}
let world: World;

beforeEach(async () => {
  const summary = (_: string, request: Uint8Array) => {
    const { workspaceId } = fromBinary(GetSummaryRequestSchema, request);
    return toBinary(SummarySchema, create(SummarySchema, { displayName: workspaceId }));
  };
  const hanging = await startFaulty("hang", () => new Uint8Array());
  const good = await startFaulty("answer", summary);
  const begun: string[] = [];
  const waiting = new Set<() => void>();
  const observer = {
    callStart: ({ service }: { readonly service: string }) => {
      begun.push(service);
      for (const look of waiting) look();
    },
  };
  const clients = { notify: new GrpcClient(hanging.url), agent: new GrpcClient(good.url) };
  const limit = { concurrent: CONCURRENT, queued: QUEUED };
  const options = { observer };
  const notify = new Upstream(NotifyService.typeName, clients.notify, { limit }, options);
  const agent = new Upstream(AgentService.typeName, clients.agent, { limit }, options);
  const app = {
    countUnread: notify.unary(NotifyService.method.countUnread, {}),
    getSummary: agent.unary(AgentService.method.getSummary, {}),
  };
  const compose = async (cx: Request<typeof app>, { workspaceId }: { readonly workspaceId: string }): Promise<Home> => {
    const { countUnread, getSummary } = cx.app;
    const unread = workspaceId === "good" ? undefined : cx.tryCall(countUnread, {});
    const name = workspaceId === "hanging" ? undefined : (await cx.call(getSummary, { workspaceId })).displayName;
    const home = create(HomeSchema, { name: name ?? "", unread: (await unread)?.count });
    if (cx.degraded) cx.touched(home, "unread", home.unread !== undefined, unread);
    return home;
  };
  const degraded = (home: Home, entries: Home["degraded"]) => {
    home.degraded = entries;
  };
  const server = await listen([endpoint(HomeService.method.getHome, app, { timeoutMs: MINUTES, compose, degraded })]);
  const sessionManager = new Http2SessionManager(server.url);
  const client = createClient(HomeService, createGrpcTransport({ baseUrl: server.url, sessionManager }));
  const gone = new AbortController();
  opened.push(
    async () => hanging.close(),
    async () => good.close(),
    async () => Promise.all([clients.notify.close(), clients.agent.close()]),
    async () => server.close(),
    async () => sessionManager.abort(),
    async () => gone.abort(),
  );
  const ended: string[] = [];
  world = {
    ended,
    hanging,
    send: (what) => {
      const answer = client.getHome({ workspaceId: what }, { signal: gone.signal });
      const end = () => void ended.push(what);
      answer.then(end, end);
      return answer;
    },
    async begun(service, number) {
      const there = () => begun.filter((name) => name === service).length >= number;
      if (there()) return;
      await new Promise<void>((resolve) => {
        const look = () => {
          if (there() && waiting.delete(look)) resolve();
        };
        waiting.add(look);
      });
    },
    leave: () => gone.abort(),
  };
});

/** Takes all places of the hanging upstream, and all of its queue. */
async function fill(): Promise<Promise<unknown>[]> {
  const held = Array.from({ length: HELD }, () => world.send("hanging").catch(() => undefined));
  await world.begun(NotifyService.typeName, HELD);
  return held;
}

test("a hanging upstream with a full queue refuses at once, and others answer as usual", async () => {
  const held = await fill();
  const refused = await world.send("hanging");
  expect(refused.degraded).toMatchObject([{ path: "unread", reason: 4, upstream: NotifyService.typeName }]);
  // More at a time than the hanging one has places, and more in a row than it has places and queue.
  for (let round = 0; round < 10; round++) {
    const answers = await Promise.all(Array.from({ length: CONCURRENT }, () => world.send("good")));
    expect(answers.map(({ name, degraded }) => [name, degraded.length])).toEqual(answers.map(() => ["good", 0]));
  }
  expect(world.ended.filter((what) => what === "hanging")).toHaveLength(1); // the refused one: all who were held still are
  world.leave();
  await Promise.all(held);
  await world.hanging.idle();
  expect(world.hanging.open).toBe(0);
});

test("a response that needs both has the other's part, and names the missing one", async () => {
  const held = await fill();
  for (let round = 0; round < 5; round++) {
    const { name, unread, degraded } = await world.send("both");
    expect([name, unread]).toEqual(["both", undefined]);
    expect(degraded).toMatchObject([{ path: "unread", reason: 4 }]);
  }
  expect(world.ended).toEqual(Array.from({ length: 5 }, () => "both"));
  world.leave();
  await Promise.all(held);
});

test("a call to another upstream is sent while one waits in the queue of the hanging one", async () => {
  const held = Array.from({ length: CONCURRENT }, () => world.send("hanging").catch(() => undefined));
  await world.begun(NotifyService.typeName, CONCURRENT);
  const both = world.send("both").catch((error) => ConnectError.from(error).code);
  await world.begun(AgentService.typeName, 1);
  await world.send("good");
  expect(world.ended).toEqual(["good"]);
  world.leave();
  expect(await both).toBe(Code.Canceled);
  await Promise.all(held);
});
