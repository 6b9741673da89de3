// Overrides of operators: a process without a store loads nothing of them.
import { randomUUID } from "node:crypto";
import type { Message } from "@bufbuild/protobuf";
import { systemClock } from "@protobff/runtime/internal/clock";
import type { Endpoint } from "@protobff/runtime/internal/endpoint/endpoint-options";
import { type ConfigFault, type Environment, EnvReader } from "@protobff/runtime/internal/environment/env-reader";
import type { Overrides } from "@protobff/runtime/internal/environment/overrides";
import type { ServerFault } from "@protobff/runtime/internal/environment/server-fault";
import type { GuardedIdentity } from "@protobff/runtime/internal/identity/denylist/denylist";
import type { OpenIdentity } from "@protobff/runtime/internal/identity/spec";
import type { RateLimit } from "@protobff/runtime/internal/limits/rate-limit";
import type { StreamEndpoint } from "@protobff/runtime/internal/stream/stream-endpoint";
import { VERSION } from "../telemetry/version.ts";

const OFF = ", or set BFF_OVERRIDES=false to run without the denylist";

/** Facts of the server for `bff_servers`. */
interface OverridingServer {
  readonly name: string;
  readonly limits: readonly RateLimit[];
  /** Names of its sources of callers. */
  readonly sources: readonly string[];
}

/**
 * Reads the tables of operators, if the environment has a store: DATABASE_URL or BFF_STORE_FILE. BFF_OVERRIDES=false
 * turns them off. Undefined: they are off, or have faults.
 */
export async function declaredOverrides(
  source: Environment,
  { name, limits, sources }: OverridingServer,
): Promise<{ readonly overrides?: Overrides; readonly faults: readonly ConfigFault[] }> {
  const faults: ConfigFault[] = [];
  const read = new EnvReader(source, faults);
  const stored = (read.optional("DATABASE_URL") ?? read.optional("BFF_STORE_FILE")) !== undefined;
  if (!read.bool("BFF_OVERRIDES", String(stored))) return { faults };
  const { readKeyStore } = await import("@protobff/runtime/internal/identity/api-key/open-store");
  const store = await readKeyStore(read, "BFF_OVERRIDES");
  if (store === undefined) return { faults: faults.map((fault) => ({ ...fault, remedy: `${fault.remedy}${OFF}` })) };
  const { Overrides } = await import("@protobff/runtime/internal/environment/overrides");
  const names = [...new Set(limits.map((limit) => `${limit.package}/${limit.name}`))];
  const server = { id: randomUUID(), name, version: VERSION, sources, limits: names };
  return { overrides: await Overrides.open(store, systemClock, server), faults };
}

/** The identity of endpoints, and the denylist in front of endpoints without one. */
export interface Guarded<P extends Message> {
  readonly identity: OpenIdentity<P> | undefined;
  /** Undefined: there is no denylist, or the identity has it. */
  readonly addresses: GuardedIdentity | undefined;
}

/** Places the denylist in front of the identity. From now on both tables are read every 5 s. */
export async function guarded<P extends Message>(
  identity: OpenIdentity<P> | undefined,
  overrides: Overrides,
  fault: ServerFault,
): Promise<Guarded<P>> {
  overrides.watch(fault);
  const { GuardedIdentity, NO_CALLERS } = await import("@protobff/runtime/internal/identity/denylist/denylist");
  const { denylist, opened } = overrides;
  if (identity !== undefined)
    return { identity: new GuardedIdentity(identity, denylist, opened), addresses: undefined };
  return { identity, addresses: new GuardedIdentity(NO_CALLERS, denylist, opened) };
}

type Made = readonly (Endpoint | StreamEndpoint)[];

/** Returns the same factory of endpoints. They have the check of addresses in front of them. */
export function behindAddresses<P>(
  create: (parts: P) => Made | Promise<Made>,
  addresses: GuardedIdentity,
): (parts: P) => Promise<Made> {
  return async (parts) => (await create(parts)).map((endpoint) => endpoint.withGuard?.(addresses) ?? endpoint);
}
