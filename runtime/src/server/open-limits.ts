import { type Clock, systemClock } from "../clock.ts";
import type { Limits } from "../limits/limits.ts";
import type { RateLimit } from "../limits/rate-limit.ts";
import { type Environment, EnvReader, type Fault } from "./env-reader.ts";
import type { ServerFault } from "./failure-log.ts";
import { readRedisUrl } from "./redis-url.ts";

export interface OpenLimitsOptions {
  /** Default: that of the process. */
  readonly environment?: Environment | undefined;
  readonly clock?: Clock | undefined;
  /** Is told what goes wrong without a request; by default it is printed on standard error. */
  readonly fault?: ServerFault | undefined;
}

/** Nobody waits longer for Redis, in milliseconds. */
const REDIS_MS = 20;
/** The first connection is waited for, in milliseconds. */
const CONNECT_MS = 1_000;

/** What the environment says about limits. */
export interface LimitsSpec {
  open(parts: { readonly clock: Clock; readonly fault: ServerFault }): Promise<Limits>;
}

/** Reads it; undefined where something is wrong with it, which is told. */
export async function configureLimits(limits: readonly RateLimit[], read: EnvReader): Promise<LimitsSpec | undefined> {
  const url = readStateRedisUrl(read);
  const closed = limits.find((limit) => limit.closed === true && limit.local !== true);
  if (closed !== undefined && url === undefined) {
    const problem = `is not set, and the limit ${closed.package}/${closed.name} is closed: it refuses where its counters cannot be reached`;
    read.fault("REDIS_URL", problem, "an address like redis://127.0.0.1:6379, or BFF_STATE_REDIS_URL");
    return undefined;
  }
  return { open: (parts) => open(limits, url, parts) };
}

async function open(
  limits: readonly RateLimit[],
  url: string | undefined,
  { clock, fault }: { readonly clock: Clock; readonly fault: ServerFault },
): Promise<Limits> {
  const { Limits } = await import("../limits/limits.ts"); // nobody else pays for loading it
  if (url === undefined) {
    if (limits.some(({ local }) => local !== true))
      fault("limits are counted in this process alone, and no other knows them; set REDIS_URL", undefined);
    return new Limits({ clock, fault });
  }
  const { RedisCounters } = await import("../limits/redis-counters.ts");
  const away = (error: Error): void => fault("the limits' Redis cannot be reached", error);
  const counters = new RedisCounters(url, away);
  await counters.connected(CONNECT_MS);
  const shared = { counters, waitMs: REDIS_MS, counts: () => true };
  return new Limits({ clock, fault, shared });
}

/** Where limits are counted: a Redis that evicts nothing, where it is another one than the cache's. */
function readStateRedisUrl(read: EnvReader): string | undefined {
  return readRedisUrl(read, "BFF_STATE_REDIS_URL") ?? readRedisUrl(read, "REDIS_URL");
}

/**
 * The limits of a server of one's own; `serve` does it by itself. Close them when the server has ended.
 *
 * @param limits all that are used: generated as `LIMITS`
 * @throws Error that names every variable that is missing or malformed
 */
export async function openLimits(
  limits: readonly RateLimit[],
  { environment = process.env, clock = systemClock, fault = printed }: OpenLimitsOptions = {},
): Promise<Limits> {
  const faults: Fault[] = [];
  const spec = await configureLimits(limits, new EnvReader(environment, faults));
  if (spec === undefined || faults.length > 0) {
    const lines = faults.map(({ variable, problem, remedy }) => `${variable} ${problem}; write ${remedy}`);
    throw new Error(`the limits cannot be opened: ${lines.join("\n")}`);
  }
  return spec.open({ clock, fault });
}

function printed(what: string, cause: unknown): void {
  if (cause === undefined) console.error(what);
  else console.error(`${what}:`, cause);
}
