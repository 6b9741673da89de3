// The refusals of a modelled event loop, on its clock: what an overloaded server answers, and that bursts, quotas and
// garbage collections refuse nothing. PROTOBFF_BURSTS sets the number of bursts.
// Holds docs/runtime.md#server
import { FakeClock } from "@protobff/runtime/internal/testing/fake-clock";
import { expect, test } from "vitest";
import { EchoService } from "../testing/test-echo.ts";
import type { Watch } from "../turns/turns.ts";
import { Shedding, type ShedRpc } from "./shedding.ts";

/** Work of the event loop in milliseconds: to read a request, to refuse it, and to begin it. */
const READ_MS = 0.01;
const REFUSE_MS = 0.02;
const BEGIN_MS = 0.08;
const UPSTREAM_MS = 2;
const DEADLINE_MS = 2_000;
/** Number of requests that begin in a turn. */
const TURN = 8;
/** Period of a quota, and the share of it in which the process runs. */
const QUOTA_MS = 100;

interface Waiting {
  readonly at: number;
  watch?: Watch | undefined;
  begunAt: number;
}

interface World {
  /** Work of an answer in milliseconds. */
  readonly answerMs: number;
  readonly shedding: boolean;
  /** Share of each 100 ms in which the process may work. */
  readonly quota?: number;
  /** Duration of a garbage collection each second, in milliseconds. */
  readonly collectionMs?: number;
}

/** Returns the number of requests per second that the loop can answer. */
const capacityOf = ({ answerMs, quota = 1 }: World): number => (quota * 1_000) / (READ_MS + BEGIN_MS + answerMs);

/** An event loop with one line of requests. */
class Loop {
  readonly clock = new FakeClock();
  /** Number of good answers in each second of the clock. */
  readonly good: number[] = [];
  refused = 0;
  readonly world: World;
  readonly #rpc: ShedRpc;
  readonly #shedding: Shedding;
  readonly #line: Waiting[] = [];
  readonly #underWay: Waiting[] = [];
  #watch: Watch | undefined;
  #isHeld = (): boolean => false;
  #cpuMs = 0;
  #busyMs = 0;
  #collectedAt = 0;

  constructor(world: World) {
    this.world = world;
    this.#shedding = new Shedding([{ method: EchoService.method.echo }], {
      delayMs: world.shedding ? 50 : 0,
      leaves: false,
      clock: this.clock,
      changed: () => {},
      watch: (position, watch) => {
        if (position === "alone") this.#watch = watch;
      },
      hold: (isHeld) => {
        this.#isHeld = isHeld;
        return { resume: () => {}, end: () => {} };
      },
      used: () => ({ busyMs: this.#busyMs, cpuMs: this.#cpuMs }),
    });
    this.#rpc = this.#shedding.of("echo.v1.EchoService/Echo") as ShedRpc;
  }
  #work(ms: number): void {
    this.clock.skip(ms);
    this.#cpuMs += ms;
    this.#busyMs += ms;
    const { quota = 1 } = this.world;
    const spent = this.clock.now() % QUOTA_MS;
    if (spent < quota * QUOTA_MS) return;
    this.clock.skip(QUOTA_MS - spent);
    this.#busyMs += QUOTA_MS - spent;
  }
  /** Plays requests at these times, ascending, and then what is left of them. */
  async play(arrivals: readonly number[]): Promise<void> {
    let next = 0;
    while (next < arrivals.length || this.#line.length > 0 || this.#underWay.length > 0) {
      const before = this.clock.now();
      await this.clock.advance(0);
      for (; next < arrivals.length && (arrivals[next] ?? 0) <= this.clock.now(); next++)
        this.#arrives(arrivals[next] ?? 0);
      for (let i = 0; i < TURN && this.#line.length > 0 && !this.#isHeld(); i++)
        this.#begin(this.#line.shift() as Waiting);
      this.#answer();
      const { collectionMs } = this.world;
      if (collectionMs !== undefined && this.clock.now() - this.#collectedAt >= 1_000) {
        this.#collectedAt = this.clock.now();
        this.#work(collectionMs);
      }
      if (this.clock.now() === before) this.clock.skip(0.5);
    }
  }
  #arrives(at: number): void {
    this.#work(READ_MS);
    if (this.#shedding.refusal(this.#rpc, undefined) !== undefined) {
      this.#refuse();
      return;
    }
    const request: Waiting = { at, watch: this.#watch, begunAt: 0 };
    this.#watch?.entered(this.clock.now());
    this.#watch = undefined;
    this.#line.push(request);
  }
  #refuse(): void {
    this.refused++;
    this.#work(REFUSE_MS);
  }
  #begin(request: Waiting): void {
    const now = this.clock.now();
    request.watch?.began(now);
    if (this.#shedding.lateRefusal(this.#rpc, now - request.at) !== undefined) {
      this.#refuse();
      return;
    }
    this.#shedding.begun();
    this.#work(BEGIN_MS);
    request.begunAt = now;
    this.#underWay.push(request);
  }
  #count(): void {
    const second = Math.floor(this.clock.now() / 1_000);
    this.good[second] = (this.good[second] ?? 0) + 1;
  }
  #answer(): void {
    for (let [request] = this.#underWay; request !== undefined; [request] = this.#underWay) {
      if (this.clock.now() < request.begunAt + UPSTREAM_MS) return;
      this.#underWay.shift();
      this.#work(this.world.answerMs);
      this.#shedding.ended(this.clock.now() - request.begunAt);
      if (this.clock.now() - request.at <= DEADLINE_MS) this.#count();
    }
  }
}

/** Returns the good answers of each second, as shares of the capacity. */
async function goodput(world: World, load: number, seconds: number): Promise<readonly number[]> {
  const loop = new Loop(world);
  const from = loop.clock.now();
  const perMs = (load * capacityOf(world)) / 1_000;
  await loop.play(Array.from({ length: Math.round(perMs * seconds * 1_000) }, (_, i) => from + i / perMs));
  const first = from / 1_000;
  return Array.from({ length: seconds }, (_, second) => (loop.good[first + second] ?? 0) / capacityOf(world));
}

test("at three times its capacity a server answers nothing without refusals, and nine tenths with them", async () => {
  expect((await goodput({ shedding: false, answerMs: 1 }, 3, 8)).slice(4)).toEqual([0, 0, 0, 0]);
  const shares = await goodput({ shedding: true, answerMs: 1 }, 3, 8);
  for (const share of shares.slice(1)) expect(share).toBeGreaterThan(0.9);
});

const BURST = 1_000;
const BURSTS = Number(process.env.PROTOBFF_BURSTS ?? 40);
test.each<[string, Partial<World>]>([
  ["a whole processor", {}],
  ["a quota of a quarter of a processor", { quota: 0.25 }],
  ["full garbage collections of 120 ms a second", { collectionMs: 120 }],
])("bursts of half of the capacity on average refuse nothing, with %s", async (_, world) => {
  const loop = new Loop({ shedding: true, answerMs: 0.25, ...world });
  const gapMs = (BURST * 2_000) / capacityOf(loop.world);
  const from = loop.clock.now();
  for (let burst = 0; burst < BURSTS; burst++)
    await loop.play(Array.from({ length: BURST }, () => from + burst * gapMs));
  const good = loop.good.reduce((sum, count) => sum + (count ?? 0), 0);
  expect([loop.refused, good]).toEqual([0, BURST * BURSTS]);
});
