// Answers that are used again, of a generated server: by its own cache, and by HTTP caches of another maker between it and its clients.
import fc from "fast-check";
import { Agent, cacheStores, type Dispatcher, interceptors, request } from "undici";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GeneratedProject } from "../../support/generated-project.ts";

const RUNS = Number(process.env.PROTOBFF_INTERLEAVINGS ?? 60);

const PROTOS = {
  "shop/v1/shop.proto": `syntax = "proto3";
package shop.v1;
import "bff/v1/options.proto";
option (bff.v1.file).identity = {
  type: "shop.v1.Person"
  source: { name: "gateway" trusted: { header: "x-gateway" } }
};
message Person { string id = 1; string tenant = 2; }
service ShopService {
  option (bff.v1.service) = { permit: {} http_cache: { max_age: "30s" stale: "60s" } };
  rpc GetMine(GetRequest) returns (Mine) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method).cache = { ttl: "60s" };
  }
  rpc GetTeam(GetRequest) returns (Team) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method) = { cache: { ttl: "60s" } permit: { if: "headers['x-banned'] == ''" } };
  }
  rpc GetChecked(GetRequest) returns (Mine) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method).http_cache = { max_age: "0s" stale: "0s" };
  }
  rpc GetBroken(GetRequest) returns (Broken) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method).cache = { ttl: "60s" };
  }
}
service OpenService {
  option (bff.v1.service).permit = { public: true };
  rpc GetMenu(GetRequest) returns (Menu) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method) = { cache: { ttl: "60s" } http_cache: { max_age: "30s" shared: true } };
  }
  rpc GetGreeting(GetRequest) returns (Greeting) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method) = { cache: { ttl: "60s" } http_cache: { max_age: "30s" } };
  }
}
message GetRequest { string id = 1; }
message Mine {
  option (bff.v1.message).let = {
    name: "item"
    call: {
      method: "up.v1.ItemService/GetItem"
      set: [{ name: "id" by: "args.id" }, { name: "locale" by: "headers['accept-language']" }]
      identify: PLAIN
    }
  };
  string who = 1 [(bff.v1.field).by = "principal.id"];
  string told = 2 [(bff.v1.field).by = "item.owner_id"];
  string language = 3 [(bff.v1.field).by = "item.name"];
}
message Team {
  option (bff.v1.message).let = {
    name: "item" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "principal.tenant" } }
  };
  string tenant = 1 [(bff.v1.field).by = "item.id"];
}
message Menu {
  option (bff.v1.message).let = {
    name: "item"
    call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } forward: "accept-language" }
  };
  string told = 1 [(bff.v1.field).by = "item.owner_id"];
  string language = 2 [(bff.v1.field).by = "item.note"];
}
message Greeting {
  string text = 1 [(bff.v1.field).by = "ok(principal) ? 'welcome back' : 'hello'"];
}
message Broken {
  option (bff.v1.message).let = {
    name: "order" supplementary: true
    call: { method: "up.v1.OrderService/GetOrder" set: { name: "id" by: "args.id" } retry: { attempts: 1 } }
  };
  optional int32 count = 1 [(bff.v1.field).by = "order.count"];
}
`,
};
const project = new GeneratedProject("cached-answers", PROTOS);
beforeAll(() => project.generate());
afterAll(() => project.remove());

const PEOPLE = { ada: "red", ann: "red", eve: "blue" } as const;
type Who = keyof typeof PEOPLE | "nobody";
const credential = (who: Who): Record<string, string> =>
  who === "nobody"
    ? {}
    : { "x-gateway": Buffer.from(JSON.stringify({ id: who, tenant: PEOPLE[who] })).toString("base64url") };

async function served() {
  let calls = 0;
  let orders = 0;
  const server = await project.served(
    "shop/v1/server.ts",
    {
      "up.v1.ItemService/GetItem": ({ id, locale }: { id: string; locale?: string }, { requestHeader }) => {
        calls++;
        const principal = Buffer.from(requestHeader.get("x-principal-bin") ?? "", "base64").toString("latin1");
        const ownerId = Object.keys(PEOPLE).find((name) => principal.includes(name)) ?? "nobody";
        return { id, name: locale ?? "", ownerId, note: requestHeader.get("accept-language") ?? "" };
      },
      "up.v1.OrderService/GetOrder": () => {
        orders++;
        throw new Error("down");
      },
    },
    { BFF_TRUSTED_PROXIES: "127.0.0.1/32" },
  );
  return { ...server, calls: () => calls, orders: () => orders };
}

/** A cache for all clients alike, and what went through it to the server. */
function cacheOf(type: "private" | "shared") {
  const statuses: number[] = [];
  const counting: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) =>
    dispatch(
      options,
      new Proxy(handler, {
        get: (target, name) => {
          const member: unknown = Reflect.get(target, name);
          if (name !== "onResponseStart" || typeof member !== "function")
            return typeof member === "function" ? member.bind(target) : member;
          return (controller: unknown, status: number, ...rest: unknown[]) => {
            statuses.push(status);
            return member.call(target, controller, status, ...rest);
          };
        },
      }),
    );
  const store = new cacheStores.MemoryCacheStore();
  const agent = new Agent();
  const dispatcher = agent.compose(counting, interceptors.cache({ store, methods: ["GET"], type }));
  return { dispatcher, statuses, close: () => agent.close() };
}

const pathOf = (rpc: string, message: object): string =>
  `/shop.v1.${rpc}?connect=v1&encoding=json&message=${encodeURIComponent(JSON.stringify(message))}`;

async function get(
  url: string,
  rpc: string,
  { id = "1", headers = {}, dispatcher }: { id?: string; headers?: Record<string, string>; dispatcher?: Dispatcher },
) {
  const answer = await request(url + pathOf(rpc, { id }), { headers, ...(dispatcher && { dispatcher }) });
  const text = await answer.body.text();
  return {
    status: answer.statusCode,
    headers: answer.headers,
    body: (text === "" ? {} : JSON.parse(text)) as Record<string, string>,
  };
}

describe("a server with cached answers", () => {
  test("compiles as strictly as this repository", () => {
    expect(project.typeChecked()).toBe("");
  });

  test("composes one answer for all callers with equal inputs, over any protocol", async () => {
    const { url, post, calls } = await served();
    const team = async (who: Who) => (await get(url, "ShopService/GetTeam", { headers: credential(who) })).body.tenant;
    expect([await team("ada"), await team("ann"), await team("eve"), await team("ann")]).toEqual([
      "red",
      "red",
      "blue",
      "red",
    ]);
    expect(calls()).toBe(2);
    const posted = await post("shop.v1.ShopService/GetTeam", { id: "1" }, { headers: credential("ann") });
    expect(posted.body).toEqual({ tenant: "red" });
    expect(calls()).toBe(2);
    // A permit is asked each time.
    const banned = await get(url, "ShopService/GetTeam", { headers: { ...credential("ann"), "x-banned": "1" } });
    expect([banned.status, calls()]).toEqual([403, 2]);
    const nobody = await get(url, "ShopService/GetTeam", {});
    expect([nobody.status, nobody.headers["cache-control"], calls()]).toEqual([401, "no-store", 2]);
  });

  test("caches no degraded answer, and forbids caches to store it", async () => {
    const { url, orders } = await served();
    for (let i = 1; i <= 2; i++) {
      const answer = await get(url, "ShopService/GetBroken", { headers: credential("ada") });
      expect([answer.status, answer.headers["bff-degraded"], answer.headers["cache-control"], orders()]).toEqual([
        200,
        "count",
        "no-store",
        i,
      ]);
      expect(answer.headers.etag).toBeUndefined();
    }
  });

  test("answers a conditional request with 304 and no body if the answer is unchanged", async () => {
    const { url } = await served();
    const { dispatcher, statuses, close } = cacheOf("private");
    const send = (who: Who) => get(url, "ShopService/GetChecked", { headers: credential(who), dispatcher });
    expect((await send("ada")).body.who).toBe("ada");
    expect((await send("ada")).body.who).toBe("ada");
    expect((await send("eve")).body.who).toBe("eve");
    expect((await send("eve")).body.who).toBe("eve");
    expect(statuses).toEqual([200, 304, 200, 304]);
    await close();
  });

  test("lets a shared cache store only answers that are equal for all callers", async () => {
    const { url } = await served();
    const { dispatcher, statuses, close } = cacheOf("shared");
    const send = (rpc: string, who: Who, language = "de") =>
      get(url, rpc, { headers: { ...credential(who), "accept-language": language }, dispatcher });
    for (const who of ["ada", "eve", "nobody"] as const)
      expect((await send("OpenService/GetMenu", who)).body).toEqual({ told: "nobody", language: "de" });
    expect((await send("OpenService/GetMenu", "ada", "fr")).body.language).toBe("fr");
    expect(statuses.splice(0)).toEqual([200, 200]);
    for (const who of ["ada", "ada", "eve"] as const) await send("ShopService/GetMine", who);
    for (const who of ["ada", "nobody"] as const) await send("OpenService/GetGreeting", who);
    expect(statuses).toEqual([200, 200, 200, 200, 200]);
    await close();
  });

  test(`never gives a caller the answer of another caller, in ${RUNS} walks through shared caches`, async () => {
    const { url, calls } = await served();
    const caches = { private: cacheOf("private"), shared: cacheOf("shared"), none: undefined };
    let requestCount = 0;
    let viaCaches = 0;
    const step = fc.record({
      who: fc.constantFrom<Who>("ada", "ann", "eve", "nobody"),
      rpc: fc.constantFrom(
        "ShopService/GetMine",
        "ShopService/GetTeam",
        "ShopService/GetChecked",
        "OpenService/GetMenu",
        "OpenService/GetGreeting",
      ),
      language: fc.constantFrom("", "de", "fr"),
      id: fc.constantFrom("1", "2"),
      through: fc.constantFrom("private", "shared", "none"),
      together: fc.integer({ min: 1, max: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        for (const { who, rpc, language, id, through, together } of steps) {
          const headers = { ...credential(who), ...(language !== "" && { "accept-language": language }) };
          const dispatcher = caches[through]?.dispatcher;
          const send = () => get(url, rpc, { id, headers, ...(dispatcher && { dispatcher }) });
          for (const { status, body } of await Promise.all(Array.from({ length: together }, send))) {
            requestCount++;
            if (dispatcher !== undefined) viaCaches++;
            if (who === "nobody" && rpc.startsWith("Shop")) expect(status).toBe(401);
            else if (rpc.endsWith("GetTeam")) expect(body).toEqual({ tenant: PEOPLE[who as keyof typeof PEOPLE] });
            else if (rpc.endsWith("GetMenu")) expect(body).toEqual({ told: "nobody", ...(language && { language }) });
            else if (rpc.endsWith("GetGreeting"))
              expect(body).toEqual({ text: who === "nobody" ? "hello" : "welcome back" });
            else expect(body).toEqual({ who, told: who, ...(language && { language }) });
          }
        }
      }),
      { numRuns: RUNS },
    );
    // What can be used again has been.
    const passed = caches.private.statuses.length + caches.shared.statuses.length;
    expect(passed).toBeLessThan(viaCaches * 0.8);
    for (const { close } of [caches.private, caches.shared]) await close();
    expect(calls()).toBeLessThan(requestCount / 2);
  }, 600_000);
});
