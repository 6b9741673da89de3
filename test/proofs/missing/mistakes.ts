// Mistakes that the proof puts into the compiler and its runtime, one at a time: it finds each.

export interface Mistake {
  /** The effect on a BFF. */
  readonly what: string;
  readonly file: string;
  /** A text that the file contains once. */
  readonly from: string;
  readonly to: string;
}

export const MISTAKES: readonly Mistake[] = [
  {
    what: "an expression computes with the default of a missing field (A1)",
    file: "plugin/src/cel/types/facts/places.ts",
    from: '  return { name, role: "field", ...form, absent: true, missing };',
    to: '  return { name, role: "field", ...form, absent: false, missing };',
  },
  {
    what: "a write is skipped with a success (A2)",
    file: "plugin/src/check/calls/absent-inputs.ts",
    from: "if (absent.length > 0) reportWrite(",
    to: "if (absent.length > 9) reportWrite(",
  },
  {
    what: "a limit does not count anonymous callers (A3)",
    file: "plugin/src/resolve/edge/limits.ts",
    from: "if (leavesOut(key, condition) && ",
    to: "if (key.fails && leavesOut(key, condition) && ",
  },
  {
    what: "a macro notices a missing field only if all items lack it",
    file: "plugin/src/cel/emit/control/missing.ts",
    from: 'method(items, "some", [lambda])',
    to: 'method(items, "every", [lambda])',
  },
  {
    what: "a comparison of messages takes a missing field as unset",
    file: "plugin/src/cel/emit/control/missing.ts",
    from: "    if (node.gap !== undefined) return",
    to: '    if (node.gap !== undefined && node.fn === "f") return',
  },
  {
    what: "a message does not mark its missing fields",
    file: "plugin/src/emit/messages/emit-touch.ts",
    from: "    if (!message.marked.has(field) || bound.expression.unsafe.length === 0) return [];",
    to: "    if (field.number > 0 || bound.expression.unsafe.length === 0) return [];",
  },
  {
    what: "lists and maps cannot be missing",
    file: "plugin/src/resolve/model/missing/failable.ts",
    from: "if (why !== undefined) fields.set(member.field.name, why);",
    to: "if (why !== undefined && !/list|map/.test(member.field.fieldKind)) fields.set(member.field.name, why);",
  },
  {
    what: "a copy of a composed message has no missing fields",
    file: "plugin/src/resolve/model/missing/failable.ts",
    from: "for (let more = true; more; ) {",
    to: "for (let more = false; more; ) {",
  },
  {
    what: "a required field takes a missing value",
    file: "plugin/src/resolve/messages/fields.ts",
    from: "  if (canBeAbsent(field.desc)) return;\n  const [variable] = expression.unsafe;",
    to: "  if (canBeAbsent(field.desc) || expression.unsafe.length > 0) return;\n  const [variable] = expression.unsafe;",
  },
  {
    what: "`ok` of a field is always true",
    file: "plugin/src/cel/check/absence/missing-fields.ts",
    from: "const decided = isKnown(variable, place) || place.gone.has(variable);",
    to: "const decided = variable.missing !== undefined;",
  },
  {
    what: "a missing field is reported as replaced",
    file: "runtime/src/compose/degrade.ts",
    from: "if (!present) return Effect.MISSING;",
    to: "if (!present) return Effect.REPLACED;",
  },
  {
    what: "a list keeps items that lack what they read",
    file: "plugin/src/plan/messages/origins.ts",
    from: "leftOut: true } : origin",
    to: "leftOut: false } : origin",
  },
  {
    what: "a failure of a composed message reaches no reader",
    file: "runtime/src/scope/causes.ts",
    from: "const cause = this.of(origin) ?? (origin instanceof Reads ? this.#inFields(origin) : this.within(origin));",
    to: "const cause = this.of(origin);",
  },
  {
    what: "a failure of one field reaches the readers of others",
    file: "plugin/src/emit/steps/step-context.ts",
    from: "whole && path.length === 0)) return value;",
    to: "whole || path.length >= 0)) return value;",
  },
  {
    what: "metadata is sent without its value",
    file: "plugin/src/emit/steps/step-context.ts",
    from: "const unsafe = [...new Set(expressions.flatMap((expression) => expression?.unsafe ?? []))];",
    to: "const unsafe = [...new Set(expressions.flatMap((expression) => expression?.unsafe ?? []))].slice(1);",
  },
];
