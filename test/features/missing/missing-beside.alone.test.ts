// Missing fields of composed messages beside HTTP caches, captures, mirrors and tools, in a server of its own process.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Code, ConnectError } from "@connectrpc/connect";
import { freePort } from "@protobff/runtime/internal/testing/ports";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../../../cli/src/testing/run.ts";
import { GeneratedProject } from "../../support/generated-project.ts";
import { headersOf, messageOf, type ToolResult, toolCall } from "../mcp/raw-client.ts";

const SHOP = `syntax = "proto3";
package shop.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
option (bff.v1.file).upstream = { service: "up.v1.ItemService" branch: { name: "next" mirror: true compare: true } };
service ShopService {
  option (bff.v1.service) = { http_cache: { max_age: "30s" } };
  // Returns a page.
  rpc GetPage(PageRequest) returns (Page) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method) = { tool: {} cache: { ttl: "60s" } };
  }
}
message PageRequest { string id = 1; }
message Page {
  option (bff.v1.message).let = { name: "part" compose: { message: "Part" args: { name: "id" by: "args.id" } } };
  Part part = 1 [(bff.v1.field).by = "part"];
  optional int64 twice = 2 [(bff.v1.field).by = "part.cents * 2"];
  bool known = 3 [(bff.v1.field).by = "ok(part.cents)"];
  repeated bff.v1.Degradation degraded = 15;
}
message Part {
  option (bff.v1.message).let = {
    name: "item" supplementary: true
    call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } retry: { attempts: 1 } } };
  string id = 1 [(bff.v1.field).by = "args.id"];
  optional int64 cents = 2 [(bff.v1.field).by = "item.price_cents"];
}
`;
const SERVER = "shop/v1/server.ts";
const root = fileURLToPath(new URL("../../..", import.meta.url));
const project = new GeneratedProject("missing-beside-e2e", { "shop/v1/shop.proto": SHOP });
beforeAll(() => project.generate());
afterAll(() => project.remove());

const MISSING = { "part.cents": "EFFECT_MISSING", twice: "EFFECT_MISSING", known: "EFFECT_REPLACED" };
const effectsOf = ({ degraded = [] }: { degraded?: unknown }) =>
  Object.fromEntries((degraded as { path: string; effect: string }[]).map(({ path, effect }) => [path, effect]));

let isDown = true;
const itemsOf = (fails: () => boolean) => ({
  "up.v1.ItemService/GetItem": ({ id }: { id: string }) => {
    if (fails()) throw new ConnectError("down", Code.NotFound);
    return { id, priceCents: 5n };
  },
});

test("a missing field is in no cache, in the capture, and in the answers of tools", async () => {
  const folder = join(project.folder, "captures");
  // The mirror answers when the upstream does not.
  const next = await project.upstream(itemsOf(() => !isDown));
  const port = await freePort();
  const { url, post, stop } = await project.served(
    SERVER,
    itemsOf(() => isDown),
    {
      ...{
        PORT: `${port}`,
        BFF_PUBLIC_URL: `http://127.0.0.1:${port}`,
        BFF_TOOL_KEYS: Buffer.alloc(32, 7).toString("base64"),
      },
      ...{ BFF_CAPTURE: `all;dir=${folder}`, UP_V1_ITEMSERVICE_NEXT_URL: next },
    },
  );
  const get = async (id: string, tag?: string | null) => {
    const query = `connect=v1&encoding=json&message=${encodeURIComponent(JSON.stringify({ id }))}`;
    const reply = await fetch(`${url}/shop.v1.ShopService/GetPage?${query}`, {
      headers: tag ? { "if-none-match": tag } : {},
    });
    const text = await reply.text();
    const { headers, status } = reply;
    return { status, stored: headers.get("cache-control"), tag: headers.get("etag"), body: JSON.parse(text || "{}") };
  };
  isDown = false;
  const healthy = await get("a");
  expect(healthy).toMatchObject({ status: 200, body: { twice: "10", known: true } });
  isDown = true;
  expect((await get("a", healthy.tag)).status).toBe(304);
  for (let i = 0; i < 2; i++) {
    const degraded = await get("b", healthy.tag);
    expect(degraded).toMatchObject({ status: 200, stored: "no-store", tag: null, body: { part: { id: "b" } } });
    expect(effectsOf(degraded.body)).toEqual(MISSING);
  }
  const call = toolCall("get_page", { id: "c" });
  const init = { method: "POST", headers: headersOf(call), body: JSON.stringify(messageOf(call)) };
  const { result } = (await (await fetch(`${url}/mcp`, init)).json()) as { result: ToolResult };
  const { part, degraded, ...rest } = result.structuredContent ?? {};
  expect([part, effectsOf({ degraded }), rest]).toEqual([{ id: "c" }, MISSING, {}]);
  expect(result.content?.[1]?.text).toBe("Not known right now: part.cents, twice. Replaced by a default: known.");
  for (const id of ["d", "e"]) await post("shop.v1.ShopService/GetPage", { id });
  await stop();
  const file = join(folder, readdirSync(folder)[0] ?? "");
  const { exitCode, stdout } = await run(["replay", file, "--server", join(project.folder, SERVER)], root);
  expect([exitCode, stdout]).toEqual([0, "3 of 3 requests have the captured answer and order of events\n"]);
});
