import { caution, type Report } from "../../diagnostic/diagnostic.ts";
import { callsOf, composesOf, declaredMessages, effectTable } from "../../resolve/model/blocks.ts";
import type { Composed, Step } from "../../resolve/model/model.ts";
import { type Check, fieldExpressions, nameOf, stepExpressions } from "../check.ts";

/** Reports steps whose declared criticality contradicts the effect of their failure on the response. */
export const criticality: Check = {
  rules: {
    BFF608:
      "A critical step has a critical reader. If only supplementary steps read it, its failure fails a response that could do without it.",
    BFF609: "A supplementary step can fail. Otherwise its readers handle an absence that never occurs.",
    BFF610: "An item of a partial `each` can fail. Otherwise no item is ever left out.",
  },
  run(model, report) {
    const effects = effectTable(model.messages);
    for (const message of declaredMessages(model)) {
      checkNeeded(message, effects.step, report);
      const absent = absentByFailure(message);
      for (const step of message.steps) checkCanFail(step, absent, report);
    }
  },
};

/**
 * Reports a critical step that only supplementary steps read: it fails the response for a part that the response can do
 * without.
 */
function checkNeeded(message: Composed, effectful: (step: Step) => boolean, report: Report): void {
  const stepOf = new Map(message.steps.map((step) => [step.variable, step]));
  const needed = new Set<Step>(
    message.steps.filter(
      (step) =>
        step.source.kind === "guard" ||
        step.source.kind === "resolver" ||
        step.name === undefined ||
        step.autobind ||
        effectful(step),
    ),
  );
  for (const { variable } of fieldExpressions(message).flatMap((expression) => expression.reads)) {
    const step = stepOf.get(variable);
    if (step !== undefined) needed.add(step);
  }
  const open = [...needed];
  for (let step = open.pop(); step !== undefined; step = open.pop()) {
    if (step.supplementary) continue;
    for (const read of step.reads) {
      if (needed.has(read)) continue;
      needed.add(read);
      open.push(read);
    }
  }
  const readers = new Map<Step, Step>();
  for (const step of message.steps) if (step.supplementary) for (const read of step.reads) readers.set(read, step);
  for (const step of message.steps) {
    const reader = readers.get(step);
    if (reader === undefined || needed.has(step) || step.supplementary) continue;
    if (callsOf(step.source).length + composesOf(step.source).length === 0) continue;
    caution(report, "BFF608", step.ir.name?.at ?? step.ir.at, {
      message: `step "${step.name}" is critical, but only supplementary steps read it`,
      related: [
        {
          at: reader.ir.supplementary?.at ?? reader.ir.at,
          message: `${nameOf(reader)} reads it, and ${reader.source.kind === "resolver" ? "the field may be missing" : "is supplementary"}`,
        },
      ],
      hint: `add \`supplementary: true\` to it${guarded(step, message.steps)}: otherwise its failure fails the whole response`,
    });
  }
}

/** Returns the hint to guard composing steps: the composed message requires an argument that may then be absent. */
function guarded(step: Step, steps: readonly Step[]): string {
  const handed = steps.filter((reader) =>
    composesOf(reader.source)
      .flatMap(({ args }) => args.flatMap((arg) => arg.by.reads))
      .some(({ variable }) => variable === step.variable),
  );
  const conditions = handed.map((reader) =>
    reader.if === undefined
      ? `\`if: "ok(${step.name})"\` to ${nameOf(reader)}`
      : `\`ok(${step.name}) &&\` to the \`if\` of ${nameOf(reader)}`,
  );
  return conditions.length === 0 ? "" : `, and ${conditions.join(", ")}`;
}

/** Returns the variables that a failure may make absent. */
function absentByFailure(message: Composed): ReadonlySet<unknown> {
  return new Set([
    ...[...message.shared, ...message.steps].flatMap((step) => (step.absentByFailure ? [step.variable] : [])),
    ...message.args.members.flatMap((arg) => (arg.absentByFailure ? [arg.variable] : [])),
  ]);
}

/** Reports a step that is declared to fail but cannot fail. */
function checkCanFail(step: Step, absent: ReadonlySet<unknown>, report: Report): void {
  const { source, ir } = step;
  const fails = (expressions: ReturnType<typeof stepExpressions>): boolean =>
    expressions.some(
      ({ fails, unsafe }) =>
        fails || unsafe.some((variable) => absent.has(variable) || variable.missing?.lack === "failure"),
    );
  const computed =
    source.kind === "by" || source.kind === "switch" || (source.kind === "each" && source.source.kind === "by");
  if (!computed || fails(stepExpressions(step))) return;
  if (step.supplementary && !step.deferred && (source.kind !== "each" || source.max === undefined)) {
    caution(report, "BFF609", ir.supplementary?.at ?? ir.at, {
      message: "this step is supplementary, but it cannot fail",
      hint: "leave `supplementary` out",
    });
  }
  if (source.kind === "each" && source.partial) {
    caution(report, "BFF610", (ir.source?.kind === "each" ? ir.source.partial?.at : undefined) ?? ir.at, {
      message: "this `each` is partial, but no item can fail",
      hint: "leave `partial` out",
    });
  }
}
