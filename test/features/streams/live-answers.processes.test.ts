// A live answer of a generated server over real sockets: the answer, a purge, the new answer, over each protocol.
// Holds docs/streams.md#live-answers
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { DescMethodServerStreaming, DescService, Message } from "@bufbuild/protobuf";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { connect, events, type FollowTransport, follow, webSocket } from "@protobff/client";
import { until } from "@protobff/runtime/internal/testing/redis-rig";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GeneratedProject } from "../../support/generated-project.ts";
import { UPSTREAMS } from "../../support/golden.ts";
import { requestFor, schemaOf } from "../../support/request.ts";
import { CARRIERS, type Carrier, type Seen } from "../protocols/protocol-carriers.ts";

const PROTOS = {
  "shop/v1/shop.proto": `syntax = "proto3";
package shop.v1;
import "bff/v1/options.proto";
import "bff/v1/stream.proto";
import "google/protobuf/field_mask.proto";
option (bff.v1.file).upstream = {
  method: "up.v1.OrderService/GetOrder" cache: { ttl: "1h" tag: "order:{answer.id}" }
};
service ShopService {
  option (bff.v1.service) = {};
  rpc WatchOrder(WatchRequest) returns (stream OrderPage) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method) = {
      stream: { live: { on: ["order:{args.id}", "item:{result.item_ids}"] } min_interval: "10ms" heartbeat: "1s" }
      tool: { description: "Gets an order." }
    };
  }
  rpc GetOrder(WatchRequest) returns (OrderPage) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc WatchPage(WatchRequest) returns (stream Page) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method).stream.live = { on: ["order:{args.id}", "lines"] every: "10m" };
  }
  rpc WatchCard(CardRequest) returns (stream Card) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method) = {
      stream: { live: { on: "order:{args.id}" } min_interval: "10ms" } fields: "args.mask"
    };
  }
}
message WatchRequest { string id = 1; }
message CardRequest {
  string id = 1;
  google.protobuf.FieldMask mask = 2;
}
message Card {
  option (bff.v1.message).let = {
    name: "order" call: { method: "up.v1.OrderService/GetOrder" set: { name: "id" by: "args.id" } }
  };
  option (bff.v1.message).let = {
    name: "item" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "order.item_id" } }
  };
  int32 count = 1 [(bff.v1.field).by = "order.count"];
  string item = 2 [(bff.v1.field).by = "item.name"];
}
message OrderPage {
  option (bff.v1.message).let = {
    name: "order" call: { method: "up.v1.OrderService/GetOrder" set: { name: "id" by: "args.id" } }
  };
  option (bff.v1.message).let = {
    name: "item"
    call: {
      method: "up.v1.ItemService/GetItem" set: { name: "id" by: "order.item_id" }
      cache: { ttl: "1h" tag: "item:{answer.id}" }
    }
  };
  int32 count = 1 [(bff.v1.field).by = "order.count"];
  string item = 2 [(bff.v1.field).by = "item.name"];
  repeated string item_ids = 3 [(bff.v1.field).by = "[item.id]"];
  bff.v1.Position position = 14;
}
message Page {
  option (bff.v1.message).let = {
    name: "order" call: { method: "up.v1.OrderService/GetOrder" set: { name: "id" by: "args.id" } }
  };
  option (bff.v1.message).let = {
    name: "lines"
    each: {
      var: "id" in: "['a', 'b', order.item_id]" max: 3
      compose: { message: "Line" args: [{ name: "id" by: "id" }] }
    }
  };
  option (bff.v1.message).let = {
    name: "banner" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "'banner'" } }
  };
  int32 count = 1 [(bff.v1.field).by = "order.count"];
  string banner = 2 [(bff.v1.field).by = "banner.name"];
  repeated Line lines = 3 [(bff.v1.field).by = "lines"];
}
message Line {
  option (bff.v1.message).let = {
    name: "item"
    call: {
      method: "up.v1.ItemService/BatchGetItems" batch: { name: "ids" by: "args.id" items: "items" key: "id" }
      cache: { ttl: "1h" tag: "lines" }
    }
  };
  optional string name = 1 [(bff.v1.field).by = "item.name"];
}
`,
};
const project = new GeneratedProject("live-answers", PROTOS);
beforeAll(() => project.generate("mock=true", "plan=json"));
afterAll(() => project.remove());

const { registry } = schemaOf(requestFor({ ...UPSTREAMS, ...PROTOS }));
const WATCH = registry.getService("shop.v1.ShopService")?.method.watchOrder as DescMethodServerStreaming;
const BFF_PURGE_TOKEN = "0123456789abcdef";
interface TestShop {
  watchPage(request: object): { next(): Promise<unknown> };
  purge(...tags: string[]): void;
  close(): void;
}
type Page = Message & { readonly count: number; readonly item: string };

/** A server over two upstreams whose data tests change. */
async function served(more: Readonly<Record<string, string>> = {}) {
  const state = { count: 1, name: "tea", itemId: "i1", orders: 0, items: 0, fails: false };
  const handlers = {
    "up.v1.OrderService/GetOrder": ({ id }: { id: string }) => {
      state.orders++;
      if (state.fails) throw new Error("the order is away");
      return { id, itemId: state.itemId, count: state.count };
    },
    "up.v1.ItemService/GetItem": ({ id }: { id: string }) => {
      state.items++;
      return { id, name: `${state.name} ${id}` };
    },
  };
  const env = { BFF_ADMIN_PORT: "0", BFF_ADMIN_HOST: "127.0.0.1", BFF_PURGE_TOKEN, ...more };
  const server = await project.served("shop/v1/server.ts", handlers, env);
  const purge = async (...tags: string[]): Promise<void> => {
    const headers = { authorization: `Bearer ${BFF_PURGE_TOKEN}` };
    const body = JSON.stringify({ tags });
    expect((await fetch(new URL("/purge", server.metrics), { method: "POST", headers, body })).status).toBe(200);
  };
  return { ...server, state, purge };
}

/** Follows the order over a transport. `next` returns the next message. */
function watch(over: FollowTransport, options: { resume?: string } = {}) {
  const leaving = new AbortController();
  const all = follow(WATCH, { id: "7" } as never, { over, signal: leaving.signal, ...options });
  const messages = all[Symbol.asyncIterator]();
  const next = async () => {
    const { value } = await messages.next();
    const { message, token, reset } = value as { message: Page; token: string | undefined; reset: boolean };
    return { text: `${message.count} ${message.item}${reset ? " reset" : ""}`, token };
  };
  return { next, leave: () => leaving.abort(), messages };
}

const PROTOCOLS: readonly (readonly [name: string, over: (baseUrl: string) => FollowTransport])[] = [
  ["Connect", (baseUrl) => connect(createConnectTransport({ baseUrl, httpVersion: "2" }))],
  ["gRPC", (baseUrl) => connect(createGrpcTransport({ baseUrl }))],
  ["gRPC-Web", (baseUrl) => connect(createGrpcWebTransport({ baseUrl, httpVersion: "1.1" }))],
  ["server-sent events", (baseUrl) => events({ baseUrl })],
  ["a WebSocket", (baseUrl) => webSocket({ baseUrl })],
];

describe.each(PROTOCOLS)("over %s", (_name, over) => {
  test("a purge leads to the new answer, with the calls of its tag alone", async () => {
    const { url, metrics, state, purge } = await served();
    const { next, leave } = watch(over(url));
    expect((await next()).text).toBe("1 tea i1");
    state.name = "mate";
    await purge("item:i1");
    expect((await next()).text).toBe("1 mate i1 reset");
    expect([state.orders, state.items]).toEqual([1, 2]);
    state.itemId = "i2";
    await purge("order:7");
    expect((await next()).text).toBe("1 mate i2 reset");
    expect([state.orders, state.items]).toEqual([2, 3]);
    // The tag of the item that the answer had before is no longer one of it.
    await purge("item:i1");
    state.count = 2;
    await purge("order:7");
    const { text, token } = await next();
    expect(text).toBe("2 mate i2 reset");
    leave();
    expect(state.orders).toBe(3);
    // A client that returns with its answer receives nothing before the next change.
    const again = watch(over(url), { ...(token !== undefined && { resume: token }) });
    const first = again.next();
    await until(async () => /bff_followers 1\b/.test(await (await fetch(metrics)).text()));
    state.count = 3;
    await purge("order:7");
    expect((await first).text).toBe("3 mate i2 reset");
    again.leave();
  });
});

test("followers of equal requests share a composition, and each gets only the fields of its mask", async () => {
  const { url, state, purge } = await served();
  const method = registry.getService("shop.v1.ShopService")?.method.watchCard as DescMethodServerStreaming;
  const leaving = new AbortController();
  const open = (paths?: readonly string[]) => {
    const request = { id: "7", ...(paths !== undefined && { mask: { paths } }) };
    const over = connect(createGrpcTransport({ baseUrl: url }));
    const messages = follow(method, request as never, { over, signal: leaving.signal })[Symbol.asyncIterator]();
    return async () => {
      const { count, item } = ((await messages.next()).value as { readonly message: Page }).message;
      return `${count} ${item}`;
    };
  };
  const all = [open(), open(), open(["count"]), open(["item"])];
  const now = () => Promise.all(all.map((next) => next()));
  expect(await now()).toEqual(["1 tea i1", "1 tea i1", "1 ", "0 tea i1"]);
  const before = state.items;
  Object.assign(state, { count: 2, name: "mate" });
  await purge("order:7");
  expect(await now()).toEqual(["2 mate i1", "2 mate i1", "2 ", "0 mate i1"]);
  // The item has no cache: one call for both who see all fields, one for the third mask.
  expect(state.items - before).toBe(2);
  leaving.abort();
});

test("BFF_MAX_FOLLOWERS bounds open answers, and the place of one that leaves is free", async () => {
  const { url } = await served({ BFF_MAX_FOLLOWERS: "1" });
  const message = encodeURIComponent('{"id":"7"}');
  const opened = async () => {
    const leaving = new AbortController();
    const headers = { accept: "text/event-stream" };
    const path = `/shop.v1.ShopService/WatchOrder?encoding=json&message=${message}`;
    const { status, headers: received } = await fetch(`${url}${path}`, { headers, signal: leaving.signal });
    return { of: [status, received.get("bff-refused")], leave: () => leaving.abort() };
  };
  const first = await opened();
  expect([first.of, (await opened()).of]).toEqual([
    [200, null],
    [200, "resource_exhausted"],
  ]);
  first.leave();
  await until(async () => {
    const next = await opened();
    next.leave();
    return next.of[1] === null;
  });
});

test("a tool returns the first answer", async () => {
  const { url } = await served();
  const service = registry.getService("shop.v1.ShopService") as DescService;
  const mcp = CARRIERS.find(([, name]) => name === "a tool of MCP")?.[2] as Carrier;
  const { messages } = (await mcp({ url, service }, "WatchOrder", { id: "7" })) as Seen;
  expect(messages).toMatchObject([{ count: 1, item: "tea i1" }]);
});

test("on mocks, the calls after each trigger are those that the plan prints", async () => {
  const { createTestBff } = (await import(join(project.folder, "shop/v1/shop_mock.ts"))) as {
    createTestBff(options: object): TestShop;
  };
  const report = JSON.parse(readFileSync(join(project.folder, "shop/v1/shop_plan.json"), "utf8"));
  const [{ live }] = report.rpcs.filter(({ rpc }: { rpc: string }) => rpc.endsWith("/WatchPage"));
  const called = new Set<string>();
  let version = 0;
  const answer = (method: string) => (request: { id?: string }) => {
    called.add(method);
    version++;
    return { id: request.id, itemId: `i${version}`, name: `${method} ${version}`, count: version };
  };
  const mocks = {
    order: { getOrder: answer("GetOrder") },
    item: {
      getItem: answer("GetItem"),
      batchGetItems: ({ ids }: { ids: string[] }) => ({ items: ids.map((id) => answer("BatchGetItems")({ id })) }),
    },
  };
  const bff = createTestBff({ mocks });
  const page = bff.watchPage({ id: "7" });
  await page.next();
  const methods: Record<string, string> = { order: "GetOrder", banner: "GetItem", "Line.item": "BatchGetItems" };
  const calledSince = (): string[] => {
    const all = [...called].sort();
    called.clear();
    return all;
  };
  expect(calledSince()).toEqual(["BatchGetItems", "GetItem", "GetOrder"]);
  for (const { trigger, runs } of live.on as { trigger: string; runs: string[] }[]) {
    bff.purge(trigger.replaceAll(/\{.*?\}/g, "7"));
    await page.next();
    expect([trigger, calledSince()]).toEqual([trigger, runs.map((step) => methods[step]).sort()]);
  }
  expect(live.on).toHaveLength(2);
  bff.close();
});

test("a failing upstream keeps the stream open, and the new answer arrives when it works again", async () => {
  expect(project.typeChecked()).toBe("");
  const { url, state, purge } = await served();
  const { next, leave } = watch(events({ baseUrl: url }));
  await next();
  state.fails = true;
  state.count = 5;
  await purge("order:7");
  await until(async () => state.orders > 2);
  state.fails = false;
  expect((await next()).text).toBe("5 tea i1 reset");
  leave();
});
