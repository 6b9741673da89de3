import { differences, type Kind } from "./compare.ts";
import { DEVIATIONS, type Deviation } from "./deviations.ts";
import { celGo, type GoAnswer } from "./oracle.ts";
import { type OurAnswer, ours } from "./our-compiler.ts";
import { partsOfText } from "./parts.ts";
import { expressionOf, type Question } from "./question.ts";
import { typeCheck } from "./typescript.ts";

/** An expression with both answers. */
export interface Held {
  readonly question: Question;
  readonly go: GoAnswer;
  readonly our: OurAnswer;
  readonly kinds: readonly Kind[];
  /** The smallest part over which they differ alike, when that is not the whole. */
  readonly part?: Held;
}

export interface Result {
  readonly questionCount: number;
  readonly agreed: number;
  /** Number of functions that tsc has checked. */
  readonly functions: number;
  /** Differences that each deviation explained. */
  readonly deviations: ReadonlyMap<Deviation, readonly Held[]>;
  /** Differences that no deviation explains. */
  readonly faults: readonly string[];
}

/** Evaluates the questions on both sides. `types`: whether tsc checks the printed code. */
export async function hold(questions: readonly Question[], { types }: { readonly types: boolean }): Promise<Result> {
  const differing = await held(questions);
  const smallest = await reduced(differing);
  const deviations = new Map<Deviation, Held[]>();
  const faults: string[] = [];
  for (const difference of smallest) {
    const left = difference.kinds.filter((kind) => {
      const known = DEVIATIONS.find((deviation) => explains(deviation, kind, difference));
      if (known !== undefined) deviations.set(known, [...(deviations.get(known) ?? []), difference]);
      return known === undefined;
    });
    if (left.length > 0) faults.push(shown(difference, left));
  }
  const checked = types ? typeCheck(questions) : { functions: 0, errors: [] };
  const byExpression = Map.groupBy(checked.errors, ({ expression }) => expression);
  for (const [expression, errors] of byExpression)
    faults.push([`tsc: ${expression}`, ...errors.map(({ message }) => message)].join("\n      "));
  const { functions } = checked;
  return {
    questionCount: questions.length,
    agreed: questions.length - differing.length,
    functions,
    deviations,
    faults,
  };
}

/** Returns the questions with different answers. */
async function held(questions: readonly Question[]): Promise<readonly Held[]> {
  // cel-go answers in its own process meanwhile.
  const theirs = celGo(questions);
  const mine = questions.map(ours);
  const answers = await theirs;
  return questions.flatMap((question, index) => {
    const [go, our] = [answers[index]!, mine[index]!];
    const kinds = differences(go, our);
    return kinds.length === 0 ? [] : [{ question, go, our, kinds }];
  });
}

/** With the smallest part of each over which the two differ, where it is not the whole. */
async function reduced(differing: readonly Held[]): Promise<readonly Held[]> {
  const parts = differing.map(({ question }) => partsOfText(expressionOf(question)));
  const questions = [...new Set(parts.flat())].map((expression) => ({ expression }));
  const byText = new Map((await held(questions)).map((difference) => [difference.question.expression, difference]));
  return differing.map((difference, index) => {
    const part = parts[index]!.map((text) => byText.get(text)).find((known) => known !== undefined);
    return part === undefined ? difference : { ...difference, part };
  });
}

function explains(deviation: Deviation, kind: Kind, difference: Held): boolean {
  const { part } = difference;
  return covers(deviation, kind, difference) || (part?.kinds.some((of) => covers(deviation, of, part)) ?? false);
}

function covers({ kinds, explains }: Deviation, kind: Kind, held: Held): boolean {
  const textOf = (answer: GoAnswer | OurAnswer) => answer.refused ?? answer.error ?? answer.value ?? "";
  return (
    kinds.includes(kind) &&
    explains({ text: expressionOf(held.question), go: textOf(held.go), our: textOf(held.our) }, held)
  );
}

export function shown({ question, go, our, part }: Held, kinds: readonly Kind[]): string {
  const side = (answer: GoAnswer | OurAnswer) =>
    answer.refused === undefined
      ? `${answer.type ?? ""} ${answer.error === undefined ? answer.value : `error: ${answer.error.slice(0, 300)}`}`
      : `refused: ${answer.refused.split("\n")[0]}`;
  const lines = [
    `${kinds.join(", ")}: ${expressionOf(question)}`,
    `cel-go: ${side(go)}`,
    `ours:   ${side(our)}`,
    ...(our.strict === undefined ? [] : [`strictly refused: ${our.strict}`]),
    ...(our.code === undefined ? [] : [`code:   ${our.code.slice(0, 400)}`]),
    ...(part === undefined ? [] : [shown(part, part.kinds).replaceAll("\n", "\n    ")]),
  ];
  return lines.join("\n    ");
}

const SHOWN = 40;

/** `all`: every deviation's cases, too. */
export function report({ questionCount, agreed, functions, deviations, faults }: Result, all = false): string {
  const lines = [
    `${questionCount} expressions, ${agreed} agree, ${faults.length} faults; ${functions} functions type-checked`,
    ...[...deviations].flatMap(([{ name }, cases]) => [
      `  ${name}: ${cases.length}`,
      ...(all ? cases.map((difference) => `    ${shown(difference, difference.kinds)}`) : []),
    ]),
    ...(all ? faults : faults.slice(0, SHOWN)),
    ...(faults.length > SHOWN && !all ? [`… and ${faults.length - SHOWN} more`] : []),
  ];
  return lines.join("\n");
}
