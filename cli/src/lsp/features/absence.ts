import { type Expression, type Step, sourceExpressions } from "protoc-gen-bff/internal/language";
import type { Program } from "../program/program.ts";

const DEEPEST = 8;

/** Returns the reasons for which a step may have no value, each with the steps on its way: "`a` → `b`: …". */
export function absenceOf(step: Step, program: Program): readonly string[] {
  return [...reasonsOf(step, program, [])];
}

function* reasonsOf(step: Step, program: Program, way: readonly Step[]): Generator<string> {
  if (!step.absent || way.includes(step) || way.length >= DEEPEST) return;
  const path = [...way, step];
  const at = path.map(({ name }) => `\`${name ?? "a step"}\``).join(" → ");
  if (step.source.kind === "shared") {
    for (const of of step.source.of) yield* reasonsOf(of, program, way);
    return;
  }
  if (step.if !== undefined) yield `${at}: not if \`${step.if.text.value}\` is false`;
  if (step.supplementary && step.absentByFailure) yield `${at}: its failure leaves it absent`;
  if (step.source.kind === "switch" && step.source.default === undefined) yield `${at}: no case may hold`;
  if (step.source.kind === "latest") yield `${at}: its topic may have no event`;
  for (const read of unsafeReads(step, program)) yield* reasonsOf(read, program, path);
}

/** Steps that a step reads without a test, so that it has no value if they have none. */
function unsafeReads(step: Step, program: Program): readonly Step[] {
  const all: (Expression | undefined)[] = [step.if, ...sourceExpressions(step.source)];
  const variables = new Set(all.flatMap((expression) => expression?.unsafe ?? []));
  return [...variables].flatMap((variable) => program.stepOf(variable) ?? []);
}
