// The deployed upstream, compared by its reflection (of grpc-js) with the protos that a server was generated from.
// Holds docs/telemetry.md#deployed-upstreams
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { until } from "../../../runtime/src/testing/redis-rig.ts";
import { GeneratedProject } from "../../support/generated-project.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const CATALOG = `syntax = "proto3";
package catalog.v1;
service CatalogService {
  rpc GetProduct(GetProductRequest) returns (Product) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetProductRequest { string id = 1; }
message Product {
  string id = 1;
  string name = 2;
  int64 price_cents = 3;
}
`;
const BFF = `syntax = "proto3";
package shop.v1;
import "bff/v1/options.proto";
import "catalog/v1/catalog.proto";
service ShopService {
  option (bff.v1.service) = {};
  rpc GetPage(GetPageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetPageRequest { string id = 1; }
message Page {
  option (bff.v1.message).let = {
    name: "product" supplementary: true call: { method: "catalog.v1.CatalogService/GetProduct" set: { name: "id" by: "args.id" } }
  };
  optional string title = 1 [(bff.v1.field).by = "product.name"];
  optional int64 price = 2 [(bff.v1.field).by = "product.price_cents"];
}
`;
const REMOVED = CATALOG.replace("string name = 2;", "reserved 2;");
const RETYPED = CATALOG.replace("int64 price_cents = 3;", "string price_cents = 3;");
const SERVER = "shop/v1/server.ts";
const project = new GeneratedProject(
  "deployed",
  { "shop/v1/shop.proto": BFF },
  { "catalog/v1/catalog.proto": CATALOG },
);

beforeAll(() => {
  project.generate("server=true", "uses=true");
  return () => project.remove();
});

/** A replica of the upstream with these protos. */
async function replica(catalog: string, port = 0) {
  const folder = join(project.folder, `replica-${Math.random()}`);
  const file = join(folder, "catalog/v1/catalog.proto");
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, catalog);
  const server = join(root, "cli/src/testing/reflecting-server.ts");
  const child = spawn(process.execPath, [server, folder, "catalog/v1/catalog.proto"], {
    env: { ...process.env, PORT: `${port}` },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  };
  onTestFinished(stop);
  const [printed] = await once(child.stdout, "data");
  return { port: Number(printed), stop };
}
const served = (ports: readonly number[], env: Readonly<Record<string, string>> = {}) =>
  project.served(
    SERVER,
    {},
    {
      CATALOG_V1_CATALOGSERVICE_URL: ports.map((port) => `http://127.0.0.1:${port}`).join(","),
      BFF_ADMIN_PORT: "0",
      BFF_UPSTREAM_CHECK: "log",
      ...env,
    },
  );
type Server = Awaited<ReturnType<typeof served>>;
async function driftIn({ metrics }: Server): Promise<readonly string[]> {
  const text = await (await fetch(metrics)).text();
  return text.split("\n").filter((line) => line.startsWith("bff_upstream_drift{"));
}
const call = (server: Server) => server.post("shop.v1.ShopService/GetPage", { id: "1" });

test("two replicas in two versions are both found, and the metric ends with a rollout back", {
  timeout: 120_000,
}, async () => {
  const [same, removed] = [await replica(CATALOG), await replica(REMOVED)];
  const server = await served([same.port, removed.port]);
  // Calls, until both addresses have a connection.
  await until(async () => {
    await call(server);
    return (await driftIn(server)).length > 0;
  }, 90_000);
  expect(await driftIn(server)).toEqual(['bff_upstream_drift{upstream="catalog.v1.CatalogService",kind="removed"} 1']);
  await until(() => server.log().includes("is removed"));
  expect(server.log()).toMatch(
    /upstream catalog\.v1\.CatalogService at \S*: field "catalog\.v1\.Product\.name" is removed\n/,
  );
  expect(server.log()).toContain(`${removed.port}`);
  await removed.stop();
  await replica(CATALOG, removed.port);
  await until(async () => (await driftIn(server)).length === 0, 30_000);
  expect(server.log().match(/is removed/g)).toHaveLength(1);
});

test("readiness waits for an upstream that differs, and for no other", { timeout: 60_000 }, async () => {
  const retyped = await replica(RETYPED);
  const ready = async (server: Server): Promise<number> => (await fetch(`${server.url}/readyz`)).status;
  const waiting = await served([retyped.port], { BFF_UPSTREAM_CHECK: "ready" });
  await until(() => waiting.log().includes('field "catalog.v1.Product.price_cents" is string, and was int64'), 30_000);
  expect(await ready(waiting)).toBe(503);
  const same = await replica(CATALOG);
  const other = await served([same.port], { BFF_UPSTREAM_CHECK: "ready" });
  await until(async () => (await ready(other)) === 200, 30_000);
});

test("an upstream without reflection costs one line, and no readiness", { timeout: 60_000 }, async () => {
  const upstream = await project.upstream({ "catalog.v1.CatalogService/GetProduct": () => ({ name: "Tea" }) });
  const server = await served([Number(new URL(upstream).port)], { BFF_UPSTREAM_CHECK: "ready" });
  await until(async () => (await fetch(`${server.url}/readyz`)).status === 200, 30_000);
  expect((await call(server)).body).toEqual({ title: "Tea", price: "0" });
  expect(await driftIn(server)).toEqual([]);
  expect(server.log().match(/cannot be compared/g)).toHaveLength(1);
});

test("a server without its uses does not start with the check", () => {
  const without = new GeneratedProject(
    "no-uses",
    { "shop/v1/shop.proto": BFF },
    { "catalog/v1/catalog.proto": CATALOG },
  );
  onTestFinished(() => without.remove());
  without.generate("server=true");
  const CATALOG_V1_CATALOGSERVICE_URL = "http://127.0.0.1:1";
  const { status, stderr } = without.start(SERVER, { CATALOG_V1_CATALOGSERVICE_URL, BFF_UPSTREAM_CHECK: "log" });
  expect(status).toBe(2);
  expect(stderr).toContain("BFF_UPSTREAM_CHECK is log, but this server was generated without its uses");
  expect(stderr).toContain("uses=true");
});
