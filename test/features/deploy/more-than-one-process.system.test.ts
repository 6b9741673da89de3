// Plays the commands of docs/deploying.md, "More than one process": four servers, and a cluster of six Redis.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { freePort } from "../../../runtime/src/testing/ports.ts";
import { startCluster } from "../../../runtime/src/testing/redis-cluster-rig.ts";
import { until } from "../../../runtime/src/testing/redis-rig.ts";
import { GeneratedProject } from "../../support/generated-project.ts";

const PROTO = `syntax = "proto3";
package shop.v1;
import "bff/v1/options.proto";
service ShopService {
  option (bff.v1.service) = {};
  rpc GetPage(GetRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Buy(GetRequest) returns (Bought) {
    option (bff.v1.method) = {
      rate_limit: { name: "buy" key: "args.id" rate: 40 per: "24h" closed: true lease: 4 }
      rate_limit: { name: "all" key: "'all'" rate: 1000 per: "24h" closed: true }
    };
  }
}
message GetRequest { string id = 1; }
message Page {
  option (bff.v1.message).let = {
    name: "item" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } cache: { ttl: "10m" tag: "item:{args.id}" } }
  };
  string title = 1 [(bff.v1.field).by = "item.name"];
}
message Bought { string id = 1 [(bff.v1.field).by = "args.id"]; }
`;
const project = new GeneratedProject("more-than-one-process", { "shop/v1/shop.proto": PROTO });
beforeAll(() => project.generate());
afterAll(() => project.remove());

/** The commands of the page, by their first word. */
const page = readFileSync(new URL("../../../docs/deploying.md", import.meta.url), "utf8");
const block = /^## More than one process$[\s\S]*?^```sh\n([\s\S]*?)^```$/m.exec(page)?.[1] ?? "";
function command(start: string): string {
  const found = block.split("\n").find((line) => line.startsWith(start));
  if (found === undefined) throw new Error(`the page has no command ${start}`);
  return found;
}
/** Runs commands of the page in bash, and returns their output. */
const run = async (text: string): Promise<string> => (await promisify(execFile)("bash", ["-euc", text])).stdout;

test("four processes share the limits, the answers and the purges of a cluster", { timeout: 120_000 }, async () => {
  let addresses: readonly string[] = [];
  const cluster = await startCluster(async (all) => {
    addresses = all;
    await run(command("redis-cli").replace("10.0.0.{1..6}:6379", all.join(" ")));
  });
  onTestFinished(() => cluster.close());
  const [first = "", second = ""] = addresses;
  const exported = command("export").replace("10.0.0.1:6379", first).replace("10.0.0.2:6379", second);
  const names = ["REDIS_URL", "BFF_REDIS_PREFIX", "BFF_PURGE_TOKEN"];
  const printed = (await run(`${exported}; printenv ${names.join(" ")}`)).trimEnd().split("\n");
  const env = Object.fromEntries(names.map((name, i) => [name, printed[i] ?? ""]));
  const [variable = ""] = command("BFF_ADMIN_PORT").split("=");
  let name = "Teapot";
  const handlers = { "up.v1.ItemService/GetItem": ({ id }: { id: string }) => ({ id, name }) };
  const servers = await Promise.all(
    [1, 2, 3, 4].map(async () => {
      const admin = await freePort();
      const server = await project.served("shop/v1/server.ts", handlers, { ...env, [variable]: `${admin}` });
      return { admin, post: server.post };
    }),
  );

  // The limit of all processes together. A machine under load may take longer than a limit waits for Redis.
  let admitted = 0;
  let refused = 0;
  await until(async () => {
    const answers = await Promise.all(servers.map(({ post }) => post("shop.v1.ShopService/Buy", { id: "ann" })));
    admitted += answers.filter(({ status }) => status === 200).length;
    refused += answers.filter(({ status }) => status === 429).length;
    return refused > 40;
  });
  expect(admitted).toBeLessThanOrEqual(40);
  expect(admitted).toBeGreaterThan(20);

  // One fetch serves all processes; a purge at one is seen by all.
  const titles = () =>
    Promise.all(
      servers.map(async ({ post }) => (await post("shop.v1.ShopService/GetPage", { id: "teapot" })).body.title),
    );
  await until(async () => (await titles()).every((title) => title === "Teapot"));
  name = "Kettle";
  expect(await titles()).toEqual(["Teapot", "Teapot", "Teapot", "Teapot"]);
  const purge = command("curl").replace("localhost:9090", `127.0.0.1:${servers[3]?.admin}`);
  await run(`BFF_PURGE_TOKEN=${env.BFF_PURGE_TOKEN}; ${purge}`);
  await until(async () => (await titles()).every((title) => title === "Kettle"));
  const keys = await Promise.all(cluster.servers.map((server) => server.send("KEYS", "*")));
  expect(keys.flat().filter((key) => !String(key).startsWith("shop:"))).toEqual([]);
});
