import { childrenOf } from "../types/facts/children.ts";
import { rangeOf } from "../types/forms/range.ts";
import type { Node, Variable } from "../types/model/type.ts";
import { type Checker, nameList } from "./checker.ts";
import { fold } from "./fold.ts";
import { insteadOfOk } from "./presence-hint.ts";

/** Errors elsewhere decide what may be absent, such as that of a message whose steps pass an argument. */
const SUSPICION = { severity: "warning", derived: true } as const;
/** Nouns in front of a variable's name, by its role. */
const NOUNS: Partial<Readonly<Record<Variable["role"], string>>> = { arg: "the argument ", step: "the step " };

/**
 * Reports results that are known before run time: conditions that never change, and certain errors. Returns false after
 * an error.
 */
export function checkConstants(root: Node, checker: Checker): boolean {
  let sound = true;
  const complain = (code: "BFF317" | "BFF318", node: Node, message: string, hint?: string): void => {
    sound = false;
    checker.complain(code, checker.spanOf(node), message, hint);
  };
  /** Reports the constant result or the fault of a node. Returns true if there is one. */
  const evaluate = (node: Node & { kind: "call" }): boolean => {
    const found = fold(node);
    const missed = missing(node);
    if (found === "fails" && !node.args.some((arg) => fold(arg) === "fails"))
      complain("BFF318", node, ...failure(node));
    else if (found !== undefined && found !== "fails" && typeof found.value === "boolean")
      warn(checker, node, found.value);
    else if (missed !== undefined) complain("BFF317", node, ...missed);
    else return false;
    return true;
  };
  const visit = (node: Node): void => {
    if (node.kind === "ok" && !node.variable.absent && !node.set) {
      const { role, name } = node.variable;
      const what = NOUNS[role] ?? "";
      const why = role === "principal" ? " here, because every rpc requires a caller" : "";
      const never = `${what}"${name}" is never absent${why}, so this is always true`;
      checker.complain("BFF316", checker.spanOf(node), never, insteadOfOk(node.variable), SUSPICION);
    }
    if (node.kind === "call") {
      if (evaluate(node)) return;
      for (const condition of conditionsOf(node)) {
        const known = condition.kind === "constant" ? condition.value : undefined;
        if (typeof known === "boolean") warn(checker, condition, known);
      }
    }
    for (const child of childrenOf(node)) visit(child);
  };
  visit(root);
  return sound;
}

function warn(checker: Checker, node: Node, value: boolean): void {
  checker.complain("BFF316", checker.spanOf(node), `this is always ${value}`, why(checker, node), SUSPICION);
}

/** Returns the reason why a comparison never changes, if the type of one side decides. */
function why(checker: Checker, node: Node): string | undefined {
  if (node.kind !== "call") return undefined;
  const ranged = node.args.find((arg) => fold(arg) === undefined && rangeOf(arg) !== undefined);
  const range = ranged && rangeOf(ranged);
  if (ranged === undefined || range === undefined) return undefined;
  return `change the comparison: ${checker.textOf(checker.spanOf(ranged))} is from ${range.low} to ${range.high}`;
}

function conditionsOf(node: Node & { kind: "call" }): readonly Node[] {
  if (node.overload === "conditional") return node.args.slice(0, 1);
  return /^logical_(and|or|not)$/.test(node.overload) ? node.args : [];
}

function failure({ overload, type }: Node & { kind: "call" }): readonly [message: string, hint?: string] {
  if (/^(divide|modulo)_/.test(overload)) return ["this divides by zero"];
  if (overload === "repeat") return ["`repeat` cannot have a negative count"];
  return [
    `the result does not fit into ${type.kind === "uint" ? "a uint" : "an int"} of 64 bits`,
    "calculate with doubles",
  ];
}

/** Returns the fault of an index or a key that a literal does not contain. */
function missing(node: Node & { kind: "call" }): readonly [message: string, hint?: string] | undefined {
  const [of, at] = node.args;
  if (of === undefined || at === undefined) return undefined;
  const key = fold(at);
  if (key === undefined || key === "fails") return undefined;
  if (node.overload === "index_list" && typeof key.value === "bigint") {
    if (key.value < 0n) return ["an index cannot be negative", "count from the end: x[size(x) - 1]"];
    if (of.kind !== "list" || of.optionals !== undefined) return undefined;
    const { length } = of.elements;
    const holds = length === 0 ? "leave out the index: the list is empty" : `write an index below ${length}`;
    return key.value >= BigInt(length) ? [`the list has no element ${key.value}`, holds] : undefined;
  }
  if (node.overload !== "index_map" || of.kind !== "map" || of.entries.some(([, , optional]) => optional))
    return undefined;
  const keys = of.entries.map(([entryKey]) => fold(entryKey));
  if (
    keys.some(
      (entryKey) => entryKey === undefined || entryKey === "fails" || typeof entryKey.value !== typeof key.value,
    )
  )
    return undefined;
  const names = keys.flatMap((entryKey) => (entryKey === undefined || entryKey === "fails" ? [] : [entryKey.value]));
  if (names.includes(key.value)) return undefined;
  const shown = names.map((name) => (typeof name === "string" ? JSON.stringify(name) : String(name)));
  const missed = typeof key.value === "string" ? JSON.stringify(key.value) : String(key.value);
  return [
    `the map has no key ${missed}`,
    shown.length === 0 ? "leave out the key: the map is empty" : `choose one of its keys: ${nameList(shown)}`,
  ];
}
