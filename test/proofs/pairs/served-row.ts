// Serves the BFF of a row as a separate process, with the servers that its levels need.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DescService } from "@bufbuild/protobuf";
import { startNats } from "@protobff/runtime/internal/testing/nats-rig";
import { startRedis } from "@protobff/runtime/internal/testing/redis-rig";
import { onTestFinished } from "vitest";
import { startIssuer, tokenOf } from "../../features/identity/token-issuer.ts";
import type { Target } from "../../features/protocols/protocol-carriers.ts";
import { type CollectedSpan, startReceiver } from "../../features/telemetry/otlp/receiver.ts";
import { GeneratedProject } from "../../support/generated-project.ts";
import { type Samples, samplesAt } from "../../support/metric-samples.ts";
import { requestFor, schemaOf } from "../../support/request.ts";
import { together } from "../../support/together.ts";
import type { Bff } from "./bff.ts";
import { type Doors, openDoors } from "./embedded-doors.ts";
import { SHOP, Shop } from "./upstream.ts";

const UPSTREAM = { "shop/v1/shop.proto": SHOP };

export interface ServedRow {
  readonly target: Target;
  /** Returns the samples of the metrics: series and value. */
  readonly metrics: () => Promise<Samples>;
  readonly shop: Shop;
  readonly stop: () => Promise<number | null>;
  readonly log: () => string;
  /** Opens the same BFF inside this process. */
  readonly doors: () => Promise<Doors>;
  /** Returns the spans of the server, which has ended; undefined: it sends none. */
  readonly spans: (() => Promise<readonly CollectedSpan[]>) | undefined;
  /** Replays the captures of the server, which has ended. Returns what differs. */
  readonly replays: () => readonly string[];
}

/** Announces BFFs that will be served: buf builds many at once. */
export const announced = (bffs: readonly Bff[]): void => together(UPSTREAM, bffs.map(protosOf));
const protosOf = ({ proto }: Bff) => ({ "pairs/v1/pairs.proto": proto });

/**
 * Generates and serves a BFF until the test ends.
 *
 * @param kept projects whose files the caller removes. Undefined: they end with the test
 */
export async function servedRow(name: string, bff: Bff, kept?: GeneratedProject[]): Promise<ServedRow> {
  const protos = protosOf(bff);
  const project = new GeneratedProject(name, protos, UPSTREAM);
  if (kept === undefined) onTestFinished(() => project.remove());
  else kept.push(project);
  project.generate("embed=true");
  const shop = new Shop();
  const env: Record<string, string> = { BFF_GRACE: "5s", BFF_ADMIN_PORT: "0", BFF_ADMIN_HOST: "127.0.0.1", ...bff.env };
  const headers: Record<string, string> = { "x-user": "ann" };
  if (bff.needs.has("issuer")) {
    env.ISSUER = await startIssuer();
    headers.authorization = `Bearer ${await tokenOf(env.ISSUER, { sub: "ann", scope: "read", groups: ["readers"] }, "shop")}`;
  }
  if (bff.needs.has("module")) {
    project.write("module.mjs", bff.module);
    env.BFF_RESOLVERS = join(project.folder, "module.mjs");
  }
  const captures = join(project.folder, "captures");
  if (env.BFF_CAPTURE !== undefined) {
    mkdirSync(captures);
    if (env.BFF_CAPTURE_BYTES === undefined) env.BFF_CAPTURE += `;dir=${captures}`;
    else env.BFF_CAPTURE_DIR = captures;
  }
  if (bff.needs.has("redis")) env.REDIS_URL = (await startRedis()).url;
  if (bff.needs.has("state redis")) env.BFF_STATE_REDIS_URL = (await startRedis()).url;
  if (bff.needs.has("store")) env.BFF_STORE_FILE = join(project.folder, "store.db");
  if (bff.needs.has("observer")) {
    project.write("observer.mjs", "export const observer = { upstream: () => {} };");
    env.BFF_OBSERVER = join(project.folder, "observer.mjs");
  }
  const receiver = bff.needs.has("traces") ? await startReceiver() : undefined;
  if (receiver !== undefined) env.OTEL_EXPORTER_OTLP_ENDPOINT = receiver.url;
  if (bff.needs.has("nats")) env.NATS_URL = await natsWithItems();
  Object.assign(env, await prices(project, bff, shop));
  const server = await project.served("pairs/v1/server.ts", shop.handlers as never, env);
  const url = bff.needs.has("localhost") ? server.url.replace("127.0.0.1", "localhost") : server.url;
  const { registry } = schemaOf(requestFor({ ...UPSTREAM, ...protos }));
  const service = registry.getService("pairs.v1.PageService") as DescService;
  const replays = (): readonly string[] =>
    env.BFF_CAPTURE === undefined ? [] : differences(project.folder, captures, env);
  const metrics = () => samplesAt(server.metrics);
  const { stop, log } = server;
  const doors = () => openDoors(project.folder, { ...server.upstreams, ...env }, new URL(url).hostname);
  return { target: { url, service, headers }, metrics, shop, stop, log, doors, spans: receiver?.end, replays };
}

function differences(folder: string, captures: string, env: Readonly<Record<string, string>>): readonly string[] {
  const files = readdirSync(captures);
  if (files.length === 0) return ["nothing was captured"];
  const found = files.flatMap((file) => {
    const args = JSON.stringify({ file: join(captures, file), server: join(folder, "pairs/v1/server.ts") });
    const { status, stdout, stderr } = spawnSync(process.execPath, [REPLAY, args], {
      cwd: folder,
      encoding: "utf8",
      env: { ...process.env, ...env },
    });
    return status === 0 ? [] : [`replay: ${stdout}${stderr}`];
  });
  rmSync(captures, { recursive: true });
  return found;
}
/** The process that `protobff replay` starts. */
const REPLAY = fileURLToPath(new URL("../../../packages/replay/src/main.ts", import.meta.url));

async function natsWithItems(): Promise<string> {
  const nats = await startNats();
  await nats.start();
  const { add } = await nats.admin();
  await add("ITEMS");
  return nats.url;
}

/** Returns the variables with the addresses of prices. */
async function prices(project: GeneratedProject, bff: Bff, shop: Shop): Promise<Record<string, string>> {
  const isHttp = bff.proto.includes("protocol: HTTP_JSON");
  const address = isHttp
    ? await overHttp(shop)
    : await project.upstream(shop.handlers as never, bff.proto.includes("protocol: CONNECT") ? 1 : 2);
  const name = "SHOP_V1_PRICESERVICE";
  if (bff.needs.has("shards"))
    return { [`${name}_SHARDS`]: "east,west", [`${name}_EAST_URL`]: address, [`${name}_WEST_URL`]: address };
  return { [`${name}_URL`]: address, ...(bff.needs.has("branch") && { [`${name}_CANARY_URL`]: address }) };
}
async function overHttp(shop: Shop): Promise<string> {
  const server = createServer(({ url = "" }, response) => void shop.http(url, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
