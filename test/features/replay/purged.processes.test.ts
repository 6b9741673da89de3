// Captures of requests during which a purge arrives, or whose answers have too long a tag: no cache keeps these.
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { readCapture } from "@protobff/replay";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../../../cli/src/testing/run.ts";
import { GeneratedProject } from "../../support/generated-project.ts";

const PROTO = `syntax = "proto3";
package shop.v1;
import "bff/v1/options.proto";
service ShopService {
  option (bff.v1.service) = {};
  rpc GetPage(GetRequest) returns (Page) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method).cache = { ttl: "10m" tag: "page:{args.id}" };
  }
}
message GetRequest { string id = 1; }
message Page {
  option (bff.v1.message).let = {
    name: "item" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } cache: { ttl: "10m" tag: "item:{answer.name}" } }
  };
  string title = 1 [(bff.v1.field).by = "item.name"];
}
`;
const project = new GeneratedProject("replay-purged", { "shop/v1/shop.proto": PROTO });
beforeAll(() => project.generate());
afterAll(() => project.remove());

test("requests whose answers no cache may keep have the captured answer and order of events", async () => {
  const captures = join(project.folder, "captures");
  mkdirSync(captures);
  const BFF_PURGE_TOKEN = "0123456789abcdef";
  let purge: (() => Promise<void>) | undefined;
  const handlers = {
    async "up.v1.ItemService/GetItem"({ id }: { id: string }) {
      await purge?.();
      purge = undefined;
      return { id, name: id === "long" ? "x".repeat(1_000) : `name of ${id}` };
    },
  };
  const { post, metrics, stop } = await project.served("shop/v1/server.ts", handlers, {
    BFF_ADMIN_PORT: "0",
    BFF_ADMIN_HOST: "127.0.0.1",
    BFF_PURGE_TOKEN,
    BFF_CAPTURE: `all;dir=${captures}`,
  });
  purge = async () => {
    const headers = { authorization: `Bearer ${BFF_PURGE_TOKEN}` };
    const body = JSON.stringify({ tags: ["*"] });
    const { status } = await fetch(new URL("/purge", metrics), { method: "POST", headers, body });
    expect(status).toBe(200);
  };
  const ids = ["teapot", "long", "kettle"];
  // The first answer is purged before it arrives, the second has a name that is no tag, and the third is kept.
  for (const id of ids) expect((await post("shop.v1.ShopService/GetPage", { id })).status).toBe(200);
  expect(await stop()).toBe(0);
  const [file = ""] = readdirSync(captures);
  const { requests } = readCapture(join(captures, file));
  expect(requests.map(({ unkept }) => unkept)).toEqual([[0, 1], [0], undefined]);
  const { exitCode, stdout } = await run(
    ["replay", `captures/${file}`, "--server", "shop/v1/server.ts"],
    project.folder,
  );
  expect([exitCode, stdout]).toEqual([0, "3 of 3 requests have the captured answer and order of events\n"]);
});
