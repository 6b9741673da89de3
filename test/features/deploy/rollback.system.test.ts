// A deployment and its rollback: two versions of a generated server beside each other, over one Redis and one NATS. Requests and followers
// continue meanwhile.
// Holds docs/runtime.md#rate-limits
import { request } from "node:http";
import { create, type DescMethodServerStreaming, type Message, toBinary } from "@bufbuild/protobuf";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { connect, events, type FollowTransport, follow } from "@protobff/client";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type OpenidProvider, startOpenidProvider } from "../../../packages/server/src/testing/openid-provider.ts";
import { pairsOf, TestBrowser } from "../../../packages/server/src/testing/test-browser.ts";
import { startNats } from "../../../runtime/src/testing/nats-rig.ts";
import { startRedis, until } from "../../../runtime/src/testing/redis-rig.ts";
import { GeneratedProject } from "../../support/generated-project.ts";
import { UPSTREAMS } from "../../support/golden.ts";
import { requestFor, schemaOf } from "../../support/request.ts";
import { balanced } from "../streams/balancer.ts";

const PROTO = "shop/v1/shop.proto";
const OLD = `syntax = "proto3";
package shop.v1;
import "bff/v1/options.proto";
import "bff/v1/stream.proto";
import "google/protobuf/timestamp.proto";
option (bff.v1.file) = {
  env: { name: "ISSUER" type: "string" }
  identity: {
    type: "shop.v1.Person"
    source: {
      name: "browser"
      session: { issuer: "{env.ISSUER}" client_id: "web" }
      set: [{ name: "subject" by: "credential.subject" }]
    }
  }
  upstream: { service: "up.v1.ItemService" cache: { ttl: "10m" } }
};
message Person { string subject = 1; }
service ShopService {
  option (bff.v1.service) = {
    permit: {}
    topic: { name: "item" type: "up.v1.Item" subject: "items.{key}.events" jetstream: "ITEMS" until: "event.name == 'last'" }
  };
  rpc GetPage(GetRequest) returns (Page) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method).cache = { ttl: "10m" };
  }
  rpc GetLine(GetRequest) returns (Line) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Buy(GetRequest) returns (Bought) {
    option (bff.v1.method).rate_limit = { name: "buy" key: "principal.subject" rate: 40 per: "24h" burst: 40 closed: true };
  }
  rpc Follow(GetRequest) returns (stream Event) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method).stream = { var: "event" follow: { topic: "item" key: "args.id" } };
  }
}
message GetRequest { string id = 1; }
message Page {
  option (bff.v1.message) = { let: [
    { name: "item" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } } }
  ] };
  string title = 1 [(bff.v1.field).by = "item.name"];
  google.protobuf.Timestamp composed = 2 [(bff.v1.field).by = "now"];
}
message Line {
  option (bff.v1.message).let = {
    name: "item" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } }
  };
  string title = 1 [(bff.v1.field).by = "item.name"];
}
message Bought { string id = 1 [(bff.v1.field).by = "args.id"]; }
message Event {
  string text = 1 [(bff.v1.field).by = "args.event.name"];
  bff.v1.Position position = 14;
}
`;
/** Changes of the newer version: fields, a step, another meaning of a field, and policies. */
const CHANGES: readonly (readonly [string, string])[] = [
  ['by: "credential.subject" }]', 'by: "credential.subject" }, { name: "staff" by: "credential.subject == \'ada\'" }]'],
  ["string subject = 1; }", "string subject = 1; bool staff = 2; }"],
  ['cache: { ttl: "10m" } }\n};', 'cache: { ttl: "5m" stale: "20m" } }\n};'],
  ['cache = { ttl: "10m" };', 'cache = { ttl: "5m" stale: "20m" };'],
  ['rate: 40 per: "24h" burst: 40', 'rate: 70 per: "24h" burst: 70'],
  [
    'set: { name: "id" by: "args.id" } } }\n  ] };',
    'set: { name: "id" by: "args.id" } } },\n    { name: "order" call: { method: "up.v1.OrderService/GetOrder" set: { name: "id" by: "args.id" } } }\n  ] };',
  ],
  ['[(bff.v1.field).by = "item.name"];\n  google', "[(bff.v1.field).by = \"'The ' + item.name\"];\n  google"],
  ['"now"];', '"now"];\n  int32 count = 3 [(bff.v1.field).by = "order.count"];'],
  [
    '"item.name"];\n}\nmessage Bought',
    '"item.name"];\n  int32 stock = 2 [(bff.v1.field).by = "item.stock"];\n}\nmessage Bought',
  ],
  ['"args.event.name"];', '"args.event.name"];\n  int32 stock = 2 [(bff.v1.field).by = "args.event.stock"];'],
];
const NEW = CHANGES.reduce((text, [from, to]) => {
  if (text.split(from).length !== 2) throw new Error(`not once in the proto: ${from}`);
  return text.replace(from, to);
}, OLD);
/** Answers of each version, for any id. */
const ANSWERS = {
  old: { GetPage: { title: "Teapot" }, GetLine: { title: "Teapot" } },
  new: { GetPage: { title: "The Teapot", count: 3 }, GetLine: { title: "Teapot", stock: 7 } },
};
type Version = keyof typeof ANSWERS;
const PROJECTS: Readonly<Record<Version, GeneratedProject>> = {
  old: new GeneratedProject("rollback-old", { [PROTO]: OLD }),
  new: new GeneratedProject("rollback-new", { [PROTO]: NEW }),
};
const CSRF = { "x-csrf": "1" };
/** Number of requests after which a state of the deployment has been tried. */
const ENOUGH = 20;

beforeAll(() => {
  for (const project of Object.values(PROJECTS)) project.generate();
});
afterAll(() => {
  for (const project of Object.values(PROJECTS)) project.remove();
});

/** Sends an rpc, or a GET without a body, over a separate connection. */
function send(url: string, path: string, cookie: string, body?: object) {
  return new Promise<{ status: number | undefined; body: Record<string, unknown> }>((resolve, reject) => {
    const headers = { cookie, ...CSRF, "content-type": "application/json" };
    const method = body === undefined ? "GET" : "POST";
    const sent = request(`${url}/${path}`, { method, headers, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode, body: JSON.parse(text) }));
      response.on("error", reject);
    });
    sent.on("error", reject).end(body && JSON.stringify(body));
  });
}
const rpc = (url: string, cookie: string, name: string, id: string) =>
  send(url, `shop.v1.ShopService/${name}`, cookie, { id });

/** Sends requests one after the other, and records every answer that no version gives. */
function traffic(url: string, cookie: string) {
  const state = { sent: 0, wrong: [] as unknown[], stop };
  const right = [ANSWERS.old.GetLine, ANSWERS.new.GetLine].map((body) => JSON.stringify({ status: 200, body }));
  let over = false;
  const running = (async () => {
    for (; !over; state.sent++) {
      const answer = await rpc(url, cookie, "GetLine", `${state.sent % 50}`).catch((error: unknown) => error);
      if (!right.includes(JSON.stringify(answer))) state.wrong.push(answer);
    }
  })();
  async function stop(): Promise<void> {
    over = true;
    await running;
  }
  return state;
}

const { registry } = schemaOf(requestFor({ ...UPSTREAMS, [PROTO]: OLD }));
const FOLLOW = registry.getService("shop.v1.ShopService")?.method.follow as DescMethodServerStreaming;
/** Follows as a client of the old version, and records all texts. */
function follower(over: FollowTransport, cookie: string) {
  const seen: unknown[] = [];
  const resets: number[] = [];
  const headers = () => ({ cookie, ...CSRF });
  const options = { over, headers, backoff: { initialMs: 50, maxMs: 500 } };
  const done = (async () => {
    for await (const { message, reset } of follow(FOLLOW, { id: "teapot" }, options)) {
      if (reset) resets.push(seen.length);
      seen.push((message as Message & { text?: string }).text);
    }
  })();
  return { seen, resets, done };
}

/** Redis, NATS, an OpenID provider, upstreams that count calls, and one address in front of the servers. */
async function rig() {
  const [redis, nats] = [await startRedis(), await startNats()];
  await nats.start();
  const admin = await nats.admin();
  await admin.add("ITEMS");
  const ports: number[] = [];
  const front = await balanced(ports);
  onTestFinished(() => front.close());
  const provider = await startOpenidProvider({ publicUrl: () => front.url });
  onTestFinished(() => provider.close());
  const handlers = {
    "up.v1.ItemService/GetItem": ({ id }: { id: string }) => ({ id, name: "Teapot", stock: 7 }),
    "up.v1.OrderService/GetOrder": ({ id }: { id: string }) => ({ id, count: 3 }),
  };
  const environment = {
    ISSUER: provider.issuer,
    REDIS_URL: redis.url,
    NATS_URL: nats.url,
    BFF_PUBLIC_URL: front.url,
    BFF_SESSION_KEYS: Buffer.alloc(32, 1).toString("base64"),
    BFF_BROWSER_CLIENT_SECRET: "a secret of the client's",
    BFF_GRACE: "4s",
    BFF_DRAIN_DELAY: "500ms",
  };
  const start = async (version: Version) => {
    const server = await PROJECTS[version].served("shop/v1/server.ts", handlers, environment);
    const port = Number(new URL(server.url).port);
    ports.push(port);
    /** Takes the server out of the balancer, and ends it. */
    const retire = async () => {
      ports.splice(ports.indexOf(port), 1);
      expect(await server.stop(), server.log()).toBe(0);
    };
    return { ...server, version, retire };
  };
  const Item = registry.getMessage("up.v1.Item");
  if (Item === undefined) throw new Error("no up.v1.Item");
  const publish = async (...names: string[]) => {
    for (const name of names)
      await admin.js.publish("items.teapot.events", toBinary(Item, create(Item, { name, stock: 7 })));
  };
  return { redis, provider, front: front.url, start, publish };
}
type Server = Awaited<ReturnType<Awaited<ReturnType<typeof rig>>["start"]>>;

/** A browser that begins a login. `finish` follows the provider's redirects, and returns the session's cookie. */
async function login(front: string, provider: OpenidProvider, account: string) {
  const browser = new TestBrowser("http://elsewhere.invalid", () => new Map());
  const { headers = [] } = await browser.get(`${front}/auth/login?return_to=/healthz`);
  const location = new Headers(pairsOf(headers)).get("location") ?? "";
  return async () => {
    provider.account = account;
    expect(await browser.visit(location)).toMatchObject({ url: `${front}/healthz`, status: 200 });
    return browser.cookieHeader(new URL(front).host);
  };
}

/** Requests equal pages and lines at one server, then at the other; no answer is the other version's. */
async function compare(first: Server, second: Server, cookie: string, prefix: string) {
  for (const { url, version } of [first, second])
    for (const name of ["GetPage", "GetLine"] as const)
      for (let i = 0; i < ENOUGH; i++) {
        const { status, body } = await rpc(url, cookie, name, `${prefix}-${i}`);
        const { composed: _, ...rest } = body;
        expect({ status, ...rest }).toEqual({ status: 200, ...ANSWERS[version][name] });
      }
}
const composedAt = async ({ url }: Server, cookie: string, id: string) =>
  (await rpc(url, cookie, "GetPage", id)).body.composed;

/** Buys until a refusal, `most` times at most, and returns the number of purchases. */
async function buy({ url }: Server, cookie: string, most: number): Promise<number> {
  for (let bought = 0; bought < most; ) {
    const { status, body } = await rpc(url, cookie, "Buy", "teapot");
    if (status === 429) return bought;
    // Redis has not answered within 20 ms: nothing is charged.
    if (status === 503) continue;
    expect({ status, body }).toEqual({ status: 200, body: { id: "teapot" } });
    bought++;
  }
  return most;
}
const me = async ({ url }: Server, cookie: string) => (await send(url, "auth/me", cookie)).body.principal;

test("a deployment and its rollback lose no request, session, item or count", { timeout: 180_000 }, async () => {
  const { redis, provider, front, start, publish } = await rig();
  const old = await start("old");
  const ada = await (await login(front, provider, "ada"))();
  const finishBob = await login(front, provider, "bob");
  const load = traffic(front, ada);
  onTestFinished(() => load.stop());
  const enough = async () => {
    const before = load.sent;
    await until(() => load.sent >= before + ENOUGH);
  };
  const followers = [events({ baseUrl: front }), connect(createGrpcTransport({ baseUrl: front }))].map((over) =>
    follower(over, ada),
  );
  const all = (count: number) => until(() => followers.every(({ seen }) => seen.length >= count), 60_000);
  await publish("1", "2");
  await all(2);

  const next = await start("new");
  await compare(old, next, ada, "forward");
  const kept = new Map<string, unknown>();
  for (let i = 0; i < ENOUGH; i++) kept.set(`forward-${i}`, await composedAt(old, ada, `forward-${i}`));
  expect([await buy(old, ada, 12), await buy(next, ada, 12)]).toEqual([12, 12]);
  expect([await me(old, ada), await me(next, ada)]).toEqual([{ subject: "ada" }, { subject: "ada", staff: true }]);
  await enough();
  await old.retire();
  await publish("3", "4");
  await all(4);
  await enough();
  const bob = await finishBob(); // begun at the old version

  const again = await start("old");
  await compare(next, again, ada, "back");
  // Its answers of before the deployment are still in Redis.
  expect(await redis.admin.dbSize()).toBeGreaterThan(0);
  await until(async () => {
    const [id = ""] = kept.keys();
    const [found, before] = [await composedAt(again, ada, id), kept.get(id)];
    kept.delete(id);
    return found === before;
  });
  expect([await buy(again, ada, 8), await buy(next, ada, 8)]).toEqual([8, 8]);
  expect([await buy(again, ada, 1), await buy(next, ada, 99), await buy(again, bob, 1)]).toEqual([0, 30, 1]);
  await enough();
  await next.retire();
  await publish("5", "6", "last");
  await Promise.all(followers.map(({ done }) => done));
  await enough();
  await load.stop();

  expect(load.wrong).toEqual([]);
  expect([await me(again, ada), await me(again, bob)]).toEqual([{ subject: "ada" }, { subject: "bob" }]);
  const items = ["1", "2", "3", "4", "5", "6", "last"];
  expect(followers.map(({ seen, resets }) => [seen, resets])).toEqual(followers.map(() => [items, []]));
  await again.retire();
});
