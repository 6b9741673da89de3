// Holds docs/runtime.md#deadlines
// Holds docs/runtime.md#cancellation
// Holds docs/runtime.md#failures
// Holds docs/runtime.md#retries
// Holds docs/runtime.md#upstream-connections
import * as http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { AnySchema, anyPack } from "@bufbuild/protobuf/wkt";
import { Code as ConnectCode, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import {
  connectNodeAdapter,
  createConnectTransport,
  createGrpcTransport,
  Http2SessionManager,
} from "@connectrpc/connect-node";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Upstream } from "../call/upstream.ts";
import { endpoint } from "../endpoint/endpoint.ts";
import { Code } from "../failure.ts";
import { routes } from "../routes/routes.ts";
import {
  BatchGetRequestSchema,
  type BatchGetResponse,
  BatchGetResponseSchema,
  type Card,
  Front,
  GetRequestSchema,
  type Page,
  PageSchema,
  type ShowRequest,
  type Thing,
  ThingSchema,
  Upstream as UpstreamService,
} from "../testing/gen/test_pb.ts";
import { H2Upstream, type Received, refuse, reply } from "../testing/h2-upstream.ts";
import { testedHttp2 } from "../testing/tested-http2.ts";
import { GrpcClient } from "../transport/grpc/grpc-client.ts";
import type { Request } from "./request.ts";

// ---- as the compiler writes it ----

const UPSTREAM = {
  breaker: { errorRate: 0.5, windowMs: 10_000, minimum: 20, openMs: 1_000, probes: 1 },
  limit: { concurrent: 100, queued: 1_000 },
};
const CALL = {
  timeoutMs: 400,
  retry: { attempts: 3, on: [Code.UNAVAILABLE], initialMs: 2, maxMs: 20, multiplier: 2 },
  forward: ["authorization"],
};
const USAGE_CALL = { ...CALL, timeoutMs: 390 };

function createApp({ things }: { things: Upstream }) {
  return {
    getAgent: things.unary(UpstreamService.method.get, CALL),
    getUsage: things.unary(UpstreamService.method.get, USAGE_CALL),
    thingById: {
      rpc: things.unary(UpstreamService.method.batchGet, CALL),
      request: (ids: string[]) => ({ ids }),
      items: (response: BatchGetResponse) => response.things,
      key: (item: Thing) => item.id,
      max: 100,
    },
  };
}
type App = ReturnType<typeof createApp>;

async function composePage(cx: Request<App>, args: ShowRequest): Promise<Page> {
  const { getAgent, getUsage } = cx.app;
  if (args.id === "") throw cx.refuse(Code.INVALID_ARGUMENT, "id is missing");
  const agentStep = cx.call(
    getAgent,
    { id: "agent" },
    {
      rescue: (error) => {
        if (error.code !== Code.NOT_FOUND) return error;
        const missing = error.detail(ThingSchema);
        const details = missing && [{ desc: ThingSchema, value: missing }];
        return cx.refuse(Code.NOT_FOUND, `no agent ${missing?.id}`, undefined, details);
      },
    },
  );
  const usageStep = cx.tryCall(getUsage, { id: "usage" });
  const factsStep = cx.tryStep(async () => {
    const usage = await usageStep;
    if (usage === undefined) return undefined;
    return cx.send(getAgent, { id: `facts-${usage.id}` });
  });
  const cardsStep = cx.step(async () => {
    const agent = await agentStep;
    return Promise.all(agent.tags.map((tag) => composeCard(cx, { tag })));
  });
  const agent = await agentStep;
  const usage = await usageStep;
  const facts = await factsStep;
  const cards = await cardsStep;
  const page: Page = {
    ...create(PageSchema),
    title: agent.id,
    spentCents: usage?.count,
    facts: facts?.tags ?? [],
    cards,
  };
  if (cx.degraded) {
    cx.touched(page, "spent_cents", usage !== undefined, usageStep);
    cx.touched(page, "facts", facts !== undefined, usageStep, factsStep);
  }
  return page;
}
async function composeCard(cx: Request<App>, args: { readonly tag: string }): Promise<Card> {
  const ownerStep = cx.tryLoad(cx.app.thingById, args.tag);
  const owner = await ownerStep;
  const card: Card = { $typeName: "test.v1.Card", id: args.tag, ownerName: owner?.id };
  if (cx.degraded) cx.touched(card, "owner_name", owner !== undefined, ownerStep);
  return card;
}

// ---- around it ----

const TAGS = ["a", "b", "a", "c"];
const idOf = ({ body }: Received): string => fromBinary(GetRequestSchema, body).id;
const isBatch = ({ headers }: Received): boolean => headers[":path"] === "/test.v1.Upstream/BatchGet";
function answer(received: Received): void {
  const id = isBatch(received) ? "batch" : idOf(received);
  const mode = modes[id] ?? "ok";
  if (mode === "hang") return;
  if (mode === "reset") received.stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
  else if (mode !== "ok") refuse(received, String(mode), { "grpc-message": "secret words" });
  else if (isBatch(received)) {
    const { ids } = fromBinary(BatchGetRequestSchema, received.body);
    reply(
      received,
      toBinary(BatchGetResponseSchema, create(BatchGetResponseSchema, { things: ids.map((id) => ({ id })) })),
    );
  } else reply(received, toBinary(ThingSchema, create(ThingSchema, { id, count: 7n, tags: TAGS })));
}
let modes: Record<string, Code | "ok" | "hang" | "reset"> = {};
let upstream: H2Upstream;
let client: GrpcClient;
let things: Upstream;
let server: http2.Http2Server;
const sessions: Http2SessionManager[] = [];
let transports: Record<"grpc" | "connect", Transport>;

beforeEach(async () => {
  modes = {};
  upstream = await new H2Upstream(answer).start();
  client = new GrpcClient(upstream.url, { http2: testedHttp2() });
  things = new Upstream("test.v1.Upstream", client, UPSTREAM);
  const endpoints = [
    endpoint(Front.method.show, createApp({ things }), {
      timeoutMs: 2_000,
      compose: composePage,
      degraded: (page, entries) => {
        page.degraded = entries.map(({ path }) => ({ $typeName: "test.v1.Note", text: path }));
      },
    }),
  ];
  server = http2.createServer(connectNodeAdapter({ routes: routes(endpoints) }));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const manager = () => {
    const sessionManager = new Http2SessionManager(baseUrl);
    sessions.push(sessionManager);
    return sessionManager;
  };
  transports = {
    grpc: createGrpcTransport({ baseUrl, sessionManager: manager() }),
    connect: createConnectTransport({ baseUrl, httpVersion: "2", sessionManager: manager() }),
  };
});
afterEach(async () => {
  for (const session of sessions.splice(0)) session.abort();
  await new Promise((resolve) => server.close(resolve));
  await client.close();
  await upstream.stop();
});

async function show(
  protocol: "grpc" | "connect",
  id = "x",
  options: { timeoutMs?: number; signal?: AbortSignal } = {},
) {
  let header: string | null = null;
  const headers = { authorization: "Bearer x" };
  const onHeader = (all: Headers): void => {
    header = all.get("bff-degraded");
  };
  try {
    const page = await createClient(Front, transports[protocol]).show({ id }, { headers, onHeader, ...options });
    return { page, header };
  } catch (error) {
    return { error: ConnectError.from(error), header };
  }
}
const countOf = (id: string): number => upstream.received.filter((each) => !isBatch(each) && idOf(each) === id).length;

test.each(["grpc", "connect"] as const)("a complete answer over %s", async (protocol) => {
  const { page, header } = await show(protocol);
  expect(page).toMatchObject({ title: "agent", spentCents: 7n, facts: TAGS, degraded: [] });
  expect(page?.cards.map(({ id, ownerName }) => [id, ownerName])).toEqual(TAGS.map((tag) => [tag, tag]));
  expect(header).toBe(null);
  const batches = upstream.received.filter(isBatch);
  expect(batches.map(({ body }) => fromBinary(BatchGetRequestSchema, body).ids)).toEqual([["a", "b", "c"]]);
  expect(upstream.received.every(({ headers }) => headers.authorization === "Bearer x")).toBe(true);
});

test.each(["grpc", "connect"] as const)("a degraded answer over %s", async (protocol) => {
  modes = { usage: Code.UNAVAILABLE, batch: Code.INTERNAL };
  const { page, header } = await show(protocol);
  expect(page?.degraded.map(({ text }) => text)).toEqual([
    "spent_cents",
    "facts",
    ...TAGS.map((_, i) => `cards[${i}].owner_name`),
  ]);
  expect(header).toBe("spent_cents,facts,cards[*].owner_name");
  expect(countOf("usage")).toBe(3);
});

test("a hanging call is reset on the wire at its timeout", async () => {
  modes = { usage: "hang" };
  const { header } = await show("grpc");
  expect(header).toBe("spent_cents,facts");
  const hanging = upstream.received.find((each) => !isBatch(each) && idOf(each) === "usage");
  expect(hanging?.headers["grpc-timeout"]).toMatch(/^([1-3]?\d?\d)m$/); // of 390, less what was used
  expect(await hanging?.closed).toBe(http2.constants.NGHTTP2_CANCEL);
});

test("a critical failure has a fixed text, and cancels the other calls", async () => {
  modes = { agent: Code.FAILED_PRECONDITION, usage: "hang" };
  const { error } = await show("grpc");
  expect(error).toMatchObject({ code: ConnectCode.Internal, rawMessage: "internal error" });
  const hanging = upstream.received.find((each) => !isBatch(each) && idOf(each) === "usage");
  expect(await hanging?.closed).toBe(http2.constants.NGHTTP2_CANCEL);
});

test.each(["grpc", "connect"] as const)("an on_error rule may forward details over %s", async (protocol) => {
  const any = toBinary(AnySchema, anyPack(ThingSchema, create(ThingSchema, { id: "gone" })));
  // google.rpc.Status: code = 1, message = 2, details = 3
  const bytes = Buffer.concat([Buffer.from([8, 5, 18, 1, 120, 26, any.length]), any]).toString("base64");
  upstream.answer = (received) => refuse(received, "5", { "grpc-message": "secret", "grpc-status-details-bin": bytes });
  const { error } = await show(protocol);
  expect(error).toMatchObject({ code: ConnectCode.NotFound, rawMessage: "no agent gone" });
  expect(error?.findDetails(ThingSchema)).toMatchObject([{ id: "gone" }]);
});

test("a guard refuses before any call is sent", async () => {
  const { error } = await show("connect", "");
  expect(error).toMatchObject({ code: ConnectCode.InvalidArgument, rawMessage: "id is missing" });
  expect(upstream.received).toEqual([]);
});

test("a client that disconnects cancels its calls", async () => {
  modes = { agent: "hang", usage: "hang" };
  const controller = new AbortController();
  const shown = show("grpc", "x", { signal: controller.signal });
  const calls = [await upstream.next(), await upstream.next()];
  controller.abort();
  expect((await shown).error?.code).toBe(ConnectCode.Canceled);
  expect(await Promise.all(calls.map(({ closed }) => closed))).toEqual([8, 8]);
});

test("the client's deadline is forwarded minus the margin, and the answer arrives in time", async () => {
  modes = { agent: "hang" };
  const { error } = await show("grpc", "x", { timeoutMs: 300 });
  expect(error?.code).toBe(ConnectCode.DeadlineExceeded);
  const ms = Number(/^(\d+)m$/.exec(String(upstream.received[0]?.headers["grpc-timeout"]))?.[1]);
  expect(ms).toBeGreaterThan(0);
  expect(ms).toBeLessThanOrEqual(270);
});

test("an open breaker forbids the client to retry, by pushback", async () => {
  modes = { agent: Code.INTERNAL };
  for (let i = 0; i < 20; i++) await show("grpc");
  const { error } = await show("grpc");
  expect(error).toMatchObject({ code: ConnectCode.Unavailable, rawMessage: "unavailable" });
  expect(error?.metadata.get("grpc-retry-pushback-ms")).toBe("-1");
});

test("a refused stream is sent again without a retry policy", async () => {
  let refused = 0;
  upstream.answer = (received) => {
    if (refused++ === 0) received.stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
    else answer(received);
  };
  expect((await show("grpc")).header).toBe(null);
  expect(upstream.received.every(({ headers }) => headers["grpc-previous-rpc-attempts"] === undefined)).toBe(true);
});

test("a restarted upstream is reached again", async () => {
  await show("grpc");
  const { port } = upstream;
  await upstream.stop();
  expect((await show("grpc")).error?.code).toBe(ConnectCode.Unavailable);
  upstream = new H2Upstream(answer);
  upstream.port = port;
  await upstream.start();
  let shown = await show("grpc");
  for (let i = 0; i < 500 && shown.error !== undefined; i++) {
    await new Promise((resolve) => setTimeout(resolve, 10)); // the client's backoff is real time here
    shown = await show("grpc");
  }
  expect(shown.page?.title).toBe("agent");
}, 20_000);
