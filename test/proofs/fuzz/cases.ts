// The cases of a run, each made from a seed and a number alone.
import { BASES, type Base, moved, SHARED } from "./bases.ts";
import { type Corpus, corpusOf, type Mutation, mutate } from "./mutate.ts";
import { pick, randomFrom } from "./random.ts";

export interface Case {
  readonly index: number;
  readonly base: Base;
  /** The folder that all its files are under, and the first part of their packages. */
  readonly folder: string;
  /** The file that was damaged, and how, in order. */
  readonly file: string;
  readonly mutations: readonly Mutation[];
  readonly protos: Readonly<Record<string, string>>;
}

const corpus: Corpus = corpusOf([...BASES.flatMap(({ protos }) => Object.values(protos)), ...Object.values(SHARED)]);

/** @param bases those that cases are made of */
export function makeCase(seed: number, index: number, bases: readonly Base[] = BASES): Case {
  const random = randomFrom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
  const base = pick(bases, random);
  if (base === undefined) throw new Error("there are no bases");
  const file = pick(Object.keys(base.protos), random) ?? "";
  const count = 1 + Math.floor(random() ** 3 * 4);
  const mutations: Mutation[] = [];
  let text = base.protos[file] ?? "";
  for (let tries = 0; mutations.length < count && tries < 20; tries++) {
    const mutation = mutate(text, random, corpus);
    if (mutation === undefined) continue;
    mutations.push(mutation);
    text = mutation.text;
  }
  return caseWith({ index, base, file }, mutations);
}

/** The base with the last of the mutations' texts in place of its file. */
export function caseWith(
  { index, base, file }: Pick<Case, "index" | "base" | "file">,
  mutations: readonly Mutation[],
): Case {
  const folder = `f${index}`;
  const text = mutations.at(-1)?.text ?? base.protos[file] ?? "";
  return { index, base, folder, file, mutations, protos: moved({ ...base.protos, [file]: text }, folder) };
}
