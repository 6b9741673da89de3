// Calls that are not sent because an input has no value: writes, which must not end in a success without the effect, and
// critical reads.

import { type Expression, leftBy, readsUntested, testedBy, type Variable } from "../../cel/index.ts";
import { caution, distinctReport, fault, type Origin, type Report } from "../../diagnostic/diagnostic.ts";
import {
  type AnyBlock,
  blocksOf,
  callInputs,
  callsOf,
  composesOf,
  effectTable,
  sourceExpressions,
} from "../../resolve/model/blocks.ts";
import type { Call } from "../../resolve/model/call.ts";
import { declarationOf, EMPTY, safeRead } from "../../resolve/model/missing/missing-hints.ts";
import type { Block, Followed, Model, Source, Step } from "../../resolve/model/model.ts";
import { type Check, nameOf } from "../check.ts";
import { fieldsOver, isDeclaredOptional } from "./fields-over.ts";

export const absentInputs: Check = {
  rules: {
    BFF602:
      "A critical step does not depend on a step that a failure may make absent. Otherwise a failure of the supplementary step would fail the response.",
    BFF652:
      "An `if` of the step decides whether a call with side effects is sent if one of its inputs may be absent. Otherwise a client would see a success without the effect.",
    BFF655:
      "A stream opens for every caller. An input of its call or of its key that may be absent has a value for that case.",
  },
  run(model, report) {
    const effects = effectTable(model.messages);
    const guards = callerGuards(model);
    for (const stream of model.streams) reportStream(stream, model, report);
    for (const block of blocksOf(model)) {
      if (!COMPOSING.has(block.kind)) continue;
      for (const step of block.steps) {
        const writes = effects.step(step);
        if (reportCritical({ block, step, model }, writes, report)) continue;
        const absent = writes ? absentIn(block, step, guards) : [];
        if (absent.length > 0) reportWrite({ block, step, model }, absent, report);
      }
    }
  },
};

/** Reports critical calls without side effects that are left out, and whose absence a client may take for an answer. */
export const absentReads: Check = {
  rules: {
    BFF653:
      "A critical call whose input may be absent has an `if` that decides, or only `optional` fields over it. Otherwise an empty list looks like an answer of the upstream.",
  },
  run(model, report) {
    const effects = effectTable(model.messages);
    const guards = callerGuards(model);
    const once = distinctReport(report);
    for (const block of blocksOf(model)) {
      if (!COMPOSING.has(block.kind)) continue;
      for (const step of block.steps) {
        const [call] = callsOf(step.source);
        if (step.supplementary || step.fallback !== undefined || call === undefined || effects.step(step)) continue;
        const [first] = absentIn(block, step, guards);
        if (first === undefined) continue;
        const field = fieldsOver(model, block, step).find((over) => !isDeclaredOptional(over));
        if (field === undefined) continue;
        const shown = shownIn(block, first.variable);
        caution(once, "BFF653", first.at, {
          message: `"${call.method.name}" is not called ${when(shown, first.variable)}: "${field.name}" of "${field.parent.name}" is then empty, although nothing failed`,
          related: causesOf(block, first.variable, model),
          hint: `${decisionOver(step, [{ variable: first.variable, shown }])}${field.fieldKind === "list" || field.fieldKind === "map" ? "" : `, or declare "${field.name}" as optional`}`,
        });
      }
    }
  },
};

/** Kinds of blocks whose steps have an `if`, and run for a response. */
const COMPOSING: ReadonlySet<AnyBlock["kind"]> = new Set(["composed", "opening", "let", "permit"]);

interface Place {
  readonly block: AnyBlock;
  readonly step: Step;
  readonly model: Model;
}

/** A read of a variable that may have no value. */
interface AbsentInput {
  readonly variable: Variable;
  readonly at: Origin;
}

/** Returns the inputs of a step's calls that may be absent, of each variable the first, unless the `if` tests them. */
function absentIn(block: AnyBlock, step: Step, guards: CallerGuards): readonly AbsentInput[] {
  const tested = step.if === undefined ? new Set<Variable>() : testedBy(step.if);
  const untested = new Set(step.if?.unsafe.filter((variable) => !tested.has(variable)));
  const behind = guarded(block);
  const closed = guards(block);
  const found = new Map<Variable, AbsentInput>();
  for (const { input, under } of inputsOf(step.source))
    for (const { variable, at } of input.reads) {
      if (found.has(variable) || behind.has(variable) || (closed && variable.role === "principal")) continue;
      const held = input.safe.has(variable) && untested.has(variable) && readsUntested(input, variable);
      if (input.unsafe.includes(variable) || (held && !under.some((condition) => testedBy(condition).has(variable))))
        found.set(variable, { variable, at });
    }
  return [...found.values()];
}

/** An expression without which a source makes no call, and the conditions of its entry or of its items. */
interface Input {
  readonly input: Expression;
  readonly under: readonly Expression[];
}

function inputsOf(source: Source): readonly Input[] {
  if (source.kind === "call") return inputsOfCall(source.call, []);
  if (source.kind !== "each") return [];
  const under = source.if === undefined ? [] : [source.if];
  return [
    { input: source.in, under: [] },
    ...[source.if, source.key].flatMap((input) => (input === undefined ? [] : [{ input, under: [] }])),
    ...callsOf(source).flatMap((call) => inputsOfCall(call, under)),
  ];
}

function inputsOfCall(call: Call, under: readonly Expression[]): readonly Input[] {
  const conditions = new Map<Expression | undefined, Expression | undefined>([
    ...call.set.map((entry) => [entry.bound.expression, entry.if] as const),
    ...call.metadata.map((entry) => [entry.by, entry.if] as const),
  ]);
  return callInputs(call).flatMap((input) => {
    const condition = conditions.get(input);
    return input === undefined ? [] : [{ input, under: condition === undefined ? under : [...under, condition] }];
  });
}

/** Reports a call with side effects that is left out with a success. */
function reportWrite({ block, step, model }: Place, absent: readonly AbsentInput[], report: Report): void {
  const [first] = absent;
  if (first === undefined) return;
  const named = absent.map(({ variable }) => ({ variable, shown: shownIn(block, variable) }));
  fault(report, "BFF652", first.at, {
    message: `${nameOf(step)} has side effects, and is left out with a success ${when(named[0]?.shown, first.variable)}`,
    related: causesOf(block, first.variable, model),
    hint: decisionOver(step, named),
  });
}

/** Returns the edit that lets the `if` of a step decide. Items have no name that the `if` could test. */
function decisionOver(step: Step, names: readonly { readonly variable: Variable; readonly shown: string }[]): string {
  const ofItems = names.some(({ variable }) => variable.missing !== undefined && variable.missing.root === undefined);
  if (!ofItems)
    return `add ${conditionFor(
      step,
      names.map(({ shown }) => shown),
    )}`;
  return "compute the value in a step with `supplementary: true`, and test that step by `ok` in the `if` of this one";
}

/** Reports inputs of a stream's source that may be absent: the source has no `if`. */
function reportStream(stream: Followed, model: Model, report: Report): void {
  const inputs = [...(stream.call === undefined ? [] : callInputs(stream.call)), stream.follow?.key];
  for (const input of inputs) {
    const [variable] = input?.unsafe ?? [];
    if (input === undefined || variable === undefined) continue;
    fault(report, "BFF655", input.reads.find((read) => read.variable === variable)?.at ?? input.text.at, {
      message: `the stream of "${stream.rpc.desc.name}" cannot open ${when(variable.name, variable)}`,
      related: causesOf(stream, variable, model),
      hint: `write a value for them, as in \`ok(${variable.name}) ? ${input.text.value} : ${EMPTY[input.type.kind] ?? "…"}\``,
    });
  }
}

/** Returns the words for a condition that tests variables, with the present condition of the step. */
function conditionFor({ if: condition }: Step, names: readonly string[]): string {
  const tests = names.map((name) => `ok(${name})`).join(" && ");
  if (condition === undefined) return `\`if: "${tests}"\` to the step`;
  const { value } = condition.text;
  const { root } = condition;
  const atom = root.kind !== "call" || !["logical_or", "conditional"].includes(root.overload);
  return `\`${tests} &&\` to the \`if\` of the step: \`if: "${tests} && ${atom ? value : `(${value})`}"\``;
}

const shownIn = ({ args }: AnyBlock, variable: Variable): string =>
  args.members.some((arg) => arg.variable === variable) ? `args.${variable.name}` : variable.name;

const when = (shown: string | undefined, { role }: Variable): string =>
  role === "principal" ? "for anonymous callers" : `if "${shown}" is ${role === "field" ? "missing" : "absent"}`;

/** Returns the place that makes a variable absent. */
function causesOf(
  block: AnyBlock,
  variable: Variable,
  model: Model,
): readonly { readonly at: Origin; readonly message: string }[] {
  const step = [...block.shared, ...block.steps].find((other) => other.variable === variable);
  if (step !== undefined) {
    const { supplementary, defer, if: condition, name, at } = step.ir;
    const declared = (supplementary ?? defer ?? condition ?? name)?.at ?? at;
    const why = step.supplementary && !step.deferred ? "is supplementary" : "may be absent";
    return [{ at: declared, message: `"${variable.name}" ${why}` }];
  }
  if (variable.role === "arg") return passersOf(block, variable, model);
  const field = declarationOf(model.ir, variable);
  if (field.length > 0) return field;
  const [open] = variable.role === "principal" && "callers" in block ? (block.callers?.open ?? []) : [];
  if (open === undefined) return [];
  const at = model.permits.find(({ rpc }) => rpc === open)?.public ?? open.at;
  return [{ at, message: `any client may call "${open.desc.name}"` }];
}

/**
 * Reports a step that unsafely reads a value that a failure may remove, unless it is declared `supplementary`. This
 * makes criticality visible in the source. Returns true if it reported the step.
 */
function reportCritical({ block, step, model }: Place, writes: boolean, report: Report): boolean {
  if (step.supplementary || step.source.kind === "guard" || step.source.kind === "resolver") return false;
  for (const expression of [step.if, ...needsOf(step.source)]) {
    for (const variable of expression?.unsafe ?? []) {
      const cause = [...block.shared, ...block.steps].find((other) => other.variable === variable);
      const arg = block.args.members.find((member) => member.variable === variable);
      const byFailure = cause?.absentByFailure ?? arg?.absentByFailure ?? variable.missing?.lack === "failure";
      if (!byFailure || cause?.deferred === true) continue;
      const shown = shownIn(block, variable);
      const read = expression?.reads.find((other) => other.variable === variable && !other.safe);
      const related = causesOf(block, variable, model);
      const cures = [
        writes ? decisionOver(step, [{ variable, shown }]) : "add `supplementary: true` to this step",
        ...(cause === undefined ? [] : [`give "${shown}" a \`fallback\``]),
      ].join(", ");
      fault(report, "BFF602", read?.at ?? step.ir.at, {
        message: `step ${step.name === undefined ? "" : `"${step.name}" `}is critical, but reads "${shown}", which a failure may make absent`,
        related,
        hint: `${cures}, or ${variable.missing === undefined ? `read it as ok(${shown}) ? … : …` : safeRead(variable)}`,
        // Composers with errors are not part of the model.
        derived: arg !== undefined && related.length === 0,
      });
      return true;
    }
  }
  return false;
}

/** Returns the places that pass an argument which may be absent, each with the cause. */
function passersOf(block: AnyBlock, { name }: Variable, model: Model): ReturnType<typeof causesOf> {
  const { desc } = block;
  return blocksOf(model).flatMap((composer) =>
    composer.steps.flatMap((step) => {
      const args = composesOf(step.source).flatMap((source) => (source.message === desc ? source.args : []));
      return args.flatMap(({ name: passed, by, at }) => {
        const [cause] = passed === name ? by.unsafe : [];
        if (cause === undefined) return [];
        return [{ at, message: `${nameOf(step)} passes it` }, ...causesOf(composer, cause, model)];
      });
    }),
  );
}

/** Returns the expressions that a source needs; a composed message works without an argument. */
function needsOf(source: Source): readonly (Expression | undefined)[] {
  if (source.kind === "compose") return [];
  if (source.kind === "each") return [source.in, source.if, source.key, ...needsOf(source.source)];
  return sourceExpressions(source);
}

// Guards and conditions behind which a caller is known.

/** Returns true if side effects of a block never run for anonymous callers. */
type CallerGuards = (block: AnyBlock) => boolean;

/**
 * Finds the messages that anonymous callers cannot reach with a side effect: the rpc is not public, a guard of the
 * service or of an outer message refuses them, or the step that composes the message tests `ok(principal)`. Guards run
 * before side effects.
 */
function callerGuards(model: Model): CallerGuards {
  const closed = new Map<string, boolean>();
  const reach = (message: string, safe: boolean): void => {
    closed.set(message, (closed.get(message) ?? true) && safe);
  };
  for (const { files } of model.packages)
    for (const { services } of files)
      for (const service of services) {
        const byService = service.let !== undefined && refusesAnonymous(service.let);
        for (const { callers, composed } of service.methods)
          reach(composed.desc.typeName, byService || callers?.open.length === 0);
      }
  for (const opening of model.openings) if (refusesAnonymous(opening)) closed.set(opening.desc.typeName, true);
  for (const message of model.messages) {
    const { typeName } = message.desc;
    if (refusesAnonymous(message)) closed.set(typeName, true);
    for (const step of message.steps)
      for (const composed of composesOf(step.source))
        reach(composed.message.typeName, closed.get(typeName) === true || tests(step));
  }
  return (block) => {
    if (block.kind === "composed" || block.kind === "opening") return closed.get(block.desc.typeName) ?? false;
    return refusesAnonymous(block);
  };
}

/** Returns the variables that have a value whenever a side effect of the block runs, because a guard refuses otherwise. */
function guarded({ steps }: Pick<Block, "steps">): ReadonlySet<Variable> {
  return new Set(
    steps.flatMap((step) => (step.source.kind === "guard" && step.if === undefined ? [...leftBy(step.source.if)] : [])),
  );
}

const refusesAnonymous = (block: Pick<Block, "steps">): boolean => [...guarded(block)].some(isPrincipal);
const tests = (step: Step): boolean => step.if !== undefined && [...testedBy(step.if)].some(isPrincipal);
const isPrincipal = ({ role }: Variable): boolean => role === "principal";
