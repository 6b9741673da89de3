import { type Clock, systemClock } from "../clock.ts";
import type { Limits, Shared } from "../limits/limits.ts";
import type { LimitOverrides } from "../limits/overrides.ts";
import type { RateLimit } from "../limits/rate-limit.ts";
import type { SharedCounters } from "../limits/shared-counters.ts";
import type { RedisLocation } from "../redis/connection.ts";
import { type ConfigFault, type Environment, EnvReader, faultLines } from "./env-reader.ts";
import { readStateRedisUrl } from "./redis-url.ts";
import { printFault, type ServerFault } from "./server-fault.ts";

/** Options of `openLimits`: the variables, the clock, and the receiver of faults. */
export interface OpenLimitsOptions {
  /** Default: that of the process. */
  readonly environment?: Environment | undefined;
  readonly clock?: Clock | undefined;
  /** Receives faults outside of requests. Default: prints them on standard error. */
  readonly fault?: ServerFault | undefined;
}

/** Maximum wait for Redis, in milliseconds. */
const REDIS_MS = 20;
/** The same for the store of quotas, which writes to a disk. */
const STORE_MS = 100;

/** Limits, as the environment configures them. */
export interface LimitsSpec {
  open(parts: LimitsParts): Promise<Limits>;
}

interface LimitsParts {
  readonly clock: Clock;
  readonly fault: ServerFault;
  /** Rates of single keys. Undefined: none. */
  readonly overrides?: LimitOverrides | undefined;
  /** How many processes count; default 1. */
  readonly processes?: number | undefined;
  /** True if this process reports the facts that hold for all processes. Default: true. */
  readonly first?: boolean | undefined;
}

/** Reads the configuration; undefined if it has faults, which are reported. */
export async function configureLimits(limits: readonly RateLimit[], read: EnvReader): Promise<LimitsSpec | undefined> {
  const url = readStateRedisUrl(read);
  const shared = limits.filter(({ local }) => local !== true);
  const quotas = url === undefined ? shared.filter(({ per }) => typeof per === "string") : [];
  const store = quotas.length === 0 ? undefined : await readQuotaStore(read);
  if (store === "faulty") return undefined;
  const alone = url === undefined ? shared.filter((limit) => store === undefined || !quotas.includes(limit)) : [];
  const closed = alone.find((limit) => limit.closed === true);
  if (closed !== undefined) {
    const problem = `is not set, and the limit ${closed.package}/${closed.name} is closed: it refuses where its counters cannot be reached`;
    read.fault("REDIS_URL", problem, "an address like redis://127.0.0.1:6379, or BFF_STATE_REDIS_URL");
    return undefined;
  }
  return {
    async open({ clock, fault, overrides, processes = 1, first = true }) {
      const { Limits } = await import("../limits/limits.ts"); // nobody else pays for loading it
      const names = [...new Set(alone.map((limit) => `${limit.package}/${limit.name}`))].join(", ");
      if (alone.length > 0 && first) {
        const place =
          processes === 1 ? "this process only, separate from other processes" : `each of ${processes} processes`;
        const more = processes === 1 ? "" : `: callers may do up to ${processes} times as much`;
        fault(`limits are counted in ${place} (${names})${more}; set REDIS_URL`, undefined);
      }
      const counters =
        url === undefined ? store && quotaCounters(store, fault) : await redisCounters(url, limits, fault);
      return new Limits({ clock, fault, overrides, ...(counters && { shared: counters }) });
    },
  };
}

async function redisCounters(url: RedisLocation, limits: readonly RateLimit[], fault: ServerFault): Promise<Shared> {
  const { RedisCounters } = await import("../limits/redis-counters.ts");
  const { loadRedis, START_MS } = await import("../redis/redis-client.ts");
  const away = (error: Error): void => fault("the limits' Redis cannot be reached", error);
  const counters = new RedisCounters(await loadRedis(url), away);
  await counters.connected(START_MS);
  const isLeased = limits.some(({ lease }) => lease !== undefined);
  const leases = isLeased ? (await import("../limits/leases.ts")).Leases : undefined;
  return { counters, waitMs: REDIS_MS, counts: () => true, leases };
}

function quotaCounters(counters: SharedCounters, fault: ServerFault): Shared {
  counters.failed = (error) => fault("quotas that have ended cannot be deleted", error);
  return { counters, waitMs: STORE_MS, counts: ({ unit }) => unit !== "" };
}

/**
 * Returns the store of calendar quotas without Redis: PostgreSQL by DATABASE_URL, else SQLite by BFF_STORE_FILE;
 * undefined: this process.
 */
async function readQuotaStore(read: EnvReader): Promise<SharedCounters | "faulty" | undefined> {
  const url = read.optional("DATABASE_URL");
  if (url !== undefined) return readPostgres(url, read);
  const path = read.optional("BFF_STORE_FILE");
  if (path === undefined) return undefined;
  try {
    const { SqliteQuotas } = await import("../limits/sqlite-quotas.ts");
    return await SqliteQuotas.at(path);
  } catch (error) {
    const remedy = "the path of a file for SQLite, or set DATABASE_URL";
    read.fault("BFF_STORE_FILE", `cannot be used (${error instanceof Error ? error.message : error})`, remedy);
    return "faulty";
  }
}

async function readPostgres(url: string, read: EnvReader): Promise<SharedCounters | "faulty"> {
  // The value is not repeated: it may have a password in it.
  const { protocol } = URL.parse(url) ?? {};
  if (protocol !== "postgres:" && protocol !== "postgresql:") {
    const remedy = "an address like postgres://user:password@127.0.0.1:5432/bff, or unset it";
    read.fault("DATABASE_URL", "is no address with postgres://", remedy);
    return "faulty";
  }
  try {
    const { PostgresQuotas } = await import("../limits/postgres-quotas.ts");
    return await PostgresQuotas.at(url);
  } catch {
    read.fault("pg", "is not installed, which limits need for DATABASE_URL", "npm install pg@8");
    return "faulty";
  }
}

/**
 * Opens the limits for a custom server; `serve` does it by itself. Close them when the server has ended.
 *
 * @param limits all that are used: generated as `LIMITS`
 * @throws Error that names every variable that is missing or malformed
 * @example
 * const limits = await openLimits(LIMITS);
 * const endpoints = createShopService({ upstreams, env: {}, limits });
 */
export async function openLimits(
  limits: readonly RateLimit[],
  { environment = process.env, clock = systemClock, fault = printFault }: OpenLimitsOptions = {},
): Promise<Limits> {
  const faults: ConfigFault[] = [];
  const spec = await configureLimits(limits, new EnvReader(environment, faults));
  if (spec === undefined || faults.length > 0) throw new Error(`the limits cannot be opened: ${faultLines(faults)}`);
  return spec.open({ clock, fault });
}
