// Code that steps and items of lists share: sending, composing, and the wait before a side effect.

import { readable } from "../../cel/index.ts";
import type { ComposeSource, PlanCall, PlanMessage, PlanStep } from "../../plan/model/messages.ts";
import { camel } from "../../text/camel.ts";
import type { FileNames } from "../names/file-names.ts";
import { around, block, type Line, type Lines, mentions, object, property } from "../text/lines.ts";
import { pathValue, plainValue, tested } from "../values/value.ts";
import { callArguments, callParts } from "./emit-call.ts";
import { childSelection } from "./emit-selection.ts";
import type { StepContext } from "./step-context.ts";

/** Waits before a side effect for all guards, and for the critical steps that do not depend on it. */
export function cleared(step: PlanStep, cx: StepContext): Lines {
  if (!step.effectful) return [];
  return [["await cx.cleared(", barrier(step, cx), ");"]];
}
function barrier(step: PlanStep, cx: StepContext): string {
  const clears = step.clearedBy.map((other) => `${other.name}Step`);
  return [...(cx.message.effectful ? ["...before"] : []), ...clears].join(", ");
}

/** Returns the receiver of a step's calls. An overloaded upstream first drops the calls of supplementary steps. */
export function callsOn(step: PlanStep, cx: StepContext): string {
  return step.step.supplementary ? `${runsOn(step, cx)}.aside` : runsOn(step, cx);
}
/** Returns the context of a step: a deferred step has more time in a stream of parts. */
export const runsOn = ({ step }: PlanStep, { names }: StepContext): string => (step.deferred ? names.late : "cx");

/** `cx.send(getUsage, …)`. */
export function send(call: PlanCall, step: PlanStep, cx: StepContext, on: string): Lines {
  const explained = step.source.kind === "call" && step.notes;
  const parts = callParts(call, cx.names, { mark: step.marks, explained });
  const method = sendingMethod(call);
  // A side effect is never spared.
  const spared = method === "effect" ? on.replace(/\.aside$/, "") : on;
  return around([`${spared}.${method}(`], callArguments(parts), [")"]);
}

function sendingMethod({ batch, effects }: PlanCall): string {
  if (batch !== undefined) return batch.many ? "loadMany" : "load";
  return effects === "none" ? "send" : "effect";
}

/** The arguments that the composed message reads. */
export function declaredArgs(source: ComposeSource, cx: StepContext): ComposeSource["args"] {
  const names = new Set(cx.planned(source.message.typeName)?.composed.args.members.map((arg) => arg.name));
  return source.args.filter((arg) => names.has(arg.name));
}

/** Returns composed values that are handed on with the arguments, because failures may have touched their contents. */
export function handedOnBeside(source: ComposeSource, cx: StepContext): readonly PlanStep[] {
  return plannedChild(source, cx).tainted.flatMap((name) => {
    const arg = source.args.find((candidate) => candidate.name === name);
    return cx.composed([arg?.by, arg?.if]);
  });
}

/** Messages of a list that are composed at once. */
interface ComposedList {
  /** Prints the sources of the messages. */
  readonly print: (args: Lines) => Lines;
  /** Name of the source of one message. */
  readonly item: string;
}

/** The function that composes one message: `composeRunCard`, or `single(composeEachRunCard)`. */
export function composeFunction({ name, file: of, forLists }: PlanMessage, file: FileNames): Line {
  const compose = file.bff(name, of);
  return forLists ? [file.runtime("single"), "(", compose, ")"] : [compose];
}
export function plannedChild(source: ComposeSource, cx: StepContext): PlanMessage {
  const child = cx.planned(source.message.typeName);
  if (child === undefined) throw new Error(`"${source.message.typeName}" is not planned`);
  return child;
}
function composedArgs(source: ComposeSource, cx: StepContext): Lines {
  const { names } = cx;
  const { args } = plannedChild(source, cx).composed;
  const properties = declaredArgs(source, cx).map((arg): Line => {
    const target = args.members.find((member) => member.name === arg.name)?.variable;
    // An argument with presence at every place may be handed on unset; any other argument has a value.
    const asIs = target?.presence !== undefined && arg.by.path && arg.by.mayBeUnset;
    const value = asIs ? pathValue(arg.by, target.proto, names) : plainValue(arg.by, target?.proto, names);
    const print: Line =
      arg.if === undefined
        ? value.print
        : [
            ...tested(arg.if, names),
            " ? ",
            ...(arg.by.unsafe.length > 0 ? ["(", ...value.print, ")"] : value.print),
            " : undefined",
          ];
    return property(camel(arg.name), print);
  });
  return object(properties);
}
/** Returns the origins that are not printed among `known`. */
function without(origins: readonly Line[], covered: readonly Line[]): readonly Line[] {
  const printed = new Set(covered.map(readable));
  return origins.filter((origin) => !printed.has(readable(origin)));
}
const listed = (origins: readonly Line[]): Line => [
  "[",
  ...origins.flatMap((origin, i) => (i === 0 ? [...origin] : [", ", ...origin])),
  "]",
];
/**
 * Prints `composeRunCard(cx, { run })`, or for a whole list
 * `composeEachRunCard(cx, agent.runs.map((run) => ({ run })))`.
 */
export function composition(
  source: ComposeSource,
  step: PlanStep,
  cx: StepContext,
  on: string,
  list?: ComposedList,
): Lines {
  const child = plannedChild(source, cx);
  const { file } = cx.names;
  const compose = list === undefined ? composeFunction(child, file) : [file.bff(child.name, child.file)];
  const args = composedArgs(source, cx);
  const parameters: Lines[] = [list === undefined ? args : list.print(args)];
  if (child.shared.length > 0) parameters.push([cx.shared(child)]);
  if (child.tainted.length > 0) {
    const from = child.tainted.map((name): Line => {
      const arg = source.args.find((candidate) => candidate.name === name);
      const origins = cx.origins([arg?.by, arg?.if]);
      const argOrigins = cx.origins([arg?.if]);
      const others = without(argOrigins, origins);
      if (arg?.if === undefined || (others.length === 0 && argOrigins.length === origins.length))
        return property(camel(name), listed(origins));
      // An argument that its `if` leaves out is not touched by the reads of its value. Origins of a whole list cannot
      // refer to an item.
      const test = tested(arg.if, cx.names);
      if (list !== undefined && mentions([test], list.item))
        return property(camel(name), listed([...origins, ...others]));
      return property(camel(name), [...test, " ? ", ...listed(origins), " : ", ...listed(argOrigins)]);
    });
    parameters.push(object(from));
  }
  if (child.effectful) parameters.push([[`[${barrier(step, cx)}]`]]);
  const selection = childSelection(child, step, cx.message, cx.names);
  if (selection !== undefined) parameters.push([selection]);
  if (parameters.every((lines) => lines.length === 1)) {
    return [
      [
        ...compose,
        `(${on}, `,
        ...parameters.flatMap((lines, i) => [...(i === 0 ? [] : [", "]), ...(lines[0] ?? [])]),
        ")",
      ],
    ];
  }
  return block([...compose, `(`], [[`${on},`], ...parameters.flatMap((lines) => around([], lines, [","]))], [")"]);
}
