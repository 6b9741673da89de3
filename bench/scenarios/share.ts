// Fair shares of an upstream's limit (Envoy issue 14550): tenant A sends 20 times its share, tenant B half of its share.
// The runtime is real, and time is simulated: order and waits do not depend on the machine. The last variant measures
// the CPU of one tenant that never waits.
import { FairShare } from "../../runtime/src/guard/fair-share.ts";
import type { LimitPolicy } from "../../runtime/src/guard/limit.ts";
import { FakeClient } from "../../runtime/src/testing/fake-client.ts";
import { RandomClock } from "../../runtime/src/testing/fake-clock.ts";
import { front, page } from "../../runtime/src/testing/front.ts";
import { type RunOptions, type ScenarioResult, scenarioResult, type VariantResult } from "../rig/result.ts";
import { percentile } from "../rig/statistics.ts";

const PLACES = 10;
const ANSWER_MS = 10;
/** Requests that the upstream can answer, per millisecond. */
const CAPACITY = PLACES / ANSWER_MS;
const FULL = { ms: 40_000, adapting: 500, requests: 20_000, rounds: 15 };
const QUICK = { ms: 600, adapting: 100, requests: 2_000, rounds: 1 };

type Times = "equal" | "exponential";
type Sizes = typeof FULL;
interface Tenant {
  readonly name: string;
  readonly weight: number;
  /** Requests per millisecond. */
  readonly rate: number;
}
interface Outcome {
  answered: number;
  refused: number;
  /** Answers within the measured time, of earlier requests, too. */
  throughput: number;
  readonly latencies: number[];
}

const A: Tenant = { name: "a", weight: 1, rate: 20 * (CAPACITY / 2) };
const B: Tenant = { name: "b", weight: 1, rate: 0.5 * (CAPACITY / 2) };
const HEAVY: Tenant = { name: "heavy", weight: 3, rate: 2 * CAPACITY };
const LIGHT: Tenant = { name: "light", weight: 1, rate: 2 * CAPACITY };

export async function runShare(options: RunOptions): Promise<ScenarioResult> {
  const size = options.quick ? QUICK : FULL;
  const variants: VariantResult[] = [];
  const failures: string[] = [];
  const holds = (what: string, held: boolean): void => {
    if (!held && !options.quick) failures.push(what);
  };
  for (const times of ["equal", "exponential"] as const) {
    const alone = outcomeOf(await simulate([B], times, true, size), B);
    const unfair = await simulate([A, B], times, false, size);
    const fair = await simulate([A, B], times, true, size);
    const weighted = await simulate([HEAVY, LIGHT], times, true, size);
    const ratio = outcomeOf(weighted, HEAVY).throughput / outcomeOf(weighted, LIGHT).throughput;
    const throughput = total(fair) / total(unfair);
    variants.push(
      figures(`B alone, ${times} answer times`, alone, alone),
      figures(`B beside A, first come, first served, ${times}`, outcomeOf(unfair, B), alone),
      { ...figures(`B beside A, fair, ${times}`, outcomeOf(fair, B), alone), throughput_to_first_come: throughput },
      { name: `weights 3 : 1, ${times}`, ratio_of_answers: ratio },
    );
    holds(`${times}: ${outcomeOf(fair, B).refused} requests of B are refused`, outcomeOf(fair, B).refused === 0);
    holds(`${times}: weights 3 : 1 answer ${ratio.toFixed(2)} : 1`, Math.abs(ratio / 3 - 1) <= 0.05);
    holds(`${times}: the throughput is ${throughput.toFixed(3)} of first come, first served`, throughput >= 0.98);
  }
  variants.push(await cost(size));
  for (const variant of variants) console.log(variant);
  return scenarioResult(options, { scenario: "share", variants, left_out: [], failures, rounds: size.rounds });
}

const NOTHING: Outcome = { answered: 0, refused: 0, throughput: 0, latencies: [] };
const outcomeOf = (all: ReadonlyMap<string, Outcome>, { name }: Tenant): Outcome => all.get(name) ?? NOTHING;
const total = (all: ReadonlyMap<string, Outcome>): number =>
  [...all.values()].reduce((sum, { throughput }) => sum + throughput, 0);

function figures(name: string, { answered, refused, latencies }: Outcome, alone: Outcome): VariantResult {
  const sorted = latencies.toSorted((a, b) => a - b);
  const p99Alone = percentile(
    alone.latencies.toSorted((a, b) => a - b),
    0.99,
  );
  const p99 = percentile(sorted, 0.99);
  return { name, answered, refused, p50_ms: percentile(sorted, 0.5), p99_ms: p99, p99_to_alone: p99 / p99Alone };
}

/** Sends requests at random moments, and counts them after the first ones. */
async function simulate(
  tenants: readonly Tenant[],
  times: Times,
  isFair: boolean,
  { ms, adapting }: Sizes,
): Promise<ReadonlyMap<string, Outcome>> {
  const random = new RandomClock(7);
  const bff = rigOf({ concurrent: PLACES, queued: 1_000 }, isFair);
  const { clock, client } = bff;
  client.answer = (sent) => {
    const took = times === "equal" ? ANSWER_MS : -ANSWER_MS * Math.log(1 - random.random());
    clock.setTimeout(
      () => {
        if (!sent.ended) sent.thing();
      },
      took,
      undefined,
    );
    client.sent.length = 0; // they would pile up
  };
  const found = new Map<string, Outcome>();
  const begins = clock.now();
  const arrivals = tenants.map((tenant) => ({ tenant, at: begins }));
  const next = (rate: number): number => -Math.log(1 - random.random()) / rate;
  for (const arrival of arrivals) arrival.at += next(arrival.tenant.rate);
  for (let now = begins; now < begins + ms; ) {
    const [first] = arrivals.toSorted((a, b) => a.at - b.at);
    if (first === undefined) break;
    await clock.advance(first.at - now);
    now = first.at;
    const { tenant } = first;
    const outcome: Outcome = found.get(tenant.name) ?? { ...NOTHING, latencies: [] };
    found.set(tenant.name, outcome);
    const isCounted = now >= begins + adapting;
    const sentAt = now;
    void bff.send(tenant).answer.then(({ failure }) => {
      const now = clock.now();
      if (failure === undefined && now >= begins + adapting && now < begins + ms) outcome.throughput++;
      if (!isCounted) return;
      if (failure !== undefined) outcome.refused++;
      else {
        outcome.answered++;
        outcome.latencies.push(now - sentAt);
      }
    });
    first.at += next(tenant.rate);
  }
  await clock.advance(3_000);
  return found;
}

/** A BFF with one call per request. */
function rigOf(limit: LimitPolicy, isFair: boolean) {
  const fairShare = new FairShare(100);
  const share = fairShare.rule(
    (cx: { header(name: string): string }) => cx.header("tenant"),
    (cx) => Number(cx.header("weight")),
  );
  const rig = front<FakeClient>(
    {
      policy: { limit: { ...limit, ...(isFair && { fair: fairShare }) } },
      ...(isFair && { share }),
      observer: { instead: undefined },
    },
    new FakeClient(),
  );
  const send = rig.sender(async (cx) => page({ title: (await cx.call(rig.app.get, { id: "1" })).id }));
  return { ...rig, send: ({ name, weight }: Tenant) => send({ headers: { tenant: name, weight: String(weight) } }) };
}

/** Compares the least CPU per request of one tenant that never waits, with and without fair shares, in turns. */
async function cost({ requests, rounds }: Sizes): Promise<VariantResult> {
  const single: Tenant = { name: "single", weight: 1, rate: 0 };
  const rigs = [false, true].map((isFair) => {
    const rig = rigOf({ concurrent: 100, queued: 1_000 }, isFair);
    rig.client.answer = (sent) => {
      sent.thing();
      rig.client.sent.length = 0;
    };
    return rig;
  });
  const least = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let round = 0; round <= rounds; round++) {
    for (const [i, rig] of rigs.entries()) {
      const before = process.cpuUsage();
      for (let sent = 0; sent < requests; sent++) await rig.send(single).answer;
      const { user, system } = process.cpuUsage(before);
      if (round > 0) least[i] = Math.min(least[i] ?? 0, (user + system) / requests);
    }
  }
  const [plain = Number.NaN, fair = Number.NaN] = least;
  return { name: "CPU of one tenant, fair by first come", cpu_ratio: fair / plain };
}
