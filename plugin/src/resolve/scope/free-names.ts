// Free names of an expression, found before types are checked, with the detail that ordering steps and messages needs.
import type { Registry } from "@bufbuild/protobuf";
import { type Ast, dottedName, partsOf } from "../../cel/syntax/ast.ts";
import { macroCall } from "../../cel/syntax/macros.ts";
import { parseExpression } from "../../cel/syntax/parse.ts";

export interface FreeNames {
  /** First identifiers of paths, comprehension variables and qualified proto names left out. */
  readonly names: ReadonlySet<string>;
  /** The x of every `args.x`. */
  readonly args: ReadonlySet<string>;
  /** The x of every `env.x`. */
  readonly env: ReadonlySet<string>;
  readonly bareArgs: boolean;
}

const NONE: FreeNames = { names: new Set(), args: new Set(), env: new Set(), bareArgs: false };

/** Results by registry, then by container and expression: several stages need them, and expressions recur. */
const cache = new WeakMap<Registry, Map<string, FreeNames>>();

/**
 * Returns the free names of an expression. A malformed expression reads nothing here, and its check reports the fault.
 */
export function freeNames(expression: string, registry: Registry, container: string): FreeNames {
  const cached = cache.get(registry) ?? new Map<string, FreeNames>();
  cache.set(registry, cached);
  const key = `${container} ${expression}`;
  const names = cached.get(key) ?? findFreeNames(expression, registry, container);
  cached.set(key, names);
  return names;
}
function findFreeNames(expression: string, registry: Registry, container: string): FreeNames {
  const parsed = parseExpression(expression);
  if ("faults" in parsed) return NONE;
  const names = new Set<string>();
  const args = new Set<string>();
  const env = new Set<string>();
  let bareArgs = false;
  const walk = (ast: Ast, bound: ReadonlySet<string>): void => {
    if (ast.kind === "ident") {
      if (bound.has(ast.name)) return;
      names.add(ast.name);
      if (ast.name === "args") bareArgs = true;
      return;
    }
    if (ast.kind === "select") {
      const path = dottedName(ast)?.replace(/^\./, "").split(".");
      if (path !== undefined && !bound.has(path[0] ?? "") && isProtoName(path, registry, container)) return;
      if (ast.of.kind === "ident" && ast.of.name === "args" && !bound.has("args")) {
        names.add("args");
        args.add(ast.field);
        return;
      }
      if (ast.of.kind === "ident" && ast.of.name === "env" && !bound.has("env")) env.add(ast.field);
    }
    const macro = ast.kind === "call" ? macroCall(ast) : undefined;
    if (macro !== undefined && macro !== "malformed") {
      walk(macro.range, bound);
      const inner = new Set([
        ...bound,
        ...macro.variables.flatMap((variable) => (variable.kind === "ident" ? [variable.name] : [])),
      ]);
      for (const body of macro.bodies) walk(body, inner);
      return;
    }
    for (const part of partsOf(ast)) walk(part, bound);
  };
  walk(parsed.ast, new Set());
  return { names, args, env, bareArgs };
}

/**
 * Returns true if the path names a message, or begins with an enum's value, resolved from the container outwards. A
 * step hides a message.
 */
function isProtoName(path: readonly string[], registry: Registry, container: string): boolean {
  const scopes = container === "" ? [] : container.split(".");
  for (let depth = scopes.length; depth >= 0; depth--) {
    for (let end = path.length; end >= 1; end--) {
      const name = [...scopes.slice(0, depth), ...path.slice(0, end)].join(".");
      if (end === path.length && end > 1 && registry.getMessage(name) !== undefined) return true;
      const next = path[end];
      if (registry.getEnum(name)?.values.some((value) => value.name === next)) return true;
    }
  }
  return false;
}
