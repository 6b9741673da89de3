// The fields of composed messages that expressions read, and the values that they pass on.
import {
  type Expression,
  type FieldRead,
  fieldReads,
  joinReads,
  PASSED,
  type Variable,
  WHOLE,
} from "../../cel/index.ts";
import type { BoundExpression, Conversion, ConvertedTarget, MessageConversion } from "../../model/conversion.ts";
import type { Step } from "../../resolve/model/model.ts";

export type Reads = ReadonlyMap<Variable, readonly FieldRead[]>;

export function boundReads({ expression, conversion, copy }: BoundExpression): Reads {
  const last = copy !== undefined && conversion.kind === "same" ? copy.conversion : conversion;
  return fieldReads(expression.root, demand(last));
}

/** Reads by conversions of messages. Each is found once, since messages that hold each other have endless paths. */
const known = new WeakMap<MessageConversion, readonly FieldRead[]>();

/** Messages of copies in each other; deeper ones are read as a whole. */
const MAX_DEPTH = 100;

function demand(conversion: Conversion, depth = 0): readonly FieldRead[] {
  switch (conversion.kind) {
    case "same":
      return PASSED;
    case "list":
    case "map":
      return demand(conversion.of, depth);
    case "message": {
      const { via } = conversion;
      const before = known.get(via);
      if (before !== undefined || depth > MAX_DEPTH) return before ?? WHOLE;
      known.set(via, WHOLE); // of a message inside of itself
      const reads = joinReads(...via.targets.map((target) => readsOfTarget(target, depth + 1))).map((read) => ({
        ...read,
        passed: false,
      }));
      known.set(via, reads);
      return reads;
    }
    default:
      return WHOLE;
  }
}

function readsOfTarget(target: ConvertedTarget, depth: number): readonly FieldRead[] {
  switch (target.kind) {
    case "field":
    case "oneof":
      return (target.kind === "field" ? [target] : target.members).flatMap(({ from, conversion }) =>
        demand(conversion, depth).map((read) => ({ ...read, path: [from, ...read.path] })),
      );
    case "computed": {
      const { expression, conversion } = target.bound;
      return [...fieldReads(expression.root, demand(conversion, depth)).values()].flat();
    }
    case "message":
      return target.targets.flatMap((part) => readsOfTarget(part, depth));
  }
}

/** Returns the variables whose values, or parts of them, are in a step's value. */
export function passedTo({ source, fallback }: Step): readonly Variable[] {
  const passed = (of: Expression | undefined, demand?: readonly FieldRead[]): readonly Variable[] =>
    of === undefined
      ? []
      : [...fieldReads(of.root, demand)].flatMap(([variable, reads]) =>
          reads.some((read) => read.passed) ? [variable] : [],
        );
  const ofSource = (): readonly Variable[] => {
    if (source.kind === "by") return passed(source.by);
    if (source.kind === "switch")
      return [...source.cases.map(({ value }) => value), source.default].flatMap((of) => passed(of?.expression));
    if (source.kind !== "each" || source.source.kind !== "by") return [];
    const { by } = source.source;
    return [...passed(by), ...passed(source.in, fieldReads(by.root).get(source.item) ?? [])];
  };
  return [...ofSource(), ...passed(fallback?.expression)];
}

/** Returns the reads without the insides of the values that are passed on: their readers find what is there. */
export const kept = (reads: readonly FieldRead[]): readonly FieldRead[] =>
  reads.map((read) => (read.passed ? { ...read, whole: false, passed: false } : read));

export const readsInside = (reads: readonly FieldRead[]): boolean =>
  reads.some(({ path, whole }) => whole || path.length > 0);
