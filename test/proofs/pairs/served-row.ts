// Serves the BFF of a row as a separate process, with the servers that its levels need.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DescService } from "@bufbuild/protobuf";
import { onTestFinished } from "vitest";
import type { Target } from "../../features/protocols/protocol-carriers.ts";
import { type CollectedSpan, startReceiver } from "../../features/telemetry/otlp/receiver.ts";
import { GeneratedProject } from "../../support/generated-project.ts";
import { type Samples, samplesAt } from "../../support/metric-samples.ts";
import { requestFor, schemaOf } from "../../support/request.ts";
import { together } from "../../support/together.ts";
import type { Bff } from "./bff.ts";
import { callersOf } from "./credential-rig.ts";
import { type Doors, openDoors } from "./embedded-doors.ts";
import { CLIENT_NAMES, serversOf, tunnelTo } from "./row-servers.ts";
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
  project.generate("embed=true", ...bff.parameters);
  const { registry } = schemaOf(requestFor({ ...UPSTREAM, ...protos }));
  const shop = new Shop();
  const env: Record<string, string> = { BFF_GRACE: "5s", BFF_ADMIN_PORT: "0", BFF_ADMIN_HOST: "127.0.0.1", ...bff.env };
  Object.assign(env, await serversOf(bff, project.folder, registry));
  const callers = await callersOf(bff, env, registry);
  Object.assign(env, callers.env);
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
  if (bff.needs.has("observer")) {
    project.write("observer.mjs", "export const observer = { upstream: () => {} };");
    env.BFF_OBSERVER = join(project.folder, "observer.mjs");
  }
  const receiver = bff.needs.has("traces") ? await startReceiver() : undefined;
  if (receiver !== undefined) env.OTEL_EXPORTER_OTLP_ENDPOINT = receiver.url;
  Object.assign(env, await prices(project, bff, shop));
  const server = await project.served("pairs/v1/server.ts", shop.handlers as never, env);
  const plain = bff.needs.has("tls") ? await tunnelTo(server.url) : server.url;
  const url = bff.needs.has("localhost") ? plain.replace("127.0.0.1", "localhost") : plain;
  const headersNow = await callers.signIn(url);
  const service = registry.getService("pairs.v1.PageService") as DescService;
  const replays = (): readonly string[] =>
    env.BFF_CAPTURE === undefined ? [] : differences(project.folder, captures, env);
  const metrics = () => samplesAt(server.metrics);
  const { stop, log } = server;
  const peer = { address: "127.0.0.1", certificate: bff.needs.has("client authority") ? [...CLIENT_NAMES] : [] };
  const doors = () => openDoors(project.folder, { ...server.upstreams, ...env }, new URL(url).hostname, peer);
  const target = {
    url,
    service,
    // A credential may live for less than a row takes.
    get headers() {
      return { "x-user": "ann", ...headersNow() };
    },
  };
  return { target, metrics, shop, stop, log, doors, spans: receiver?.end, replays };
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

/** Returns the variables with the addresses of prices. */
async function prices(project: GeneratedProject, bff: Bff, shop: Shop): Promise<Record<string, string>> {
  const ofBranch = "branch: { protocol: HTTP_JSON";
  const isHttp = bff.proto.replace(ofBranch, "").includes("protocol: HTTP_JSON");
  const address = isHttp
    ? await overHttp(shop)
    : await project.upstream(shop.handlers as never, bff.proto.includes("protocol: CONNECT") ? 1 : 2);
  const name = "SHOP_V1_PRICESERVICE";
  const canary = bff.proto.includes(ofBranch) ? await overHttp(shop) : address;
  if (bff.needs.has("shards"))
    return { [`${name}_SHARDS`]: "east,west", [`${name}_EAST_URL`]: address, [`${name}_WEST_URL`]: address };
  return { [`${name}_URL`]: address, ...(bff.needs.has("branch") && { [`${name}_CANARY_URL`]: canary }) };
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
