// Tagged answers in a random world: two processes over one store, readers, writers that purge what they have written,
// upstreams that read before they answer, failures, late messages, small caches, few remembered tags, eviction and
// failover of the store. The rule: a read that begins after a purge has returned never gets older data in that process.
// In the other process this holds once the message of the purge has arrived, which `RedisTags` takes 2 s for at most.
import { Cache } from "../../../runtime/src/cache/cache.ts";
import { Purges } from "../../../runtime/src/cache/purges.ts";
import { EVERY_TAG, type TagPart } from "../../../runtime/src/cache/tags.ts";
import { Code } from "../../../runtime/src/failure.ts";
import type { FakeClient, Sent } from "../../../runtime/src/testing/fake-client.ts";
import { idle } from "../../../runtime/src/testing/fake-clock.ts";
import { front, page } from "../../../runtime/src/testing/front.ts";
import type { Thing } from "../../../runtime/src/testing/gen/test_pb.ts";
import { PurgeStore } from "./purge-store.ts";
import { Random } from "./random.ts";

const IDS = ["a", "b", "c", "d"] as const;
/** Each item is of one group, whose tag the caller sends. */
const groupOf = (id: string): string => (id < "c" ? "first" : "second");

type Front = ReturnType<typeof front<FakeClient>>;
type Versions = Map<string, number>;
const zeros = (): Versions => new Map(IDS.map((id) => [id, 0]));

/** The upstream of all processes. */
interface Source {
  readonly versions: Versions;
}
/** A purge on its way to the other process. */
interface Message {
  readonly tag: string;
  readonly versions: ReadonlyMap<string, number>;
}

export interface PurgeWorld {
  readonly violations: readonly string[];
  readonly seen: Readonly<Record<string, number>>;
}

class Process {
  readonly messages: Message[] = [];
  readonly clock: Front["clock"];
  readonly #random: Random;
  readonly #source: Source;
  readonly #purges: Purges;
  readonly #front: Front;
  /** Oldest data that a read may still get. */
  readonly #floors = zeros();
  /** Calls that the upstream has not answered, with what it has read for them. */
  readonly #open = new Map<Sent, number | undefined>();
  #cut = false;

  constructor(random: Random, source: Source, store: PurgeStore | undefined, broken: boolean) {
    this.#random = random;
    this.#source = source;
    this.#purges = new Purges(random.pick([2, 5, 100]));
    this.#purges.confirmed = () => !this.#cut;
    const purges = broken ? new Purges() : this.#purges; // whose purges nobody makes
    const tags = ({ id }: Pick<Thing, "id">, holes: readonly TagPart[]) => [
      ["item:", id],
      ["group:", ...holes],
    ];
    const times = { ttlMs: random.pick([50, 5_000]), staleMs: random.pick([undefined, 10_000]) };
    const maxBytes = random.pick([900, 64 << 10]);
    this.#front = front<FakeClient>({
      cache: (clock) => new Cache({ clock, purges, maxBytes, tagged: store && { second: store } }),
      call: { cache: { ...times, tag: ["item:{answer.id}", "group:{args.group}"], tags }, timeoutMs: 500 },
      timeoutMs: 600,
    });
    this.clock = this.#front.clock;
  }
  read(): { readonly id: string; readonly floor: number; readonly title: Promise<number | undefined> } {
    const id = this.#random.pick(IDS);
    const { answer } = this.#front.send(async (cx) => {
      const thing = await cx.call(cx.app.get, { id }, { holes: () => [groupOf(id)] });
      return page({ title: `${thing.count}` });
    });
    const title = answer.then((got) => (got.page === undefined ? undefined : Number(got.page.title)));
    return { id, floor: this.#floors.get(id) ?? 0, title };
  }
  /** A purge has returned, or its message has arrived. */
  purged({ tag, versions }: Message): void {
    this.#purges.purge(this.#random.chance(0.2) ? ["other", tag] : [tag]);
    for (const [id, version] of versions) {
      const hit = tag === EVERY_TAG || tag === `item:${id}` || tag === `group:${groupOf(id)}`;
      if (hit) this.#floors.set(id, Math.max(version, this.#floors.get(id) ?? 0));
    }
  }
  /** Messages are lost until `connect`. */
  disconnect(): void {
    this.#cut = true;
  }
  connect(): void {
    if (!this.#cut) return;
    this.#cut = false;
    this.#purges.purge([EVERY_TAG]);
    for (const message of this.messages.splice(0)) this.purged(message);
  }
  /** Delivers messages in order, unless the connection is lost. */
  receive(): void {
    if (this.#cut) this.#purges.purge([EVERY_TAG]);
    else for (const message of this.messages.splice(0, this.#random.between(0, 2))) this.purged(message);
  }
  upstreamReads(): void {
    this.#collect();
    for (const [sent, read] of this.#open)
      if (read === undefined && this.#random.chance(0.5)) this.#open.set(sent, this.#source.versions.get(sent.id));
  }
  upstreamAnswers(): void {
    this.#collect();
    for (const [sent, read] of this.#open) {
      if (sent.ended || this.#random.chance(0.5)) continue;
      this.#open.delete(sent);
      if (this.#random.chance(0.1)) sent.fault(Code.UNAVAILABLE);
      else sent.thing({ count: BigInt(read ?? this.#source.versions.get(sent.id) ?? 0) });
    }
  }
  #collect(): void {
    for (const sent of this.#front.client.sent)
      if (!sent.ended && !this.#open.has(sent)) this.#open.set(sent, undefined);
    for (const sent of this.#open.keys()) if (sent.ended) this.#open.delete(sent);
  }
}

class World {
  readonly violations: string[] = [];
  readonly seen = { reads: 0, answers: 0, purges: 0, evictions: 0, failovers: 0 };
  readonly #random: Random;
  readonly #source: Source = { versions: zeros() };
  readonly #store: PurgeStore | undefined;
  readonly #processes: readonly [Process, Process];

  constructor(seed: number, broken: boolean) {
    const random = new Random(seed);
    this.#random = random;
    this.#store = random.maybe(0.8, () => new PurgeStore(random));
    const process = () => new Process(random, this.#source, this.#store, broken);
    this.#processes = [process(), process()];
  }
  async run(steps: number): Promise<void> {
    const any = () => this.#random.pick(this.#processes);
    const actions: [() => void, ...(() => void)[]] = [
      () => this.#reads(any()),
      () => this.#reads(any()),
      () => this.#reads(any()),
      () => this.#writes(),
      () => any().upstreamReads(),
      () => any().upstreamAnswers(),
      () => any().upstreamAnswers(),
      () => this.#store?.step(),
      () => this.#store?.step(),
      () => any().receive(),
      () => this.#disturb(any()),
    ];
    for (let i = 0; i < steps; i++) {
      this.#random.pick(actions)();
      await idle();
      if (this.#random.chance(0.15)) await this.#advance(this.#random.pick([1, 10, 60, 700]));
    }
    await this.#advance(2_000);
  }
  async #advance(ms: number): Promise<void> {
    for (const { clock } of this.#processes) await clock.advance(ms);
  }
  #reads(process: Process): void {
    const { id, floor, title } = process.read();
    this.seen.reads++;
    void title.then((version) => {
      if (version === undefined) return;
      this.seen.answers++;
      if (version < floor) this.violations.push(`a read of "${id}" got ${version} after the purge of ${floor}`);
    });
  }
  #writes(): void {
    const id = this.#random.pick(IDS);
    const { versions } = this.#source;
    versions.set(id, (versions.get(id) ?? 0) + 1);
    if (this.#random.chance(0.3)) return;
    const tag = this.#random.pick([`item:${id}`, `item:${id}`, `group:${groupOf(id)}`, EVERY_TAG]);
    const [writer, other] = this.#random.chance(0.5) ? this.#processes : this.#processes.toReversed();
    const message = { tag, versions: new Map(versions) };
    this.#store?.purge([tag]);
    writer?.purged(message);
    if (this.#store !== undefined) other?.messages.push(message);
    this.seen.purges++;
  }
  #disturb(process: Process): void {
    this.#random.pick<() => void>([
      () => process.disconnect(),
      () => process.connect(),
      () => process.connect(),
      () => this.#evict(),
      () => this.#failOver(),
    ])();
  }
  #evict(): void {
    this.#store?.evict();
    this.seen.evictions++;
  }
  /** Every process loses its connection, so that it connects again. */
  #failOver(): void {
    this.#store?.failOver();
    for (const process of this.#processes) {
      process.disconnect();
      process.connect();
    }
    this.seen.failovers++;
  }
}

/** @param broken true for caches that no purge reaches: the rule has to detect it */
export async function purgeWorld(seed: number, broken = false): Promise<PurgeWorld> {
  const world = new World(seed, broken);
  await world.run(80);
  return world;
}
