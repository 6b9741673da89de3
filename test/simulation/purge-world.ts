// Tagged answers in a random world: readers, writers that purge what they have written, upstreams that read before they
// answer, failures, small caches and few remembered tags. The rule: a read that begins after a purge has returned never
// gets older data.
import { Cache } from "../../runtime/src/cache/cache.ts";
import { Purges, type TagPart } from "../../runtime/src/cache/purges.ts";
import { Code } from "../../runtime/src/failure.ts";
import type { FakeClient, Sent } from "../../runtime/src/testing/fake-client.ts";
import { idle } from "../../runtime/src/testing/fake-clock.ts";
import { front, page } from "../../runtime/src/testing/front.ts";
import type { Thing } from "../../runtime/src/testing/gen/test_pb.ts";
import { Random } from "./random.ts";

const IDS = ["a", "b", "c", "d"] as const;
/** Each item is of one group, whose tag the caller sends. */
const groupOf = (id: string): string => (id < "c" ? "first" : "second");

export interface PurgeWorld {
  readonly violations: readonly string[];
  readonly seen: Readonly<Record<string, number>>;
}

/** A world whose reads go through one process. */
class World {
  readonly violations: string[] = [];
  readonly seen = { reads: 0, hits: 0, purges: 0, failed: 0 };
  readonly #random: Random;
  /** Newest data of the upstream, and the oldest data that a read may still get. */
  readonly #versions = new Map<string, number>(IDS.map((id) => [id, 0]));
  readonly #floors = new Map<string, number>(IDS.map((id) => [id, 0]));
  /** Calls that the upstream has not answered, with what it has read for them. */
  readonly #open = new Map<Sent, number | undefined>();
  readonly #purges: Purges;
  readonly #front: ReturnType<typeof front<FakeClient>>;
  readonly #read: (id: string) => ReturnType<ReturnType<typeof front<FakeClient>>["send"]>;

  constructor(seed: number, broken: boolean) {
    const random = new Random(seed);
    this.#random = random;
    this.#purges = new Purges(random.pick([2, 5, 100]));
    const purges = broken ? new Purges() : this.#purges; // whose purges nobody makes
    const tags = ({ id }: Pick<Thing, "id">, holes: readonly TagPart[]) => [
      ["item:", id],
      ["group:", ...holes],
    ];
    const times = { ttlMs: random.pick([50, 5_000]), staleMs: random.pick([undefined, 10_000]) };
    const maxBytes = random.pick([700, 64 << 10]);
    const cache = (clock: ReturnType<typeof front<FakeClient>>["clock"]) => new Cache({ clock, purges, maxBytes });
    const call = { cache: { ...times, tag: ["item:{answer.id}", "group:{args.group}"], tags }, timeoutMs: 500 };
    this.#front = front({ cache, call, timeoutMs: 600 });
    this.#front.client.answer = undefined;
    this.#read = (id) =>
      this.#front.send(async (cx) => {
        const thing = await cx.call(cx.app.get, { id }, { holes: () => [groupOf(id)] });
        return page({ title: `${thing.count}` });
      });
  }
  async run(steps: number): Promise<void> {
    for (let i = 0; i < steps; i++) {
      this.#random.pick<() => void>([
        () => this.#reads(),
        () => this.#reads(),
        () => this.#writes(),
        () => this.#upstreamReads(),
        () => this.#upstreamAnswers(),
        () => this.#upstreamAnswers(),
      ])();
      await idle();
      if (this.#random.chance(0.2)) await this.#front.clock.advance(this.#random.pick([1, 20, 100, 700]));
      this.#collect();
    }
    await this.#front.clock.advance(2_000);
  }
  #reads(): void {
    const id = this.#random.pick(IDS);
    const floor = this.#floors.get(id) ?? 0;
    const before = this.#front.client.sent.length;
    const { answer } = this.#read(id);
    this.seen.reads++;
    void answer.then((got) => {
      if (got.page === undefined) this.seen.failed++;
      else if (Number(got.page.title) < floor)
        this.violations.push(`a read of "${id}" got ${got.page.title} after the purge of ${floor}`);
      else if (this.#front.client.sent.length === before) this.seen.hits++;
    });
  }
  #writes(): void {
    const id = this.#random.pick(IDS);
    const version = (this.#versions.get(id) ?? 0) + 1;
    this.#versions.set(id, version);
    if (this.#random.chance(0.3)) return;
    const tag = this.#random.pick([`item:${id}`, `item:${id}`, `group:${groupOf(id)}`, "*"]);
    this.#purges.purge(this.#random.chance(0.2) ? ["other", tag] : [tag]);
    this.seen.purges++;
    for (const each of IDS) {
      const hit = tag === "*" || tag === `item:${each}` || tag === `group:${groupOf(each)}`;
      if (hit) this.#floors.set(each, this.#versions.get(each) ?? 0);
    }
  }
  #collect(): void {
    for (const sent of this.#front.client.sent)
      if (!sent.ended && !this.#open.has(sent)) this.#open.set(sent, undefined);
    for (const sent of this.#open.keys()) if (sent.ended) this.#open.delete(sent);
  }
  #upstreamReads(): void {
    for (const [sent, read] of this.#open)
      if (read === undefined && this.#random.chance(0.5)) this.#open.set(sent, this.#versions.get(sent.id));
  }
  #upstreamAnswers(): void {
    for (const [sent, read] of this.#open) {
      if (sent.ended || this.#random.chance(0.5)) continue;
      this.#open.delete(sent);
      if (this.#random.chance(0.1)) sent.fault(Code.UNAVAILABLE);
      else sent.thing({ count: BigInt(read ?? this.#versions.get(sent.id) ?? 0) });
    }
  }
}

/** @param broken true for a cache that no purge reaches: the rule has to detect it */
export async function purgeWorld(seed: number, broken = false): Promise<PurgeWorld> {
  const world = new World(seed, broken);
  await world.run(60);
  return world;
}
