// Many processes of one BFF over Redis Cluster, NATS and nginx, under load, while processes are killed and stopped and
// connections are cut. Returns what was counted, and which promises were broken.
import { setTimeout as pause } from "node:timers/promises";
import { onTestFinished } from "vitest";
import { freePort } from "../../../runtime/src/testing/ports.ts";
import { until } from "../../../runtime/src/testing/redis-rig.ts";
import { seeded } from "../../bffs/second/random-message.ts";
import { logins, Robots } from "./callers.ts";
import { type Findings, Items, Keys, load, report, zero } from "./checks.ts";
import { Client } from "./client.ts";
import { type Engines, startEngines } from "./engines.ts";
import { isolate } from "./isolation.ts";
import { Follower, Publisher, registryOf } from "./news.ts";
import { Passages } from "./passages.ts";
import { entryOf, Place, startPlaces } from "./processes.ts";
import { type Planted, protosOf, townOf } from "./town.ts";

export interface ClusterOptions {
  readonly processes: number;
  readonly seconds: number;
  readonly seed: number;
  readonly planted: Planted;
  /** Receives a line now and then. */
  readonly progress?: (line: string) => void;
}

const ITEMS = 50;
const KEYS = ["a", "b", "c", "d"];
/** Requests under way for each process. */
const AT_ONCE = 6;
const PURGE_TOKEN = "a-token-for-purges";
/** Followers have what was published within this time after the last fault. */
const REST_MS = 60_000;

export async function runCluster(options: ClusterOptions): Promise<Findings> {
  const findings: Findings = { counts: zero(), wrong: new Map() };
  const town = townOf(options.planted);
  town.generate();
  onTestFinished(() => town.remove());
  const random = seeded("cluster", options.seed);
  const items = new Items(ITEMS);
  const ports = await Promise.all(Array.from({ length: options.processes * 2 }, freePort));
  const engines = await startEngines(ports.slice(0, options.processes));
  const upstream = await town.upstream({
    "up.v1.ItemService/GetItem": ({ id }: { id: string }) => ({ id, version: items.version(id) }),
    "up.v1.ItemService/GetOwned": ({ owner }: { owner: string }) => ({ owner }),
  });
  const env = {
    UP_V1_ITEMSERVICE_URL: upstream,
    ISSUER: engines.provider.issuer,
    BFF_PUBLIC_URL: engines.url,
    BFF_BROWSER_CLIENT_SECRET: "a secret of the client's",
    BFF_PURGE_TOKEN: PURGE_TOKEN,
  };
  const places = await Promise.all(
    Array.from({ length: options.processes }, async (_, i) => {
      const [port = 0, adminPort = 0] = [ports[i], ports[options.processes + i]];
      const passages = new Passages();
      return new Place(entryOf(town.folder), port, adminPort, passages, {
        ...env,
        NATS_URL: (await Promise.all(engines.nats.servers.map((url) => passages.to(url)))).join(","),
        DATABASE_URL: await passages.to(engines.keys.url),
        REDIS_URL: await passages.toCluster(engines.redis.servers.map(({ port }) => port)),
        BFF_SESSION_KEYS: keyOf(1),
      });
    }),
  );
  await startPlaces(places);
  const rig = { ...options, engines, places, items, findings, random };
  await drive(rig);
  for (const { crashes } of places) for (const crash of crashes) report(findings, "crashes", crash);
  return findings;
}

const keyOf = (byte: number): string => Buffer.alloc(32, byte).toString("base64");

interface Rig extends ClusterOptions {
  readonly engines: Engines;
  readonly places: readonly Place[];
  readonly items: Items;
  readonly findings: Findings;
  readonly random: () => number;
}

async function drive(rig: Rig): Promise<void> {
  const { engines, findings, items, seconds, random, progress } = rig;
  const sessions = await logins(engines);
  if (rig.planted === "sessions") {
    await rig.places[0]?.kill();
    rig.places[0]?.change({ BFF_SESSION_KEYS: keyOf(2) });
    await rig.places[0]?.start();
  }
  const [credential = {}] = sessions.values();
  const robots = new Robots(engines);
  await robots.create();
  const client = new Client(engines.url);
  onTestFinished(() => client.close());
  const registry = registryOf(protosOf());
  const publisher = new Publisher(engines.nats, registry);
  const leaving = new AbortController();
  const followers = [...KEYS, ...KEYS].map(
    (key) => new Follower(key, engines.url, credential, registry, findings, leaving.signal),
  );
  const keys = new Keys();
  const end = performance.now() + seconds * 1_000;
  const isOver = (): boolean => performance.now() >= end;
  const purge = (tag: string): Promise<boolean> => purged(rig, tag);
  const shared = { client, items, keys, findings, sessions, robots, purge, isOver };
  const lines = setInterval(() => progress?.(JSON.stringify(findings.counts)), 10_000);
  await Promise.all([
    ...Array.from({ length: rig.processes * AT_ONCE }, (_, i) =>
      load({ ...shared, random: seeded("cluster", rig.seed, `${i}`) }),
    ),
    publishing(publisher, isOver, random),
    replacing(robots, isOver),
    disturb(rig, isOver),
  ]);
  clearInterval(lines);
  if (rig.planted === "none") await isolate(rig.places, robots, items, findings);
  keys.conclude(findings);
  const isCaughtUp = (): boolean => followers.every(({ key, last }) => last === (publisher.last.get(key) ?? 0));
  await until(() => isCaughtUp() || findings.wrong.size > 0, REST_MS).catch(() => {
    for (const { key, last } of followers)
      if (last !== publisher.last.get(key)) report(findings, "events", `${key}: ends with ${last}`);
  });
  leaving.abort();
  await Promise.all(followers.map(({ done }) => done));
}

async function publishing(publisher: Publisher, isOver: () => boolean, random: () => number): Promise<void> {
  while (!isOver()) {
    await publisher.publish(KEYS[Math.floor(random() * KEYS.length)] ?? "a");
    await pause(5);
  }
}

async function replacing(robots: Robots, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    await robots.replace();
    await pause(1_000);
  }
}

/** Purges at a process that runs. */
async function purged({ places, random }: Rig, tag: string): Promise<boolean> {
  const running = places.filter(({ isRunning }) => isRunning);
  const place = running[Math.floor(random() * running.length)];
  const answer = await fetch(`http://127.0.0.1:${place?.adminPort}/purge`, {
    method: "POST",
    headers: { authorization: `Bearer ${PURGE_TOKEN}` },
    body: JSON.stringify({ tags: [tag] }),
    signal: AbortSignal.timeout(10_000),
  }).catch(() => undefined);
  await answer?.text().catch(() => {});
  return answer?.status === 200;
}

/** Mean time between two disturbances, in milliseconds. */
const CALM_MS = 1_200;
/** Longest stop of a process, and of an engine: below the time after which its cluster takes it for dead. */
const STOP_MS = 5_000;
const ENGINE_STOP_MS = 1_000;

async function disturb({ places, engines, findings: { counts }, random }: Rig, isOver: () => boolean): Promise<void> {
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T;
  const repairs = new Set<Promise<void>>();
  const later = (ms: number, repair: () => unknown): void => {
    const repaired = pause(ms)
      .then(repair)
      .then(() => void repairs.delete(repaired));
    repairs.add(repaired);
  };
  while (!isOver()) {
    await pause(CALM_MS * (0.5 + random()));
    const draw = random();
    const running = places.filter(({ isRunning }) => isRunning);
    // Half of the processes carry the load.
    const place = running.length > places.length / 2 ? pick(running) : undefined;
    if (draw < 0.45 && place !== undefined) {
      counts.kills++;
      await place.kill();
      later(random() * 500, () => place.start());
    } else if (draw < 0.7 && place !== undefined) {
      counts.stops++;
      place.stop();
      later(random() * STOP_MS, () => place.proceed());
    } else if (draw < 0.76) {
      const { passages } = pick(places);
      counts.cuts++;
      passages.cut(true);
      later(random() * STOP_MS, () => passages.cut(false));
    } else if (draw < 0.84) {
      const server = pick(engines.redis.servers);
      counts.stops++;
      server.hang();
      later(random() * ENGINE_STOP_MS, () => server.wake());
    } else if (draw < 0.92) {
      counts.cuts++;
      await pick(engines.redis.servers)
        .send("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        .catch(() => {});
    } else if (draw < 0.96) {
      const nats = pick(engines.nats.all);
      counts.kills++;
      await nats.stop();
      await pause(random() * 1_000);
      await nats.start();
      await pause(ENGINE_STOP_MS); // one at a time: two of three are a quorum
    } else {
      counts.kills++;
      await engines.keys.stop();
      await engines.keys.start();
    }
  }
  while (repairs.size > 0) await Promise.all(repairs);
}
