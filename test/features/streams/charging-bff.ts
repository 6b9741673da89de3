// For tests only, a process: a generated BFF whose limits count in Redis. At SIGTERM it drains, waits for every charge, and prints its account.
import { pathToFileURL } from "node:url";
import { GrpcClient } from "@protobff/runtime";
import { listen } from "../../../packages/server/src/listen.ts";
import { Metrics } from "../../../packages/server/src/metrics/metrics.ts";
import { joinObservers } from "../../../packages/server/src/process/observers.ts";
import { systemClock } from "../../../runtime/src/clock.ts";
import type { StreamEndpoint } from "../../../runtime/src/entries/stream.ts";
import { Limits } from "../../../runtime/src/limits/limits.ts";
import { RedisCounters } from "../../../runtime/src/limits/redis-counters.ts";
import type { SharedCounters } from "../../../runtime/src/limits/shared-counters.ts";
import { loadRedis } from "../../../runtime/src/redis/redis-client.ts";

/** The account of a process. */
export interface ChargingReport {
  /** Units that it has charged and settled, by key. */
  readonly charged: Readonly<Record<string, number>>;
  /** Sum of its meter. */
  readonly metered: number;
  /** Ends of streams, by cause. */
  readonly ends: Readonly<Record<string, number>>;
  /** Faults of its limits, and requests that were refused or counted in this process alone. */
  readonly faults: readonly string[];
}

interface Generated {
  createUpstreams(clients: object, options: object): object;
  createAppService(deps: object): StreamEndpoint[];
}

/** No answer of Redis is late, however busy the machine is: a late one would count in the process. */
const WAIT_MS = 600_000;
const GRACE_MS = 30_000;

async function run(path: string, upstream: string, redis: string): Promise<void> {
  const { createUpstreams, createAppService } = (await import(pathToFileURL(path).href)) as Generated;
  const charged: Record<string, number> = {};
  const ends: Record<string, number> = {};
  const faults: string[] = [];
  const pending = new Set<Promise<unknown>>();
  const fault = (what: string): void => void faults.push(what);
  const redisCounters = new RedisCounters(await loadRedis(redis), ({ message }) => fault(message));
  await redisCounters.connected(WAIT_MS);
  const account = (key: string, units: number): void => {
    charged[key] = (charged[key] ?? 0) + units;
  };
  const counters: SharedCounters = {
    charge: (charges) => {
      for (const { key, cost } of charges) account(key, cost);
      return redisCounters.charge(charges);
    },
    add: (counter, key, units, since) => {
      account(key, units);
      const added = redisCounters.add(counter, key, units, since).finally(() => pending.delete(added));
      pending.add(added);
      return added;
    },
    close: () => redisCounters.close(),
  };
  const limits = new Limits({ clock: systemClock, shared: { counters, waitMs: WAIT_MS, counts: () => true }, fault });
  const metrics = new Metrics();
  const observer = joinObservers([
    metrics,
    {
      limited: ({ outcome }) => fault(`limited: ${outcome}`),
      response: ({ stream: { end } = { end: "none" } }) => {
        ends[end] = (ends[end] ?? 0) + 1;
      },
    },
  ]);
  const client = new GrpcClient(upstream);
  const upstreams = createUpstreams({ item: client }, { observer });
  const server = await listen(createAppService({ upstreams, env: {}, limits, observer }));
  process.once("SIGTERM", async () => {
    await server.close(GRACE_MS);
    while (pending.size > 0) await Promise.all(pending);
    const { families } = metrics.snapshot();
    const samples = families.find(({ name }) => name === "bff_meter_tokens_total")?.samples ?? [];
    const report: ChargingReport = {
      charged,
      metered: samples.reduce((sum, { value }) => sum + value, 0),
      ends,
      faults,
    };
    process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit());
  });
  process.stdout.write(`listening on ${server.url}\n`);
}

const [, , path, upstream, redis] = process.argv;
if (path !== undefined && upstream !== undefined && redis !== undefined && import.meta.main)
  await run(path, upstream, redis);
