import { didYouMean } from "../../diagnostic/diagnostic.ts";
import { type CallAst, dottedName } from "../syntax/ast.ts";
import { FOREIGN_FUNCTIONS } from "../syntax/foreign.ts";
import { MACROS } from "../syntax/macros.ts";
import { functionNames } from "../types/functions/signatures.ts";
import type { CelPlace, Checker } from "./checker.ts";
import { isUnknown, rootOf } from "./name.ts";

/** Reports an unknown function, with its correction. Faults that only follow from it are not reported. */
export function noSuchFunction(checker: Checker, ast: CallAst, place: CelPlace): undefined {
  const { fn, target } = ast;
  const functions = [...functionNames(), ...checker.language.functions.map((overload) => overload.fn)];
  const all = [
    ...functions,
    ...MACROS,
    "ok",
    "failure",
    "header",
    "trailer",
    "has",
    "cel.bind",
    "enums.name",
    "enums.text",
  ];
  const owner = target && dottedName(target);
  const root = target && rootOf(target);
  const free = root?.kind === "ident" && checker.variable(root.name, place) === undefined;
  const full = free && owner !== undefined ? `${owner}.${fn}` : undefined;
  const namespaced = full !== undefined && functions.some((known) => known.startsWith(`${owner}.`));
  const strange = owner !== undefined && !namespaced && full !== undefined && isUnknown(checker, owner);
  const name = namespaced ? full : fn;
  const foreign = Object.hasOwn(FOREIGN_FUNCTIONS, name) ? FOREIGN_FUNCTIONS[name] : undefined;
  const args = looksLikeMacro(checker, ast, place) ? [] : ast.args;
  if (strange && foreign === undefined) {
    const dotted = all.filter((known) => known.includes("."));
    const meant = didYouMean(full, dotted);
    const at = { ...ast.name, start: target?.start ?? ast.name.start };
    // An unknown target has no functions either.
    if (meant !== undefined)
      checker.complain("BFF304", at, `the function "${full}" does not exist`, `did you mean "${meant}"?`);
    else if (target !== undefined) checker.check(target, place);
    checker.all(args, place);
    return undefined;
  }
  const close = didYouMean(name, all) ?? sharingWords(name, all);
  const suggestion = close ? `did you mean "${close}"?` : undefined;
  const hint = foreign ?? suggestion ?? (namespaced ? namesIn(owner, fn, functions) : undefined);
  checker.complain("BFF304", ast.name, `the function "${name}" does not exist`, hint);
  // JavaScript's `Math.max` is no method of a missing step.
  const object = strange && root?.kind === "ident" && /^[A-Z]/.test(root.name);
  // The operands may have further faults.
  checker.all(target === undefined || namespaced || object ? args : [target, ...args], place);
  return undefined;
}

/** Returns `choose a function of math: abs, ceil, floor`, and the method of this name if one exists. */
function namesIn(space: string | undefined, fn: string, functions: readonly string[]): string {
  const inside = functions.filter((name) => name.startsWith(`${space}.`)).map((name) => name.slice(`${space}.`.length));
  const method = functions.includes(fn) ? `write x.${fn}(…), or ` : "";
  return `${method}choose a function of ${space}: ${[...new Set(inside)].sort().join(", ")}`;
}

/** Reports a function that is called like a macro, as in `list.sort(x, x.price)`. */
export function noVariable(checker: Checker, { fn, name, args: [first] }: CallAst): undefined {
  const variable = first?.kind === "ident" ? first.name : "x";
  const macro = [...MACROS].find((known) => known.startsWith(fn));
  const hint = macro && `write ${macro}(${variable}, …)`;
  return checker.complain("BFF304", name, `the function "${fn}" has no variable such as "${variable}"`, hint);
}

/** Returns true if a method looks like a macro, with a first name that is known only inside of it. */
export function looksLikeMacro(checker: Checker, { target, args }: CallAst, place: CelPlace): boolean {
  const [first] = args;
  if (target === undefined || args.length < 2 || first?.kind !== "ident") return false;
  return checker.variable(first.name, place) === undefined && isUnknown(checker, first.name);
}

/**
 * Returns the function that another name begins with, or that begins with it: `sort` for `sortStable`, `substring` for
 * `sub`.
 */
function sharingWords(name: string, known: readonly string[]): string | undefined {
  const begins = (long: string, short: string): boolean => short.length > 2 && long.startsWith(short);
  return known.find((candidate) => begins(name, candidate)) ?? known.find((candidate) => begins(candidate, name));
}
