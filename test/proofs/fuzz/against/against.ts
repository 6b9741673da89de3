// npm run fuzz -- against: random edits of random BFFs. Reports of `protobff replay --against` are compared with what both
// builds do, live on the same upstreams.
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../../../scripts/workspaces.ts";
import { seeded } from "../../../bffs/second/random-message.ts";
import type { Case } from "../cases.ts";
import { richCase } from "../rich/rich.ts";
import type { RunOptions } from "../rich/rich-run.ts";
import { type Build, buildsOf } from "./builds.ts";
import { type Edit, type EditKind, editOf } from "./edits.ts";
import { expected } from "./expected.ts";
import { captureIn, type Sent, sendTo } from "./live.ts";
import { type Runs, verdictFor } from "./verdict.ts";

/** Edits of one BFF. */
const EDITS: readonly EditKind[] = [
  ...(["visible", "visible", "visible", "visible", "visible", "visible"] as const),
  ...(["policy", "policy", "policy", "invisible", "invisible"] as const),
];
/** Tries until an edit compiles, and draws until it changes something. */
const TRIES = 4;
const DRAWS = 10;
const BATCH = 40;
/** Requests of each rpc, each in another world. Policies matter in few. */
const WORLDS = { visible: 4, policy: 8, invisible: 4 } as const;
const MAX_FAULTS = 100;

type Count = "bffs" | "requests" | "same" | "differs" | "unknown" | "assumed" | "guarded";
export interface Against extends Readonly<Record<Count, number>> {
  /** Number of edits by their kind: that are seen in answers, calls or times, and others. */
  readonly edits: Readonly<Record<string, number>>;
  /** Reasons why requests are not comparable, with and without the build that wrote the captures. */
  readonly reasons: Readonly<Record<string, number>>;
  readonly faults: readonly string[];
}

export async function fuzzAgainst(options: RunOptions, progress: (text: string) => void): Promise<Against> {
  const { cases, seed, only } = options;
  const run = new AgainstRun(seed, progress);
  const count = only === undefined ? cases : 1;
  for (let from = 0; from < count; from += BATCH)
    await run.batch(Array.from({ length: Math.min(BATCH, count - from) }, (_, i) => (only ?? from) + i));
  return { ...run.counts, edits: run.edits, reasons: run.reasons, faults: run.faults };
}

/** A build and an edit of it. */
export interface Pair {
  readonly old: Build;
  readonly build: Build;
  readonly edit: Edit;
}

let folders = 0;
/** A folder of the repository, in which generated code finds its packages. */
export const newFolder = (): string => join(root, `test/.generated/against-${process.pid}-${++folders}`);

class AgainstRun {
  readonly counts = { bffs: 0, requests: 0, same: 0, differs: 0, unknown: 0, assumed: 0, guarded: 0 };
  readonly edits: Record<string, number> = {};
  readonly reasons: Record<string, number> = {};
  readonly faults: string[] = [];
  readonly #seed: number;
  readonly #progress: (text: string) => void;

  constructor(seed: number, progress: (text: string) => void) {
    this.#seed = seed;
    this.#progress = progress;
  }
  /** Runs the cases with these numbers. */
  async batch(numbers: readonly number[]): Promise<void> {
    const folder = newFolder();
    try {
      const cases = numbers.map((number) => richCase(this.#seed, number, false)).filter(isUsed);
      const bases = await buildsOf(cases, join(folder, "base"));
      this.counts.bffs += bases.size;
      for (const place of EDITS.keys()) await this.#edited(bases, place, folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    this.#progress(`${JSON.stringify(this.counts)}, ${this.faults.length} failed`);
  }
  /** Edits each BFF once. */
  async #edited(bases: ReadonlyMap<number, Build>, place: number, folder: string): Promise<void> {
    let left = [...bases.values()];
    for (let attempt = 0; attempt < TRIES && left.length > 0; attempt++) {
      const edits = new Map<number, Edit>();
      for (const { testCase } of left) {
        const random = seeded("edit", this.#seed, testCase.index, place, attempt);
        const edit = drawn(EDITS[place] ?? "visible", testCase, random);
        if (edit !== undefined) edits.set(testCase.index, edit);
      }
      const cases = left.flatMap(({ testCase }): Case[] => {
        const text = edits.get(testCase.index)?.text;
        return text === undefined ? [] : [{ ...testCase, protos: { ...testCase.protos, [testCase.file]: text } }];
      });
      const builds = await buildsOf(cases, join(folder, `${place}-${attempt}`));
      for (const [index, build] of builds) {
        const [old, edit] = [bases.get(index), edits.get(index)];
        if (old !== undefined && edit !== undefined)
          await this.#compare({ old, build, edit }, join(folder, `captures-${place}-${index}`), place);
      }
      left = left.filter(({ testCase }) => !builds.has(testCase.index));
    }
  }
  async #compare(pair: Pair, folder: string, place: number): Promise<void> {
    const { index } = pair.old.testCase;
    const { kind, what } = pair.edit;
    let isSeen = false;
    for (let world = 0; world < WORLDS[kind]; world++)
      for (const method of methodsOf(pair.old)) {
        const seed = `${this.#seed} ${index} ${world}`;
        // Half of the processes have answered the same request before, or another one.
        const warmedBy = { declaration: pair.old.declaration, seed: world % 4 === 1 ? seed : `${seed} before` };
        const sent = { method, seed, warmedBy: world % 2 === 1 ? warmedBy : undefined };
        const { runs, faults } = await liveRuns(pair, sent, join(folder, `${world}-${method.name}`));
        isSeen ||= runs.some(({ differences }) => differences.size > 0);
        this.counts.requests++;
        for (const run of runs) faults.push(...(await this.#verdictsOn(pair, run)));
        if (faults.length === 0 || this.faults.length >= MAX_FAULTS) continue;
        const where = `seed ${this.#seed}, case ${index}, edit ${place} (${kind}: ${what}), ${method.name}, world ${world}: npm run fuzz -- against --seed ${this.#seed} --only ${index}`;
        this.#progress(where);
        this.faults.push([where, ...linesOf(pair), ...faults].join("\n"));
      }
    add(this.edits, `${kind}, ${isSeen ? "seen" : "not seen"}`);
  }
  async #verdictsOn({ old, build }: Pair, runs: Runs): Promise<readonly string[]> {
    const faults: string[] = [];
    for (const server of [old.server, undefined]) {
      const mode = server === undefined ? "alone" : "with --server";
      const found = await verdictFor(runs, build.server, server);
      this.counts[found.kind]++;
      if (found.reason !== undefined) add(this.reasons, `${mode}: ${found.reason}`);
      faults.push(...found.faults.map((fault) => `${mode}: ${fault}`));
    }
    return faults;
  }
}
const add = (counts: Record<string, number>, what: string): void => {
  counts[what] = (counts[what] ?? 0) + 1;
};

/** The upstream's streams have their present proofs, and so has identity. */
const isUsed = ({ protos }: Case): boolean => !/identity:|WatchItem/.test(Object.values(protos).join("\n"));

function drawn(kind: EditKind, { protos, file }: Case, random: () => number): Edit | undefined {
  for (let i = 0; i < DRAWS; i++) {
    const edit = editOf(kind, protos[file] ?? "", random);
    if (edit !== undefined) return edit;
  }
  return undefined;
}

const methodsOf = ({ declaration }: Build): readonly Sent["method"][] =>
  declaration.services.flatMap(({ methods }) => methods);

/**
 * Sends one request to both builds. If nothing differs, it is also sent to the first one in a busy process, whose
 * captures have to lead to no difference either.
 */
export async function liveRuns(
  { old, build, edit }: Pair,
  sent: Sent,
  folder: string,
): Promise<{ readonly runs: readonly Runs[]; readonly faults: string[] }> {
  const { method } = sent;
  const now = methodsOf(build).find(({ name }) => name === method.name);
  if (now === undefined) throw new Error(`the build has no ${method.name}`);
  mkdirSync(folder, { recursive: true });
  const before = await sendTo(old.declaration, sent, folder);
  const plain = await sendTo(old.declaration, sent);
  const after = await sendTo(build.declaration, { ...sent, method: now });
  const differences = expected(before, after, { old: method, now });
  const isSame = edit.kind === "invisible" && differences.size === 0;
  const isWarm = sent.warmedBy !== undefined;
  const of = { method, isSame, isWarm, isNewlyCached: isWarm && edit.what === "cache" };
  const runs: Runs[] = [{ before, after, differences, file: captureIn(folder), ...of }];
  const drift = [...expected(before, plain, { old: method, now: method })];
  if (isSame) {
    const busy = join(folder, "busy");
    const late = await sendTo(old.declaration, { ...sent, isBusy: true }, busy);
    runs.push({ before: late, after: late, differences: new Set(), file: captureIn(busy), ...of });
  }
  return { runs, faults: drift.length > 0 ? [`the capture changes ${drift.join(", ")}`] : [] };
}

/** The lines that an edit has changed. */
function linesOf({ old: { testCase }, edit }: Pair): readonly string[] {
  const [was, is] = [(testCase.protos[testCase.file] ?? "").split("\n"), edit.text.split("\n")];
  const only = (some: readonly string[], others: readonly string[], sign: string): readonly string[] =>
    some.filter((line) => !others.includes(line)).map((line) => `${sign} ${line}`);
  return [...only(was, is, "-"), ...only(is, was, "+")];
}
