// Expressions as trees: parsed by @bufbuild/cel, with the syntax that it lacks, and with the reads of each.
import { parse } from "@bufbuild/cel";
import type { Constant, Expr } from "@bufbuild/cel-spec/cel/expr/syntax_pb.js";

/** A read of a step, of an argument (`args.x`), or of another name. */
export interface Read {
  readonly name: string;
  /** The read tests for a value, or stands where there is one. */
  readonly safe: boolean;
  /** The read is a test for a value or a failure, not the value. */
  readonly test?: true;
}
interface Parsed {
  readonly root: Expr;
  readonly reads: readonly Read[];
  /** `a.b.c` in parts; undefined for anything else. */
  readonly path: readonly string[] | undefined;
}

const known = new Map<string, Parsed>();

/** Parses once per text. */
export function parsed(source: string): Parsed {
  let found = known.get(source);
  if (found === undefined) {
    const root = expand(parse(marked(source)).expr);
    found = { root, reads: readsOf(root, new Set(), new Set()), path: pathOf(root) };
    known.set(source, found);
  }
  return found;
}

const FIELD = "opt__";
const INDEX = "optindex__";

/** Marks `a.?b` and `a[?b]`, which the parser does not accept. */
function marked(source: string): string {
  const fields = source.replace(/\.\?\s*(?=[A-Za-z_])/g, `.${FIELD}`);
  const at = fields.indexOf("[?");
  if (at < 0) return fields;
  let depth = 0;
  let end = at;
  for (; end < fields.length; end++) {
    if (fields[end] === "[") depth++;
    if (fields[end] === "]" && --depth === 0) break;
  }
  return marked(`${fields.slice(0, at)}[${INDEX}(${fields.slice(at + 2, end)})${fields.slice(end)}`);
}

export const call = (name: string, args: readonly Expr[]): Expr => node("callExpr", { function: name, args });
export const ident = (name: string): Expr => node("identExpr", { name });
const list = (elements: readonly Expr[]): Expr => node("listExpr", { elements, optionalIndices: [] });
export const constant = (constantKind: Constant["constantKind"]): Expr => node("constExpr", { constantKind });
export const text = (value: string): Expr => constant({ case: "stringValue", value });
function node(kind: string, value: object): Expr {
  return { $typeName: "cel.expr.Expr", id: 0n, exprKind: { case: kind, value } } as never;
}
const comprehension = (
  of: Record<"iterVar" | "accuVar", string> & Record<"iterRange" | "accuInit" | "loopStep" | "result", Expr>,
): Expr =>
  node("comprehensionExpr", {
    ...of,
    iterVar2: "",
    loopCondition: constant({ case: "boolValue", value: true }),
  });

/** Returns the expression with each direct part replaced. */
export function mapParts(expr: Expr, change: (part: Expr) => Expr): Expr {
  const { case: kind, value } = expr.exprKind;
  const maybe = (part: Expr | undefined): Expr | undefined => part && change(part);
  const changed = (of: object): Expr => ({ ...expr, exprKind: { case: kind, value: { ...value, ...of } } }) as Expr;
  if (kind === "selectExpr") return changed({ operand: maybe(value.operand) });
  if (kind === "callExpr") return changed({ target: maybe(value.target), args: value.args.map(change) });
  if (kind === "listExpr") return changed({ elements: value.elements.map(change) });
  if (kind === "structExpr")
    return changed({
      entries: value.entries.map((entry) => ({
        ...entry,
        value: maybe(entry.value),
        keyKind:
          entry.keyKind.case === "mapKey" ? { case: "mapKey", value: change(entry.keyKind.value) } : entry.keyKind,
      })),
    });
  if (kind === "comprehensionExpr")
    return changed({
      iterRange: maybe(value.iterRange),
      accuInit: maybe(value.accuInit),
      loopCondition: maybe(value.loopCondition),
      loopStep: maybe(value.loopStep),
      result: maybe(value.result),
    });
  return expr;
}

export function parts(expr: Expr): readonly Expr[] {
  const found: Expr[] = [];
  mapParts(expr, (part) => {
    found.push(part);
    return part;
  });
  return found;
}

/** Replaces optional selections, `cel.bind` and `sortBy` by calls and comprehensions that the interpreter has. */
function expand(original: Expr): Expr {
  const expr = mapParts(original, expand);
  const { case: kind, value } = expr.exprKind;
  if (kind === "selectExpr" && value.operand !== undefined) {
    const marked = value.field.startsWith(FIELD);
    if (marked || isOptional(value.operand))
      return call("@field", [value.operand, text(marked ? value.field.slice(FIELD.length) : value.field)]);
  }
  if (kind !== "callExpr") return expr;
  const { function: name, target, args } = value;
  const [lead, two, three] = args;
  const variable = lead?.exprKind.case === "identExpr" ? lead.exprKind.value.name : "";
  const owner = target?.exprKind.case === "identExpr" ? target.exprKind.value.name : "";
  if (name === "_[_]" && lead && two?.exprKind.case === "callExpr" && two.exprKind.value.function === INDEX)
    return call("@index", [lead, ...two.exprKind.value.args]);
  if (owner === "cel" && name === "bind" && two && three)
    return comprehension({
      iterRange: list([]),
      iterVar: "@none",
      accuVar: variable,
      accuInit: two,
      loopStep: ident(variable),
      result: three,
    });
  if (owner === "optional") return call(`@optional.${name}`, args);
  if (name === "sortBy" && target && two) {
    const keys = comprehension({
      iterRange: target,
      iterVar: variable,
      accuVar: "@keys",
      accuInit: list([]),
      loopStep: call("_+_", [ident("@keys"), list([two])]),
      result: ident("@keys"),
    });
    return call("@sortBy", [target, keys]);
  }
  return expr;
}
function isOptional(expr: Expr): boolean {
  return expr.exprKind.case === "callExpr" && /^@(field|index|optional)/.test(expr.exprKind.value.function);
}

export function pathOf(expr: Expr): readonly string[] | undefined {
  const { case: kind, value } = expr.exprKind;
  if (kind === "identExpr") return [value.name];
  if (kind !== "selectExpr" || value.testOnly || value.operand === undefined) return undefined;
  const operand = pathOf(value.operand);
  return operand && [...operand, value.field];
}

/** The name that a path reads: a step, or an argument. */
export const nameIn = ([head = "", second]: readonly string[]): string =>
  head === "args" && second !== undefined ? `args.${second}` : head;

/** `name` of `ok(name)`, `failure(name)`, `header(name, …)` or `trailer(name, …)`. */
export function tested(expr: Expr): { readonly fn: string; readonly name: string } | undefined {
  const { case: kind, value } = expr.exprKind;
  if (kind !== "callExpr" || value.target !== undefined || !/^(ok|failure|header|trailer)$/.test(value.function))
    return undefined;
  const path = value.args[0] && pathOf(value.args[0]);
  return path && { fn: value.function, name: nameIn(path) };
}
/** `name` of `has(args.name)`. */
export function hasArgument(expr: Expr): string | undefined {
  const { case: kind, value } = expr.exprKind;
  if (kind !== "selectExpr" || !value.testOnly || value.operand === undefined) return undefined;
  const path = pathOf(value.operand);
  return path?.length === 1 && path[0] === "args" ? `args.${value.field}` : undefined;
}

type Names = ReadonlySet<string>;

function readsOf(expr: Expr, safe: Names, locals: Names): readonly Read[] {
  const { case: kind, value } = expr.exprKind;
  const path = pathOf(expr);
  if (path !== undefined)
    return locals.has(path[0] ?? "") ? [] : [{ name: nameIn(path), safe: safe.has(nameIn(path)) }];
  const test = tested(expr);
  if (test !== undefined)
    return [
      /^(ok|failure)$/.test(test.fn)
        ? { name: test.name, safe: true, test: true }
        : { name: test.name, safe: safe.has(test.name) },
    ];
  const argument = hasArgument(expr);
  if (argument !== undefined) return [{ name: argument, safe: safe.has(argument) }];
  if (kind === "callExpr") {
    const [lead, two, three] = value.args;
    if (lead && two && (value.function === "_&&_" || value.function === "_||_" || value.function === "_?_:_")) {
      const right = new Set([...safe, ...provedBy(lead, value.function !== "_||_")]);
      return [
        ...readsOf(lead, safe, locals),
        ...readsOf(two, right, locals),
        ...(three ? readsOf(three, new Set([...safe, ...provedBy(lead, false)]), locals) : []),
      ];
    }
  }
  if (kind === "comprehensionExpr") {
    const inner = new Set([...locals, value.iterVar, value.accuVar]);
    const outer = [value.iterRange, value.accuInit].flatMap((part) => (part ? readsOf(part, safe, locals) : []));
    const inside = [value.loopStep, value.result].flatMap((part) => (part ? readsOf(part, safe, inner) : []));
    return [...outer, ...inside];
  }
  return parts(expr).flatMap((part) => readsOf(part, safe, locals));
}

/** Names that have a value if the condition is `so`. */
export function provedBy(expr: Expr, so: boolean): Names {
  const test = tested(expr);
  if (test?.fn === "ok") return new Set(so ? [test.name] : []);
  const { case: kind, value } = expr.exprKind;
  if (kind !== "callExpr") return new Set();
  const [lead, two] = value.args;
  if (lead === undefined) return new Set();
  if (value.function === "!_") return provedBy(lead, !so);
  if (two === undefined) return new Set();
  if (value.function === (so ? "_&&_" : "_||_")) return new Set([...provedBy(lead, so), ...provedBy(two, so)]);
  const truth = two.exprKind.case === "constExpr" && two.exprKind.value.constantKind.value;
  if (value.function === "_==_" && typeof truth === "boolean") return provedBy(lead, so === truth);
  if (value.function === "_!=_" && typeof truth === "boolean") return provedBy(lead, so !== truth);
  return new Set();
}

/** Splits a text with expressions in braces: texts at even positions, expressions at odd ones. */
export function holes(template: string): readonly string[] {
  const found = [""];
  const add = (part: string): void => {
    found[found.length - 1] += part;
  };
  for (let at = 0; at < template.length; at++) {
    if (template.startsWith("{{", at)) {
      add("{");
      at++;
    } else if (template[at] === "{") {
      let depth = 1;
      let end = at + 1;
      for (; depth > 0 && end < template.length; end++)
        depth += Number(template[end] === "{") - Number(template[end] === "}");
      found.push(template.slice(at + 1, end - 1), "");
      at = end - 1;
    } else add(template[at] ?? "");
  }
  return found;
}
