// Ever new keys of a topic that is followed through a call: each takes a stream of the upstream, and nobody else is to lack one.
// Holds docs/runtime.md#topics
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { ATTACK_MS, type AttackOptions, attacked, described, expectUnharmed, post, type Target } from "./rig/rig.ts";

const LATEST = "/top.v1.TopService/Latest";
const OPTIONS: AttackOptions = { server: "top", normal: { path: LATEST, body: '{"key":"normal"}' } };
/** Streams that the upstream of the BFF has. */
const STREAMS = 100;
const AT_ONCE = 20;

let keys = 0;
/** The statuses of requests for so many keys that nobody has asked for before. */
async function latestOfNew(target: Target, count: number): Promise<Record<string, number>> {
  const statuses: Record<string, number> = {};
  for (let from = 0; from < count; from += AT_ONCE) {
    const answers = Array.from({ length: Math.min(AT_ONCE, count - from) }, () =>
      post(target, { key: `k${keys++}` }, LATEST),
    );
    for (const { status } of await Promise.all(answers)) statuses[status] = (statuses[status] ?? 0) + 1;
  }
  return statuses;
}
/** The first message of a stream, in Connect's JSON. */
async function firstOf(target: Target, key: string): Promise<string> {
  const body = Buffer.from(JSON.stringify({ key }));
  const frame = Buffer.concat([Buffer.from([0, 0, 0, 0, body.length]), body]);
  const leave = new AbortController();
  const response = await fetch(`${target.url}/top.v1.TopService/Follow`, {
    method: "POST",
    headers: { "content-type": "application/connect+json" },
    body: frame,
    signal: AbortSignal.any([leave.signal, AbortSignal.timeout(10_000)]),
  });
  const { value } = (await response.body?.getReader().read()) ?? {};
  leave.abort();
  return Buffer.from(value ?? [])
    .subarray(5)
    .toString();
}

test("requests for the newest item are answered for more keys than the upstream has streams", async () => {
  const outcome = await attacked(async (target) => {
    const attack = await latestOfNew(target, 4 * STREAMS);
    const followed = await firstOf(target, "fresh");
    return { attack, followed };
  }, OPTIONS);
  console.log(described("latest of ever new keys", outcome));
  expectUnharmed(outcome);
  const { attack, followed } = outcome.result;
  expect(attack).toEqual({ 200: 4 * STREAMS });
  expect(JSON.parse(followed)).toMatchObject({ key: "fresh" });
}, 60_000);

test("20 requests for new keys a second leave callers with other keys served", async () => {
  const outcome = await attacked(async (target) => {
    await latestOfNew(target, STREAMS + AT_ONCE);
    const honest: Record<string, number> = {};
    let attack = 0;
    for (const until = performance.now() + ATTACK_MS; performance.now() < until; ) {
      const attacking = latestOfNew(target, 2);
      const { status } = await post(target, { key: `honest${keys++}` }, LATEST);
      honest[status] = (honest[status] ?? 0) + 1;
      await attacking;
      attack += 2;
      await pause(100);
    }
    return { attack, honest };
  }, OPTIONS);
  console.log(described("latest of ever new keys, kept up", outcome));
  expectUnharmed(outcome);
  const { attack, honest } = outcome.result;
  expect(attack).toBeGreaterThan(0);
  expect(Object.keys(honest)).toEqual(["200"]);
}, 60_000);
