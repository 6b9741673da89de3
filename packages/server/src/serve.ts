// The server: one process around the endpoints of a package. It comprises configuration from the environment, one port
// for HTTP/1.1 and HTTP/2, health, reflection, logs and draining. Ordinary unary calls take the fast path, all others
// Connect's adapter. It may import every other room, and no other imports it.
import { Console } from "node:console";
import { readFileSync } from "node:fs";
import type { DescService, Message } from "@bufbuild/protobuf";
import { Cache } from "@protobff/runtime/internal/cache/cache";
import { systemClock } from "@protobff/runtime/internal/clock";
import type { Endpoint } from "@protobff/runtime/internal/endpoint/endpoint-options";
import type { ConfigFault } from "@protobff/runtime/internal/environment/env-reader";
import type { OpenIdentity } from "@protobff/runtime/internal/identity/spec";
import type { RateLimit } from "@protobff/runtime/internal/limits/rate-limit";
import type { StreamEndpoint } from "@protobff/runtime/internal/stream/stream-endpoint";
import type { UnaryClient } from "@protobff/runtime/internal/transport/unary-client";
import { NO_USAGE } from "@protobff/runtime/internal/usage/usage-event";
import { readConfig, type ServerConfig } from "./config/config.ts";
import type { UpstreamsSpec } from "./config/config-upstreams.ts";
import { hostFaults } from "./config/host-faults.ts";
import { isStdio } from "./config/stdio.ts";
import { type Listening, listen } from "./listen.ts";
import { ADMIN_VARIABLES, explainListenError, LISTEN_VARIABLES, type RequestedPort } from "./listener/listen-error.ts";
import { freeAfterCompiling } from "./memory/compilers-memory.ts";
import { steerMemory } from "./memory/steer-memory.ts";
import { boundYoungGeneration } from "./memory/young-generation.ts";
import {
  createEndpoints,
  openCertificates,
  openedOf,
  openParts,
  type Parts,
  pathsOptions,
  release,
} from "./parts/open-parts.ts";
import type { Admin } from "./process/admin.ts";
import { readDeclarations } from "./process/declarations.ts";
import { drainOnSignal } from "./process/drain.ts";
import { mockedOf, mockMode, without } from "./process/mocks.ts";
import { withOneShape } from "./process/observers.ts";
import type { Observers } from "./process/open-observers.ts";
import type { ServeOptions, ServeParts } from "./process/serve-options.ts";
import { cannotStart, explainFaults, startLine } from "./process/start-line.ts";
import type { Worker } from "./workers/worker.ts";
import { workerOf } from "./workers/worker-of.ts";

export type { ServeOptions, ServeParts } from "./process/serve-options.ts";

/**
 * Runs a server as a process, configured by the environment. Resolves when it is up, after it has printed
 * `listening on http://<host>:<port>` (as an object with BFF_LOG=json). Failures are reported on standard error. Ends
 * the process with 0 after SIGTERM or SIGINT, 1 if the port is not available, 2 if variables are missing or malformed.
 *
 * @example
 * await serve({ name: "shop.v1", services: [ShopService], upstreams: { stock: StockService }, env, create });
 */
export async function serve<
  const Upstreams extends Readonly<Record<string, DescService>>,
  Env,
  Principal extends Message = never,
  Limit extends RateLimit = never,
>(declaration: ServeOptions<Upstreams, Env, Principal, Limit>): Promise<void> {
  freeAfterCompiling();
  // A closed or full stdout must not stop the server.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  // Standard output carries JSON-RPC only.
  if (isStdio(process)) globalThis.console = new Console(process.stderr);
  const setup = configure(declaration);
  const { config, options } = setup;
  const worker = await workerOf(process);
  if (config !== undefined && config.workers > 1 && worker === undefined && !isStdio(process)) {
    // The first worker reports what only the user's modules show to be wrong.
    const { supervise } = await import("./workers/supervise.ts");
    boundYoungGeneration(process);
    return supervise(options.name, config);
  }
  const declared = await readDeclarations(options, setup, setup.mode !== "none");
  const faults = [...setup.unmockable, ...(setup.faults ?? []), ...declared.faults];
  if (config === undefined || faults.length > 0) return endFaulty(options.name, faults);
  const ports: Ports = { listening: undefined, admin: undefined };
  const serverUrl = (): string | undefined => ports.listening?.url;
  const parts = await openParts({ ...setup, config }, declared, { first: worker?.speaks, serverUrl });
  const endpoints = await createEndpoints(options, config, declared.supplied, parts);
  const misnamed = hostFaults(endpoints, config.env);
  if (misnamed.length > 0) return endFaulty(options.name, misnamed);
  steerMemory();
  if (parts.tools !== undefined && isStdio(process)) {
    await servedOverStdio(parts.tools, endpoints, { options, config, parts });
    return process.exit(0);
  }
  if (config.warmUpMs > 0) await warmedUp(declaration, config, parts.identity, parts.observers);
  const listening = await openPorts(ports, endpoints, { options, config, parts, worker });
  if (listening === undefined) return process.exit(1);
  const end = await ending({ options, config, parts, worker, listening, admin: ports.admin });
  if (worker !== undefined) {
    const { purge, checks, identity = parts.addresses, observers } = parts;
    const reports = { load: () => listening.load, snapshot: () => observers.metrics?.snapshot() };
    worker.serves(
      { leave: () => listening.leave(), end, purge, ...reports },
      openedOf(identity, checks) ?? Promise.resolve(),
    );
    return;
  }
  drainOnSignal(process, end, (code) => process.exit(code));
  const explorer = parts.observers.explorer !== undefined;
  const mocked = [...parts.mocks.keys()];
  const shown = { admin: ports.admin?.url, explorer, tools: parts.tools !== undefined, mocked };
  process.stdout.write(startLine(listening.url, shown, config.log));
}

/** Reports faults of the configuration, and ends the process. */
function endFaulty(name: string, faults: readonly ConfigFault[]): never {
  process.stderr.write(explainFaults(name, faults, process.env.BFF_LOG === "json" ? "json" : "text"));
  return process.exit(2);
}

/** Serves tools over standard input and output until the input ends, and closes the parts. */
async function servedOverStdio(
  tools: NonNullable<Parts["tools"]>,
  endpoints: readonly (Endpoint | StreamEndpoint)[],
  { options, config, parts }: Omit<Opening, "worker">,
): Promise<void> {
  const { name, services, types } = options;
  const { identity = parts.addresses, observers } = parts;
  const served = { name, endpoints, services, types, identity, env: config.env, ...observers };
  const { maxRequestBytes: maxBytes, graceMs } = config;
  const { serveStdioTools } = await import("./process/open-tools.ts");
  await serveStdioTools(tools, served, { maxBytes, graceMs });
  const deadline = performance.now() + graceMs;
  await release(parts, () => Math.max(0, deadline - performance.now()));
}

/** Reads arguments and configuration. `options` has only the upstreams that are not mocked. */
function configure<
  Upstreams extends Readonly<Record<string, DescService>>,
  Env,
  Principal extends Message,
  Limit extends RateLimit,
>(declaration: ServeOptions<Upstreams, Env, Principal, Limit>) {
  const { mode, faults: unmockable } = mockMode(process.argv.slice(2), declaration.mocks !== undefined);
  const mocked = mockedOf(declaration.upstreams, mode, process.env);
  const options = { ...declaration, upstreams: without(declaration.upstreams, mocked) };
  return { declaration, options, mode, mocked, unmockable, ...readConfig(process.env, options, readFileSync) };
}

/** The ports of this process, once they are open. */
interface Ports {
  listening: Listening | undefined;
  admin: Admin | undefined;
}

interface Opening {
  readonly options: Pick<ServeOptions<never, never>, "name" | "services" | "types">;
  readonly config: ServerConfig<string, unknown>;
  readonly parts: Parts;
  readonly worker: Worker | undefined;
}

/** Opens the admin port and the port. If one of them cannot be opened, reports it and returns undefined. */
async function openPorts(
  ports: Ports,
  endpoints: readonly (Endpoint | StreamEndpoint)[],
  { options, config, parts, worker }: Opening,
): Promise<Listening | undefined> {
  const { observers, purge } = parts;
  let port: RequestedPort = { ...(config.telemetry.admin ?? config), variables: ADMIN_VARIABLES };
  try {
    // The supervisor opens the admin port of several processes.
    const { metrics } = observers;
    const admin = metrics && (await import("./process/open-admin.ts"));
    if (worker !== undefined) metrics?.add(() => admin?.serverFamilies(ports.listening) ?? []);
    else ports.admin = await admin?.openSeparateAdmin(config, observers, () => ports.listening, purge);
    port = { ...config, variables: LISTEN_VARIABLES };
    ports.listening = await listen(endpoints, {
      ...(await pathsOptions(options, config, parts, endpoints)),
      // The supervisor waits before it sends the order to end.
      ...(worker !== undefined && { connections: worker, drainDelayMs: 0 }),
    });
    return ports.listening;
  } catch (error) {
    process.stderr.write(cannotStart(options.name, explainListenError(error, port), config.log));
    return undefined;
  }
}

interface Running<Upstreams extends Readonly<Record<string, DescService>>> extends Omit<Opening, "options"> {
  readonly options: UpstreamsSpec<Upstreams>;
  readonly listening: Listening;
  readonly admin: Admin | undefined;
}

/** Watches the certificates of a server that is up, and returns the function that ends it in order. */
async function ending<Upstreams extends Readonly<Record<string, DescService>>>({
  options,
  config,
  parts,
  worker,
  listening,
  admin,
}: Running<Upstreams>): Promise<(replaced?: boolean) => Promise<void>> {
  const { clients, observers } = parts;
  const { observer, log } = observers;
  const watched = await openCertificates(options, config, { clients, listening, observer });
  if (observers.metrics !== undefined)
    (await import("./process/server-families.ts")).addCertificates(observers.metrics, watched);
  const close = async (replaced: boolean) => {
    for (const files of watched) files.close();
    const drainDelayMs = worker === undefined ? config.drainDelayMs : 0;
    const deadline = performance.now() + drainDelayMs + config.graceMs;
    const leftMs = () => Math.max(0, deadline - performance.now());
    await (replaced ? listening.handOver(config.graceMs) : listening.close(config.graceMs));
    await release(parts, leftMs);
    await admin?.close(); // the last one, so that it shows the end
  };
  // A rejection, in a resolver for example, belongs to one request. It must not end the process with all others.
  process.on("unhandledRejection", (reason) => log?.rejection(reason));
  return (replaced = false) =>
    close(replaced).catch((thrown: unknown) => {
      log?.server("could not shut down in order", thrown);
      throw thrown;
    });
}

/** Warms the server up without any outside effect: neither upstreams nor the user's functions are called. */
async function warmedUp<
  Upstreams extends Readonly<Record<string, DescService>>,
  Env,
  P extends Message,
  L extends RateLimit,
>(
  { upstreams, create }: ServeOptions<Upstreams, Env, P, L>,
  { warmUpMs: forMs, http2, http2Server, env, shedDelayMs }: ServerConfig<keyof Upstreams & string, Env>,
  judging: OpenIdentity | undefined,
  { observer: combined, log }: Observers,
): Promise<void> {
  const { warmUp, NoLimits, REFUSING } = await import("./warm-up/warm-up.ts"); // nobody else pays for loading it
  const { SampleIdentity } = await import("./warm-up/sample-identity.ts");
  const { NO_TOPICS } = await import("@protobff/runtime/internal/environment/open-topics");
  const { KEY_BYTES, Sealer } = await import("@protobff/runtime/internal/sealing/sealer");
  const topics = await NO_TOPICS.open({ clock: systemClock, fault: () => {} });
  const limits = new NoLimits({ clock: systemClock, fault: () => {} });
  const identity = judging && new SampleIdentity(judging);
  const observer = combined && withOneShape(combined, true);
  const pages = new Sealer([Buffer.alloc(KEY_BYTES)]);
  const rest = {
    supplied: REFUSING,
    env,
    identity,
    limits,
    topics,
    usage: NO_USAGE,
    pages,
    ...(observer !== undefined && { observer }),
  };
  const endpoints = (clients: Readonly<Record<string, UnaryClient>>) =>
    create({ ...rest, cache: new Cache(), clients } as unknown as ServeParts<Upstreams, Env, P, L>);
  try {
    await warmUp({ forMs, upstreams, http2, http2Server, sheds: shedDelayMs > 0, create: endpoints });
  } catch (thrown) {
    log?.server("could not warm up", thrown); // it serves all the same
  } finally {
    await topics.close();
  }
}
