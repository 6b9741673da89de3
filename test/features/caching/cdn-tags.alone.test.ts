// Tags of a generated server's answers, as a CDN receives them.
// Holds docs/runtime.md#caching
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GeneratedProject } from "../../support/generated-project.ts";

const PROTOS = {
  "shop/v1/shop.proto": `syntax = "proto3";
package shop.v1;
import "bff/v1/options.proto";
import "google/api/annotations.proto";
service ShopService {
  option (bff.v1.service) = { http_cache: { max_age: "30s" shared: true } };
  rpc GetMenu(GetRequest) returns (Menu) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (google.api.http).get = "/menus/{id}";
    option (bff.v1.method) = {
      cache: { ttl: "60s" tag: ["menu:{args.id}", "name:{result.name}"] }
      http_cache: { tag: true }
    };
  }
  rpc GetPlain(GetRequest) returns (Menu) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method).cache = { ttl: "60s" tag: "menu:{args.id}" };
  }
  rpc GetBroken(GetRequest) returns (Broken) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method) = { cache: { ttl: "60s" tag: "broken" } http_cache: { tag: true } };
  }
}
message GetRequest { string id = 1; }
message Menu {
  option (bff.v1.message).let = {
    name: "item" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } }
  };
  string name = 1 [(bff.v1.field).by = "item.name"];
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
const project = new GeneratedProject("cdn-tags", PROTOS);
beforeAll(() => project.generate());
afterAll(() => project.remove());

async function served(variables: Record<string, string> = {}) {
  let calls = 0;
  const upstreams = {
    "up.v1.ItemService/GetItem": ({ id }: { id: string }) => {
      calls++;
      return { id, name: id === "long" ? "x".repeat(300) : `Ä, ${id}` };
    },
    "up.v1.OrderService/GetOrder": () => {
      throw new Error("down");
    },
  };
  const { url } = await project.served("shop/v1/server.ts", upstreams, variables);
  const send = async (path: string, init?: RequestInit) => {
    const { status, headers } = await fetch(url + path, init);
    const tags = headers.get("cache-tag") ?? headers.get("surrogate-key");
    return { status, tags, control: headers.get("cache-control"), etag: headers.get("etag") ?? "" };
  };
  const connect = (rpc: string, id: string): string =>
    `/shop.v1.ShopService/${rpc}?connect=v1&encoding=json&message=${encodeURIComponent(JSON.stringify({ id }))}`;
  return { send, connect, calls: () => calls };
}

const KEPT = "public, max-age=30";
const TAGS = "menu:1,name:%C3%84%2C%201";

describe("a CDN", () => {
  test("receives the tags of composed, cached and unchanged answers, over Connect and REST", async () => {
    const { send, connect, calls } = await served();
    const paths = [connect("GetMenu", "1"), "/menus/1"];
    for (const path of paths) {
      const first = await send(path);
      expect([first.status, first.tags, first.control]).toEqual([200, TAGS, KEPT]);
      const known = await send(path, { headers: { "if-none-match": first.etag } });
      expect([known.status, known.tags, known.control]).toEqual([304, TAGS, KEPT]);
      const head = await send(path, { method: "HEAD" });
      expect([head.status, head.tags]).toEqual([200, TAGS]);
    }
    expect(calls()).toBe(1);
    const joined = await Promise.all(Array.from({ length: 5 }, (_, i) => send(paths[i % 2] ?? "")));
    expect(new Set(joined.map(({ tags }) => tags))).toEqual(new Set([TAGS]));
  });
  test("receives one answer's tags by joined requests", async () => {
    const { send, calls } = await served();
    const all = await Promise.all(Array.from({ length: 5 }, () => send("/menus/2")));
    expect(all.map(({ tags }) => tags)).toEqual(Array.from({ length: 5 }, () => "menu:2,name:%C3%84%2C%202"));
    expect(calls()).toBe(1);
  });
  test("receives no tags with POST, of other rpcs and of degraded answers", async () => {
    const { send, connect } = await served();
    const post = { method: "POST", headers: { "content-type": "application/json" }, body: '{"id":"1"}' };
    expect((await send("/shop.v1.ShopService/GetMenu", post)).tags).toBeNull();
    expect(await send(connect("GetPlain", "1"))).toMatchObject({ tags: null, control: KEPT });
    expect(await send(connect("GetBroken", "1"))).toMatchObject({ status: 200, tags: null, control: "no-store" });
  });
  test("keeps no answer whose tags exceed a limit", async () => {
    const { send, connect } = await served();
    for (const path of [connect("GetMenu", "long"), "/menus/long"])
      expect(await send(path)).toMatchObject({ status: 200, tags: null, control: "no-store" });
  });
  test("receives surrogate-key, separated by spaces, with BFF_CDN_TAGS", async () => {
    const { send } = await served({ BFF_CDN_TAGS: "surrogate-key" });
    expect((await send("/menus/1")).tags).toBe("menu:1 name:%C3%84%2C%201");
  });
});
