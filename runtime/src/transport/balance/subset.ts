// Choice of the addresses that a process uses, if an upstream has many.
import { hash, randomUUID } from "node:crypto";

/** Minimum number of chosen addresses that are not ejected. */
const LEAST = 3;
const PROCESS = randomUUID();

/** The number of a process, from 1, among all processes of the service. */
export interface ProcessNumber {
  readonly number: number;
  readonly of: number;
}

/** Chooses among addresses by their names. One address more or less changes at most one of the chosen ones. */
export class Subset {
  readonly #most: number;
  readonly #process: ProcessNumber | undefined;
  readonly #id: string;
  /** Number of chosen addresses that are ejected. */
  ejected = 0;

  /**
   * @param most maximum number of addresses; ejections add some, so that three others remain
   * @param process undefined: addresses are chosen by rendezvous with `id`
   */
  constructor(most: number, process?: ProcessNumber, id: string = PROCESS) {
    this.#most = most;
    this.#process = process;
    this.#id = process === undefined ? id : "";
  }
  get size(): number {
    return Math.max(this.#most, LEAST + this.ejected);
  }
  of<T>(all: readonly T[], nameOf: (item: T) => string): readonly T[] {
    if (all.length <= this.size) return all;
    const digests = new Map(all.map((item) => [item, hash("sha1", `${this.#id} ${nameOf(item)}`)]));
    const shuffled = [...all].sort((a, b) => ((digests.get(a) ?? "") < (digests.get(b) ?? "") ? -1 : 1));
    const { number, of } = this.#process ?? { number: 1, of: 1 };
    const start = Math.floor(((number - 1) * all.length) / of);
    return [...shuffled, ...shuffled].slice(start, start + this.size);
  }
}
