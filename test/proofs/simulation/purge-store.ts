import type { LookUp, SecondLevel, StoredTags } from "../../../runtime/src/cache/second-level.ts";
import type { Random } from "./random.ts";

interface StoredAnswer {
  readonly run: number;
  readonly bytes: Uint8Array;
  readonly names: readonly string[];
  readonly values: readonly number[];
}
interface State {
  readonly counter: number | undefined;
  readonly tags: ReadonlyMap<string, number>;
}

/** A Redis with the protocol of tags, written again from the decision. Each operation waits for `step`. */
export class PurgeStore implements SecondLevel {
  readonly #random: Random;
  readonly #waiting: (() => void)[] = [];
  readonly #answers = new Map<string, StoredAnswer>();
  #run = 1;
  /** A missing counter begins above all numbers of before, as a clock does. */
  #clock = 0;
  #counter: number | undefined;
  #tags = new Map<string, number>();
  #replica: State = { counter: undefined, tags: new Map() };

  constructor(random: Random) {
    this.#random = random;
  }
  /** Executes waiting operations, in any order. The replica has all purges of before in half of the cases. */
  step(): void {
    if (this.#random.chance(0.5)) this.#replicate();
    for (const operation of this.#waiting.splice(0)) {
      if (this.#random.chance(0.3)) this.#waiting.push(operation);
      else operation();
    }
  }
  get(key: string): Promise<LookUp> {
    const run = this.#run;
    return this.#later(() => {
      const counter = String(this.#last());
      const answer = this.#answers.get(key);
      // The connection of before a failover has ended.
      if (run !== this.#run) throw new Error("disconnected");
      if (answer === undefined || answer.run !== run) return { counter };
      const isCurrent = answer.names.every((name, i) => this.#tags.get(name) === answer.values[i]);
      return isCurrent ? { counter, found: { bytes: answer.bytes, ageMs: 0 } } : { counter };
    });
  }
  set(key: string, bytes: Uint8Array, _lifeMs: number, tags?: StoredTags): Promise<void> {
    const run = this.#run;
    return this.#later(() => {
      if (tags === undefined || run !== this.#run) return;
      const since = Number(tags.since);
      const last = this.#last();
      const names = ["*", ...tags.names];
      const values = names.map((name) => this.#tags.get(name) ?? (last === since ? last : Number.POSITIVE_INFINITY));
      if (values.some((value) => value > since)) return;
      for (const [i, name] of names.entries()) this.#tags.set(name, values[i] ?? 0);
      this.#answers.set(key, { run, bytes, names, values });
    });
  }
  purge(names: readonly string[]): void {
    const last = this.#last() + 1;
    this.#counter = last;
    this.#clock = Math.max(this.#clock, last);
    for (const name of names) this.#tags.set(name, last);
  }
  /** Forgets an answer, a tag or the counter. */
  evict(): void {
    const all = [...this.#answers.keys(), ...this.#tags.keys(), ""];
    const key = all[this.#random.between(0, all.length - 1)] ?? "";
    if (key === "") this.#counter = undefined;
    this.#answers.delete(key);
    this.#tags.delete(key);
  }
  #replicate(): void {
    this.#replica = { counter: this.#counter, tags: new Map(this.#tags) };
  }
  /** The replica takes over. It has all answers, but not the latest purges. */
  failOver(): void {
    this.#run++;
    this.#counter = this.#replica.counter;
    this.#tags = new Map(this.#replica.tags);
  }
  #last(): number {
    this.#clock += 1_000;
    this.#counter ??= this.#clock;
    return this.#counter;
  }
  #later<T>(operation: () => T): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#waiting.push(() => {
      try {
        resolve(operation());
      } catch (error) {
        reject(error);
      }
    });
    return promise;
  }
}
