// Adds syntax that @bufbuild/cel does not parse or expand: `a.?b`, quoted fields, `cel.bind`, `sortBy`. Optionals are
// maps of one marked key.
import { type CelInput, type CelMap, celMap, isCelMap, parse } from "@bufbuild/cel";
import type { Expr } from "@bufbuild/cel-spec/cel/expr/syntax_pb.js";
import { overEntries } from "./entries.ts";
import { bind, call, comprehension, ident, list, text } from "./expr.ts";

const SELECT = "opt__";
const QUOTED = "quoted__";
const VALUE = "@optional";

/** As `parse`; throws on a syntax error. */
export function parseAll(source: string): Expr {
  return expand(parse(plainNames(source)).expr);
}

/** `a.?b` and a.`b` as fields of marked names; strings stay as they are. */
function plainNames(source: string): string {
  return source.replace(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\.\?\s*(?=[A-Za-z_`])|`[^`]*`/g, (text) => {
    if (text.startsWith(".?")) return `.${SELECT}`;
    return text.startsWith("`") ? `${QUOTED}${Buffer.from(text.slice(1, -1)).toString("hex")}` : text;
  });
}

function unquoted(name: string): string {
  return name.startsWith(QUOTED) ? Buffer.from(name.slice(QUOTED.length), "hex").toString() : name;
}

/** A table of the kinds of expressions. */
function expand(expr: Expr): Expr {
  const { case: kind, value } = expr.exprKind;
  const maybe = (child: Expr | undefined) => child && expand(child);
  switch (kind) {
    case "selectExpr": {
      const operand = maybe(value.operand);
      if (operand === undefined) return expr;
      if (value.field.startsWith(SELECT))
        return call(expr, "@optionalField", [operand, text(expr, unquoted(value.field.slice(SELECT.length)))]);
      return { ...expr, exprKind: { case: kind, value: { ...value, operand, field: unquoted(value.field) } } };
    }
    case "callExpr": {
      const target = maybe(value.target);
      const args = value.args.map(expand);
      const [first, second, third, fourth] = args;
      const name = first?.exprKind.case === "identExpr" ? first.exprKind.value.name : undefined;
      const owner = target?.exprKind.case === "identExpr" ? target.exprKind.value.name : undefined;
      if (value.function === "bind" && owner === "cel" && name !== undefined && second && third) {
        return bind(expr, name, second, third);
      }
      const entries = overEntries(expr, value.function, target, args);
      if (entries !== undefined) return entries;
      if (value.function === "first" && target && name !== undefined && second) {
        const matching = call(expr, "_?_:_", [
          second,
          call(expr, "_+_", [ident(expr, "@result"), list(expr, [first ?? second])]),
          ident(expr, "@result"),
        ]);
        const found = comprehension(expr, target, name, "@result", list(expr, []), matching, ident(expr, "@result"));
        return call(expr, "@first", [found]);
      }
      if (value.function === "reduce" && target && name !== undefined && second && third && fourth) {
        const item = second.exprKind.case === "identExpr" ? second.exprKind.value.name : "@unused";
        return comprehension(expr, target, item, name, fourth, third, ident(expr, name));
      }
      if (/^sort(By|Desc)$/.test(value.function) && target && name !== undefined && second) {
        const step = call(expr, "_+_", [ident(expr, "@result"), list(expr, [second])]);
        const keys = comprehension(expr, target, name, "@result", list(expr, []), step, ident(expr, "@result"));
        return call(expr, `@${value.function}`, [target, keys]);
      }
      return { ...expr, exprKind: { case: kind, value: { ...value, args, ...(target && { target }) } } };
    }
    case "comprehensionExpr": {
      const { iterRange, accuInit, loopCondition, loopStep, result } = value;
      const parts = Object.entries({ iterRange, accuInit, loopCondition, loopStep, result });
      const expanded = Object.fromEntries(parts.map(([name, part]) => [name, maybe(part)]));
      return { ...expr, exprKind: { case: kind, value: { ...value, ...expanded } } } as Expr;
    }
    case "listExpr":
      return { ...expr, exprKind: { case: kind, value: { ...value, elements: value.elements.map(expand) } } };
    case "structExpr": {
      const entries = value.entries.map((entry) => {
        const of = maybe(entry.value);
        const keyKind =
          entry.keyKind.case === "mapKey"
            ? { case: "mapKey" as const, value: expand(entry.keyKind.value) }
            : { case: "fieldKey" as const, value: unquoted(entry.keyKind.value ?? "") };
        return { ...entry, keyKind, ...(of && { value: of }) };
      });
      return { ...expr, exprKind: { case: kind, value: { ...value, entries } } };
    }
    default:
      return expr;
  }
}

// ---- optionals ----

export function some(value: CelInput): CelMap {
  return celMap(new Map([[VALUE, value]]));
}
export const none: CelMap = celMap(new Map([["@none", true]]));

/** The value of an optional, `undefined` for none, and anything else as it is. */
export function unwrapped(value: CelInput): CelInput | undefined {
  if (!isCelMap(value) || value.size !== 1) return value;
  if (value.has("@none")) return undefined;
  const inner: CelInput | undefined = value.has(VALUE) ? value.get(VALUE) : undefined;
  return inner === undefined ? value : unwrapped(inner);
}
