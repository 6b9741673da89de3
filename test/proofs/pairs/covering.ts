// Covering arrays: few rows that contain all combinations of levels of two or three factors. Greedy, one row at a time (AETG: Cohen et al., "The AETG System", IEEE TSE 23(7), 1997). No kept library has rows of two strengths and
// reports the combinations that constraints exclude (npm's covertable has one strength, and drops them).
import { randomFrom } from "../fuzz/random.ts";

type Random = () => number;

/** One level for each factor, by its index. */
export type Row = readonly number[];

export interface Factors {
  /** Number of levels of each factor. */
  readonly levels: readonly number[];
  /** Groups of factors, each with the number of factors whose combinations are covered. */
  readonly strengths: readonly { readonly strength: number; readonly of: readonly number[] }[];
  /** Reports whether a row may have these levels; factors without a level are undefined. */
  readonly allows: (row: readonly (number | undefined)[]) => boolean;
}

export interface Covering {
  readonly rows: readonly Row[];
  /** Number of combinations that the rows cover. */
  readonly covered: number;
  /** Combinations that no allowed row has: factor and level in turns. */
  readonly excluded: readonly (readonly number[])[];
}

/** Candidates for each row: the one that covers most is taken. */
const CANDIDATES = 12;
/** Attempts to complete a row around a combination before it counts as excluded. */
const ATTEMPTS = 60;

/**
 * Returns rows that cover all allowed combinations.
 *
 * @example
 * covering({ levels: [3, 3, 3, 3], strengths: [{ strength: 2, of: [0, 1, 2, 3] }], allows: () => true }, 1).rows.length; // 9 to 12
 */
export function covering(factors: Factors, seed: number): Covering {
  const random = randomFrom(seed);
  const open = new Combinations(factors);
  const rows: Row[] = [];
  const excluded: (readonly number[])[] = [];
  const all = open.size;
  for (let first = open.first; first !== undefined; first = open.first) {
    const candidates = Array.from({ length: CANDIDATES }, () => completed(factors, first, open, random));
    let best: Row | undefined;
    let most = 0;
    for (const row of candidates) {
      const gain = row === undefined ? 0 : open.gain(row);
      if (gain > most) [best, most] = [row, gain];
    }
    for (let i = 0; best === undefined && i < ATTEMPTS; i++) best = completed(factors, first, open, random);
    if (best === undefined) {
      excluded.push(first);
      open.drop(first);
    } else {
      rows.push(best);
      open.cover(best);
    }
  }
  return { rows, covered: all - excluded.length, excluded };
}

/** Returns a row with a combination whose other levels cover much; undefined if the constraints leave none. */
function completed({ levels, allows }: Factors, first: readonly number[], open: Combinations, random: Random) {
  const row: (number | undefined)[] = levels.map(() => undefined);
  for (let i = 0; i < first.length; i += 2) row[first[i] ?? 0] = first[i + 1];
  if (!allows(row)) return undefined;
  const order = levels.map((_, factor) => factor).filter((factor) => row[factor] === undefined);
  for (const factor of shuffled(order, random)) {
    const choices = shuffled([...Array(levels[factor] ?? 0).keys()], random).map((level) => {
      row[factor] = level;
      return { level, gain: allows(row) ? open.gainOf(row, factor) : -1 };
    });
    const best = choices.reduce((a, b) => (b.gain > a.gain ? b : a));
    if (best.gain < 0) return undefined;
    row[factor] = best.level;
  }
  return row as number[];
}

function shuffled<T>(all: readonly T[], random: Random): T[] {
  const drawn = [...all];
  for (let i = drawn.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [drawn[i], drawn[j]] = [drawn[j] as T, drawn[i] as T];
  }
  return drawn;
}

/** The combinations that no row has yet. */
class Combinations {
  readonly #open = new Map<string, readonly number[]>();
  /** Sorted groups of factors whose combinations are wanted, and those of each factor. */
  readonly #groups: readonly (readonly number[])[];
  readonly #groupsOf: ReadonlyMap<number, readonly (readonly number[])[]>;

  constructor({ levels, strengths }: Factors) {
    const groups = new Map<string, readonly number[]>();
    for (const { strength, of } of strengths)
      for (const group of subsets(
        [...of].sort((a, b) => a - b),
        strength,
      ))
        groups.set(group.join(), group);
    this.#groups = [...groups.values()];
    this.#groupsOf = new Map(
      levels.map((_, factor) => [factor, this.#groups.filter((group) => group.includes(factor))]),
    );
    for (const group of this.#groups)
      for (const combination of products(group, levels)) this.#open.set(combination.join(), combination);
  }
  get size(): number {
    return this.#open.size;
  }
  get first(): readonly number[] | undefined {
    return this.#open.values().next().value;
  }
  gain(row: readonly (number | undefined)[]): number {
    return this.#count(row, this.#groups);
  }
  /** Returns the number of open combinations of the levels so far that have this factor. */
  gainOf(row: readonly (number | undefined)[], factor: number): number {
    return this.#count(row, this.#groupsOf.get(factor) ?? []);
  }
  #count(row: readonly (number | undefined)[], groups: readonly (readonly number[])[]): number {
    let count = 0;
    for (const group of groups) {
      const key = keyOf(row, group);
      if (key !== undefined && this.#open.has(key)) count++;
    }
    return count;
  }
  cover(row: Row): void {
    for (const group of this.#groups) this.#open.delete(keyOf(row, group) ?? "");
  }
  drop(combination: readonly number[]): void {
    this.#open.delete(combination.join());
  }
}

/** Returns the key of a row's combination; undefined if a factor has no level yet. */
function keyOf(row: readonly (number | undefined)[], group: readonly number[]): string | undefined {
  let key = "";
  for (const factor of group) {
    const level = row[factor];
    if (level === undefined) return undefined;
    key += key === "" ? `${factor},${level}` : `,${factor},${level}`;
  }
  return key;
}

function subsets(of: readonly number[], size: number): readonly (readonly number[])[] {
  if (size === 0) return [[]];
  return of.flatMap((first, i) => subsets(of.slice(i + 1), size - 1).map((rest) => [first, ...rest]));
}

/** Returns all combinations of levels of these factors. */
function products(group: readonly number[], levels: readonly number[]): readonly (readonly number[])[] {
  return group.reduce<readonly (readonly number[])[]>(
    (all, factor) =>
      all.flatMap((begun) => Array.from({ length: levels[factor] ?? 0 }, (_, level) => [...begun, factor, level])),
    [[]],
  );
}
