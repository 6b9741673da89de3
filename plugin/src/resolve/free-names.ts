// Which names an expression may read, found before anything is typed: just enough to order steps and messages.
import { parse } from "@bufbuild/cel";
import type { Expr } from "@bufbuild/cel-spec/cel/expr/syntax_pb.js";
import type { Registry } from "@bufbuild/protobuf";

export interface FreeNames {
  /** First identifiers of paths, comprehension variables and qualified proto names left out. */
  readonly names: ReadonlySet<string>;
  /** The x of every `args.x`. */
  readonly args: ReadonlySet<string>;
  readonly bareArgs: boolean;
}

const NONE: FreeNames = { names: new Set(), args: new Set(), bareArgs: false };

/** What does not parse reads nothing here; checking it reports the fault. */
export function freeNames(expression: string, registry: Registry, container: string): FreeNames {
  let root: Expr | undefined;
  try {
    root = parse(expression).expr;
  } catch {
    return NONE;
  }
  const names = new Set<string>();
  const args = new Set<string>();
  let bareArgs = false;
  const name = (id: string, bound: ReadonlySet<string>): void => {
    if (bound.has(id)) return;
    names.add(id);
    if (id === "args") bareArgs = true;
  };
  const walk = (expr: Expr | undefined, bound: ReadonlySet<string>): void => {
    const kind = expr?.exprKind;
    switch (kind?.case) {
      case "identExpr":
        name(kind.value.name, bound);
        return;
      case "selectExpr": {
        const path = qualified(expr);
        const [root] = path ?? [];
        if (path !== undefined && root !== undefined && !bound.has(root)) {
          if (isProtoName(path, registry, container)) return;
          if (root === "args" && path[1] !== undefined) {
            names.add("args");
            args.add(path[1]);
            return;
          }
        }
        const of = kind.value.operand?.exprKind;
        if (kind.value.testOnly && of?.case === "identExpr" && of.value.name === "args" && !bound.has("args")) {
          names.add("args");
          args.add(kind.value.field);
          return;
        }
        walk(kind.value.operand, bound);
        return;
      }
      case "callExpr":
        walk(kind.value.target, bound);
        for (const arg of kind.value.args) walk(arg, bound);
        return;
      case "listExpr":
        for (const element of kind.value.elements) walk(element, bound);
        return;
      case "structExpr":
        for (const entry of kind.value.entries) {
          if (entry.keyKind.case === "mapKey") walk(entry.keyKind.value, bound);
          walk(entry.value, bound);
        }
        return;
      case "comprehensionExpr": {
        const loop = kind.value;
        walk(loop.iterRange, bound);
        walk(loop.accuInit, bound);
        const inner = new Set([...bound, loop.iterVar, loop.iterVar2, loop.accuVar]);
        walk(loop.loopCondition, inner);
        walk(loop.loopStep, inner);
        walk(loop.result, inner);
        return;
      }
      default:
    }
  };
  walk(root, new Set());
  return { names, args, bareArgs };
}

/** `a.b.c` as its parts; undefined for anything else. */
function qualified(expr: Expr | undefined): string[] | undefined {
  const parts: string[] = [];
  for (let at = expr; at !== undefined; ) {
    if (at.exprKind.case === "identExpr") return [at.exprKind.value.name.replace(/^\./, ""), ...parts.reverse()];
    if (at.exprKind.case !== "selectExpr" || at.exprKind.value.testOnly) return undefined;
    parts.push(at.exprKind.value.field);
    at = at.exprKind.value.operand;
  }
  return undefined;
}

/** Whether a prefix of the path names a message, an enum or an enum's value, seen from the container outwards. */
function isProtoName(path: readonly string[], registry: Registry, container: string): boolean {
  const scopes = container === "" ? [] : container.split(".");
  for (let depth = scopes.length; depth >= 0; depth--) {
    for (let end = path.length; end >= 1; end--) {
      const name = [...scopes.slice(0, depth), ...path.slice(0, end)].join(".");
      if (registry.getMessage(name) !== undefined || registry.getEnum(name) !== undefined) return true;
    }
  }
  return false;
}
