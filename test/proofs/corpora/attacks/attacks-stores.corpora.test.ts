// Redis and NATS with contents of others: swapped, broken and huge values, values of other types, a Redis that hangs or
// takes no writes, and a flood of events. Answers stay those of their callers, beside a normal client.
// Holds docs/runtime.md#caching
import { join } from "node:path";
import { expect, test } from "vitest";
import { startNats } from "../../../../runtime/src/testing/nats-rig.ts";
import { startRedis, until } from "../../../../runtime/src/testing/redis-rig.ts";
import { generated } from "./rig/generate-bff.ts";
import { startIssuer } from "./rig/issuer.ts";
import { Process } from "./rig/processes.ts";
import { attacked, described, expectUnharmed, post, type Target } from "./rig/rig.ts";

type Admin = Awaited<ReturnType<typeof startRedis>>["admin"];
type Harm = (admin: Admin, key: string) => Promise<unknown>;
const isText = async (admin: Admin, key: string): Promise<boolean> => (await admin.type(key)) === "string";

/** Ways to spoil an entry: some are texts, those with tags are hashes. */
const HARMS: Readonly<Record<string, Harm>> = {
  truncated: async (admin, key) =>
    (await isText(admin, key)) ? admin.sendCommand(["SETRANGE", key, "0", "\0\0\0\0"]) : admin.hSet(key, "answer", "x"),
  "of another letter": async (admin, key) =>
    (await isText(admin, key)) ? admin.sendCommand(["SETRANGE", key, "30", "Z"]) : admin.hSet(key, "answer", "Z"),
  "another text": (admin, key) => admin.set(key, "hello"),
  empty: (admin, key) => admin.set(key, ""),
  "a list": async (admin, key) => [await admin.del(key), await admin.lPush(key, "x")],
  "a hash": async (admin, key) => [
    await admin.del(key),
    await admin.hSet(key, { run: "x", tags: "[[", values: "nope", answer: "zz" }),
  ],
  "a stream": async (admin, key) => [await admin.del(key), await admin.sendCommand(["XADD", key, "*", "a", "b"])],
  "of 64 MB": async (admin, key) => [
    await admin.del(key),
    await admin.sendCommand(["SETRANGE", key, String(64 << 20), "x"]),
  ],
};
const RPCS = ["Call", "Whole"];
type Caller = readonly [subject: string, token: string];

interface Answer {
  readonly tenant: string;
  /** Number of the upstream's call. */
  readonly n: number;
}
type Served = Pick<Target, "url">;
async function answerOf(target: Served, rpc: string, key: string, [, token]: Caller) {
  const bearer = { authorization: `Bearer ${token}` };
  const { status, text } = await post(target, { key }, `/psn.v1.PsnService/${rpc}`, bearer);
  const { tenant = "", n = 0 }: Partial<Answer> = status === 200 ? (JSON.parse(text) as Answer) : {};
  return { status, tenant, n };
}
/** Status and tenant of an answer: `200 two`. */
async function shortly(...request: Parameters<typeof answerOf>): Promise<string> {
  const { status, tenant } = await answerOf(...request);
  return `${status} ${tenant}`.trim();
}

/** Two processes with one Redis: what one of them has put there, the attacked one reads, as its memory lacks it. */
class Pair {
  readonly #target: Served;
  readonly #filler: Served;
  readonly #admin: Admin;
  #controls = 0;

  constructor(target: Served, filler: Served, admin: Admin) {
    this.#target = target;
    this.#filler = filler;
    this.#admin = admin;
  }
  /** Fills Redis, and returns the name of the entry. */
  async fill(rpc: string, key: string, caller: Caller): Promise<string> {
    const before = new Set(await this.#admin.keys("bff[23]:*"));
    await answerOf(this.#filler, rpc, key, caller);
    return until(async () => (await this.#admin.keys("bff[23]:*")).find((entry) => !before.has(entry)));
  }
  /** Waits until the attacked process reads Redis, which it leaves alone for a while after faults. */
  async isRead(rpc: string, caller: Caller): Promise<void> {
    await until(async () => {
      const key = `control${this.#controls++}`;
      await this.fill(rpc, key, caller);
      const [here, there] = [
        await answerOf(this.#filler, rpc, key, caller),
        await answerOf(this.#target, rpc, key, caller),
      ];
      return here.n === there.n;
    });
  }
}

async function poison(target: Target, filler: Served, admin: Admin, one: Caller, two: Caller) {
  const pair = new Pair(target, filler, admin);
  const answers: Record<string, string> = {};
  for (const rpc of RPCS) {
    for (const [name, harm] of Object.entries(HARMS)) {
      await pair.isRead(rpc, one);
      await harm(admin, await pair.fill(rpc, name, two));
      answers[`${rpc} ${name}`] = await shortly(target, rpc, name, two);
    }
    await pair.isRead(rpc, one);
    const [ofOne, ofTwo] = [await pair.fill(rpc, "swap", one), await pair.fill(rpc, "swap", two)];
    await admin.sendCommand(["COPY", ofOne, ofTwo, "REPLACE"]);
    answers[`${rpc} swapped`] = await shortly(target, rpc, "swap", two);
  }
  return answers;
}

/** Spoils the counter of one caller; another one's counts stay. */
async function spoilCounters(target: Target, admin: Admin, one: Caller, two: Caller): Promise<string[]> {
  const statuses = new Set<string>();
  await shortly(target, "Limited", "k", one);
  const counter = await until(async () => (await admin.keys("bff:limit:*"))[0]);
  for (const value of ["garbage", "-99999999999999999999", "9".repeat(400), undefined]) {
    await admin.del(counter);
    if (value === undefined) await admin.lPush(counter, "x");
    else await admin.set(counter, value);
    for (let i = 0; i < 5; i++) statuses.add((await shortly(target, "Limited", "k", one)).slice(0, 3));
  }
  const others: string[] = [];
  for (let i = 0; i < 4; i++) others.push(await shortly(target, "Limited", "k", two));
  return [...[...statuses].sort(), ...others];
}

test("contents of Redis that others changed reach no answer", async () => {
  const redis = await startRedis();
  const issuer = await startIssuer();
  const callerOf = async (name: string): Promise<Caller> => [name, await issuer.token(name)];
  const [one, two] = [await callerOf("one"), await callerOf("two")];
  const env = { OIDC_ISSUER: issuer.address, REDIS_URL: redis.url };
  const normal = { path: "/psn.v1.PsnService/Whole", body: "{}", headers: { authorization: `Bearer ${one[1]}` } };
  const outcome = await attacked(
    async (target) => {
      const where = { HOST: "127.0.0.1", PORT: "0", UP_V1_ECHOSERVICE_URL: target.upstreamUrl };
      const other = new Process([join(generated(), "psn/v1/server.ts")], { ...where, ...env });
      try {
        const answers = await poison(target, { url: await other.url() }, redis.admin, one, two);
        const counted = await spoilCounters(target, redis.admin, one, two);
        await redis.admin.sendCommand(["REPLICAOF", "127.0.0.1", "1"]);
        const readOnly = await shortly(target, "Call", "read-only", two);
        await redis.admin.sendCommand(["REPLICAOF", "NO", "ONE"]);
        redis.hang();
        const hung = await Promise.all(RPCS.map((rpc) => shortly(target, rpc, "hung", two)));
        redis.wake();
        return { answers, counted, readOnly, hung };
      } finally {
        await other.kill();
      }
    },
    { server: "psn", normal, env },
  ).finally(() => issuer.close());
  console.log(described("contents of Redis", outcome));
  expectUnharmed(outcome);
  const { answers, counted, readOnly, hung } = outcome.result;
  expect(Object.entries(answers).filter(([, answer]) => answer !== "200 two")).toEqual([]);
  expect(counted).toEqual(["200", "429", "200 two", "200 two", "200 two", "429"]);
  expect([readOnly, ...hung]).toEqual(["200 two", "200 two", "200 two"]);
}, 90_000);

/** `up.v1.Event` with this key. */
function event(key: string): Buffer {
  const text = Buffer.from(key);
  const length: number[] = [];
  for (let rest = text.length; ; rest >>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest);
    if (rest <= 127) break;
  }
  return Buffer.concat([Buffer.from([0x12, ...length]), text]);
}
const ODD_KEYS = [
  "",
  "*",
  "a\r\nPUB x 1\r\n",
  "\0",
  '"],"x',
  "a".repeat(300),
  "a".repeat(900_000),
  "é\u2028",
  "__proto__",
];
const NO_EVENTS = [[0xff, 0xff], [], [0x12, 0xff, 0xff, 0xff, 0x7f], new Array<number>(500_000).fill(0x0a)];
const EVENTS = 10_000;

test("events that are none, and floods of events, purge nothing but what they name", async () => {
  const nats = await startNats();
  await nats.start();
  const { connection, js, add } = await nats.admin();
  await add("PURGE", { subjects: ["purge.*"] });
  const PATH = "/pur.v1.PurService/Call";
  const outcome = await attacked(
    async (target) => {
      const calls = async (key: string): Promise<number> =>
        (JSON.parse((await post(target, { key }, PATH)).text) as { n: number }).n;
      const purged = async (key: string): Promise<void> => {
        const before = await calls(key);
        await js.publish("purge.b", event(key));
        await until(async () => (await calls(key)) !== before);
      };
      await purged("first"); // the consumer is there, and has purged what it missed
      const kept = await calls("kept");
      for (const key of ODD_KEYS) await js.publish("purge.a", event(key));
      for (const bytes of NO_EVENTS) await js.publish("purge.a", Buffer.from(bytes));
      for (let i = 0; i < EVENTS; i++) connection.publish("purge.a", event(`flood${i % 3000}`));
      await connection.flush();
      await purged("last"); // behind all others
      return { kept: (await calls("kept")) === kept };
    },
    { server: "pur", normal: { path: PATH, body: '{"key":"normal"}' }, env: { NATS_URL: nats.url } },
  );
  console.log(described("events of NATS", outcome));
  expectUnharmed(outcome);
  expect(outcome.result).toEqual({ kept: true });
}, 90_000);
