// Messages that one function composes for all of a list.
import type { Expression } from "../../cel/index.ts";
import type { BoundExpression, Conversion, MessageConversion, Target } from "../../model/conversion.ts";
import { blocksOf, callInputs, composesOf, mayBeStale, retryIfOverSteps } from "../../resolve/model/blocks.ts";
import type { Call } from "../../resolve/model/call.ts";
import type { Composed, Model, Source, Step } from "../../resolve/model/model.ts";
import { oneofOnly } from "../../resolve/model/oneof-only.ts";
import { explainedSteps } from "./explained-steps.ts";
import { isSync } from "./plan-message.ts";
import { isWholeList } from "./plan-source.ts";

/**
 * Returns the messages that need only constants and items of batches, whose keys depend on arguments alone. For a list
 * of them each batch is requested once, and the list has one promise instead of one per message. Clients see no
 * difference: such a message can only fail if a batch fails. Any other failure would occur before a batch has answered
 * for the other messages.
 * Contains only messages that their own file composes in lists and nowhere else, so that no other file changes the name
 * of a function.
 * @returns names of messages
 */
export function composedForLists(model: Model): ReadonlySet<string> {
  const explained = explainedSteps(model);
  const places = new Map<string, { readonly file: string; readonly source: Source }[]>();
  for (const block of blocksOf(model))
    for (const { source } of block.steps)
      for (const { message } of composesOf(source)) {
        const known = places.get(message.typeName) ?? [];
        known.push({ file: block.file.desc.name, source });
        places.set(message.typeName, known);
      }
  const answers = new Set(
    model.files.flatMap(({ desc, services }) =>
      services.flatMap(({ methods }) =>
        methods.flatMap(({ composed }) => (composed.file.desc.name === desc.name ? [composed] : [])),
      ),
    ),
  );
  const found = model.messages.filter((message) => {
    const localPlaces = places.get(message.desc.typeName)?.filter(({ file }) => file === message.file.desc.name) ?? [];
    return (
      localPlaces.length > 0 &&
      localPlaces.every(({ source }) => isWholeList(source)) &&
      !answers.has(message) &&
      model.openings.every(({ desc }) => desc !== message.desc) &&
      isPlain(message, explained)
    );
  });
  return new Set(found.map(({ desc }) => desc.typeName));
}

function isPlain(message: Composed, explained: ReadonlySet<Step>): boolean {
  const { steps, targets } = message;
  // Code over the whole list would wait for steps of a service even if the list is empty.
  if (message.resolver !== undefined || message.shared.length > 0 || oneofOnly(message).size > 0) return false;
  if (steps.some((step) => explained.has(step) || step.deferred)) return false;
  const constants = new Set<Step>();
  for (const step of steps) if (isSync(step, (read) => constants.has(read))) constants.add(step);
  const loads = steps.filter((step) => !constants.has(step));
  const calls = loads.flatMap(({ source }) => (source.kind === "call" ? [source.call] : []));
  if (calls.length < loads.length || !loads.every(isLoad)) return false;
  // Keys are requested in the order of the list. Keys of two steps that share a batch would arrive in a different
  // order.
  if (calls.length > 1 && (new Set(calls.map(({ method }) => method)).size < calls.length || calls.some(isGrouped)))
    return false;
  return calls.length === 0 || !targets.some(targetMayThrow);
}

/** Returns true for a step that starts at once, for a key that is present. */
function isLoad({ source, if: condition, after, fallback, reads, supplementary }: Step): boolean {
  if (source.kind !== "call" || condition !== undefined || after.length > 0 || fallback !== undefined) return false;
  const { call } = source;
  // A shard of the call's own differs from key to key, and code over the whole list has one.
  if (call.batch === undefined || call.shard !== undefined || call.effects !== "none" || reads.length > 0) return false;
  if (call.onError.length > 0 || retryIfOverSteps(call) !== undefined || (!supplementary && mayBeStale(call)))
    return false;
  if (boundMayThrow(call.batch.by) || call.set.some(({ bound, if: test }) => boundMayThrow(bound) || test?.fails))
    return false;
  return !callInputs(call).some(
    (expression) =>
      expression !== undefined &&
      (expression.fails || expression.unsafe.length > 0 || expression.reads.some(({ variable }) => variable.absent)),
  );
}
const isGrouped = ({ set, metadata }: Call): boolean => set.length + metadata.length > 0;

function targetMayThrow(target: Target): boolean {
  if (target.kind === "field") return boundMayThrow(target.bound);
  return target.members.some(({ bound, if: condition }) => condition?.fails || boundMayThrow(bound));
}
function boundMayThrow({ expression, conversion, copy }: BoundExpression, seen: Copies = new Set()): boolean {
  if (expression.fails || mayThrow(conversion, expression, seen)) return true;
  return copy !== undefined && mayThrow(copy.conversion, undefined, seen);
}
/** Copies that are examined already: messages may hold each other. */
type Copies = Set<MessageConversion>;

/** @param of the converted expression; undefined: a value in an upstream's message */
function mayThrow(conversion: Conversion, of: Expression | undefined, seen: Copies): boolean {
  switch (conversion.kind) {
    case "same":
      return false;
    case "represent": // in range or not; a constant has been checked
      return of?.constant === undefined;
    case "enum":
      return conversion.via.default === undefined;
    case "list":
    case "map":
      return mayThrow(conversion.of, undefined, seen);
    case "message":
      return copyMayThrow(conversion.via, seen);
  }
}
function copyMayThrow(copy: MessageConversion, seen: Copies): boolean {
  if (seen.has(copy)) return false;
  seen.add(copy);
  const open = [...copy.targets];
  for (const target of open) {
    switch (target.kind) {
      case "field":
        if (mayThrow(target.conversion, undefined, seen)) return true;
        break;
      case "oneof":
        if (target.members.some(({ conversion }) => mayThrow(conversion, undefined, seen))) return true;
        break;
      case "computed":
        if (boundMayThrow(target.bound, seen) || (target.fallback && boundMayThrow(target.fallback, seen))) return true;
        break;
      case "message":
        open.push(...target.targets);
    }
  }
  return false;
}
