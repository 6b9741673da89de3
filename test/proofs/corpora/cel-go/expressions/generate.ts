import { readFileSync } from "node:fs";
import type { Question } from "../question.ts";
import { Random } from "../random.ts";
import { opt, type Shape, shapeOf } from "../shape.ts";
import { mutation, suite } from "./mutations.ts";
import { TOPICS } from "./topics.ts";
import { Typed } from "./typed-expressions.ts";
import { TAKERS } from "./vocabulary.ts";

/** Expressions that found something once, or that are likely to. */
const COLLECTED = readFileSync(new URL("nasties.txt", import.meta.url), "utf8")
  .split("\n")
  .filter((line) => line !== "");

/** Number of expressions of each kind in a thousand. */
const SHARES: Readonly<Record<string, number>> = {
  typed: 420,
  ill: 90,
  absorbed: 80,
  mutations: 110,
  bound: 120,
  lexer: 50,
  patterns: 30,
  zones: 15,
  numbers: 10,
  formats: 15,
  times: 20,
  base64: 5,
  comparisons: 20,
  strings: 15,
};

/** All that was collected, the conformance suite, and random ones: `count` different questions, or more when that is not enough for the first two. */
export function questions(seed: number, count: number): Question[] {
  const random = new Random(seed);
  const base = suite();
  const short = COLLECTED.filter((line) => line.length < 45);
  const make = makers(random, base, short);
  const byText = new Map<string, Question>();
  const add = (question: Question) => {
    // A lone surrogate has no UTF-8, the encoding of the questions.
    const expression = question.expression.toWellFormed();
    byText.set(JSON.stringify([expression, question.field, question.optional]), { ...question, expression });
  };
  for (const expression of [...COLLECTED, ...base]) add({ expression });
  const kinds = Object.entries(SHARES).flatMap(([kind, share]) => Array.from({ length: share }, () => kind));
  // Some topics have few different expressions, so that a kind may come up in vain.
  while (byText.size < count) add(make[random.pick(kinds)]!());
  return [...byText.values()];
}

function makers(
  random: Random,
  base: readonly string[],
  short: readonly string[],
): Readonly<Record<string, () => Question>> {
  const typed = new Typed(random);
  const ill = new Typed(random, 0.06);
  const topics = Object.entries(TOPICS).map(
    ([name, topic]) => [name, () => ({ expression: topic(random, short) })] as const,
  );
  return {
    ...Object.fromEntries(topics),
    typed: () => ({ expression: typed.expression() }),
    ill: () => ({ expression: ill.expression() }),
    absorbed: () => ({ expression: absorbed(typed) }),
    mutations: () => ({ expression: mutation(base, random) }),
    bound: () => bound(typed),
  };
}

/** An error on the left of `||` does not matter, so that an error which the compiler misses is found. */
function absorbed(typed: Typed): string {
  const { random } = typed;
  const { shape, field } = taken(random);
  const value = typed.make(shape, random.pick([1, 2, 3]));
  return random.pick([
    `All{${field}: ${value}} == e || xt`,
    `dyn(${value}) == 1 || xt`,
    `[${value}].exists(q, q == q) || xt`,
    `xfalse && type(${value}) == int`,
    `optional.of(${value}).hasValue() || xt`,
    `[${value}].all(q, type(q) == int || true)`,
  ]);
}

function bound(typed: Typed): Question {
  const { random } = typed;
  const { shape, field } = taken(random);
  const optional = random.chance(0.12);
  const expression = typed.make(optional ? opt(shape) : shape, random.pick([0, 0, 1, 1, 2, 3]));
  return { expression, field, ...(optional && { optional }) };
}

function taken(random: Random): { readonly shape: Shape; readonly field: string } {
  const name = random.pick(Object.keys(TAKERS));
  return { shape: shapeOf(name), field: random.pick(TAKERS[name]!) };
}
