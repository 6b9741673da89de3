import type { Emitter } from "./emitter.ts";
import type { Node } from "./expression.ts";
import { BIG, celForm, type Form, formOf, PLAIN } from "./form.ts";
import { mentions, mentionsInMacro } from "./mentions.ts";
import {
  arrow,
  atom,
  binary,
  coerce,
  keyReader,
  LEVEL,
  method,
  operand,
  type Piece,
  piece,
  property,
  runtime,
} from "./piece.ts";
import type { Variable } from "./type.ts";

type Macro = Node & { readonly kind: "macro" };

/** Positions in lists. */
const POSITION: Form = { kind: "small", low: 0, high: 2 ** 31 - 1 };

/** A comprehension: JavaScript's own methods, except where CEL absorbs errors that they would let out. */
export function emitMacro(emitter: Emitter, node: Macro, element?: Form): Piece {
  const { names } = emitter;
  const { macro, range, vars, args } = node;
  const [variable] = vars;
  const [first, second] = args;
  if (variable === undefined || first === undefined) return emitter.value(range);
  if (macro === "bind") return emitBind(emitter, range, variable, first);
  if (vars.length > 1) return emitPairs(emitter, node);
  const items = itemsOf(emitter, range);
  const name = emitter.local(variable);
  const itemForm = items.form.kind === "list" ? items.form.of : formOf(variable.type, variable.proto);
  emitter.bind(variable, piece([name], itemForm));
  const lambda = () =>
    arrow(
      mentions(first, variable) > 0 ? name : "",
      emitter.inside(() => emitter.value(first)),
    );
  switch (macro) {
    case "map": {
      const named = mentions(second ?? first, variable) > 0 ? name : "";
      if (second === undefined) return mapped(items, named, emitter, first, node, element);
      return mapped(method(items, "filter", [lambda()], items.form), named, emitter, second, node, element);
    }
    case "filter":
      return method(items, "filter", [lambda()], { kind: "list", of: itemForm });
    case "sortBy":
      return runtime(names, "sortBy", [items, lambda()], items.form);
    case "exists_one": {
      const found = property(method(items, "filter", [lambda()]), "length");
      return binary(found, "===", atom("1"), LEVEL.equality);
    }
    default: {
      // An error for one item does not matter when another decides.
      if (first.fails) return runtime(names, macro, [items, lambda()]);
      return method(items, macro === "all" ? "every" : "some", [lambda()]);
    }
  }
}

/**
 * `cel.bind(x, init, body)`. What is cheap or named once is put in its place; anything else is a parameter. CEL does not care for an error
 * of what is not used, so that what can fail is evaluated where it is first used.
 */
function emitBind(emitter: Emitter, init: Node, variable: Variable, body: Node): Piece {
  if (isCheap(init) || (mentions(body, variable) <= 1 && !mentionsInMacro(body, variable))) {
    emitter.bind(variable, init.kind === "name" ? emitter.raw(init) : emitter.value(init));
    return emitter.value(body);
  }
  const name = emitter.name(variable.name);
  const value = emitter.as(init, celForm(init.type));
  emitter.bind(variable, piece([init.fails ? `${name}()` : name], value.form));
  const inner = emitter.inside(() => emitter.value(body));
  const arg = init.fails ? runtime(emitter.names, "once", [arrow("", value)]) : value;
  return piece(["(", ...arrow(name, inner).print, ")(", ...arg.print, ")"], inner.form);
}

/** Whether to evaluate it again costs no more than to keep it. */
function isCheap(node: Node): boolean {
  switch (node.kind) {
    case "constant":
    case "name":
    case "enum":
      return true;
    case "select":
      return typeof node.field !== "string" && !node.test && !node.fails && !node.optional && isCheap(node.of);
    default:
      return false;
  }
}

/** What is gone through with two variables, and how each step's parameters are written. */
interface Pairs {
  readonly source: Piece;
  readonly params: string;
}

function pairsOf(emitter: Emitter, node: Macro): Pairs {
  const { range, vars, args } = node;
  const [key, value] = vars;
  if (key === undefined || value === undefined) return { source: emitter.value(range), params: "" };
  const named = (variable: Variable): boolean => args.some((arg) => mentions(arg, variable) > 0);
  const name = (variable: Variable): string => `${named(variable) ? "" : "_"}${emitter.name(variable.name)}`;
  const source = emitter.value(range);
  const bind = (variable: Variable, form: Form): void => emitter.bind(variable, piece([name(variable)], form));
  switch (source.form.kind) {
    case "list":
      bind(key, POSITION);
      bind(value, source.form.of);
      return { source, params: named(key) ? `${name(value)}, ${name(key)}` : name(value) };
    case "map":
      bind(key, source.form.key);
      bind(value, source.form.of);
      return { source: piece(["[...", ...source.print, "]"], source.form), params: tuple(name, named, key, value) };
    case "record": {
      const read = keyReader(source.form.key);
      bind(key, celForm(key.type));
      bind(value, source.form.of);
      const entries =
        key.type.kind === "string"
          ? piece(["Object.entries(", ...source.print, ")"], source.form)
          : runtime(emitter.names, "entriesBy", [source, read], source.form);
      return { source: entries, params: tuple(name, named, key, value) };
    }
    default:
      bind(key, PLAIN);
      bind(value, PLAIN);
      return { source: runtime(emitter.names, "pairs", [source], PLAIN), params: tuple(name, named, key, value) };
  }
}

function tuple(
  name: (variable: Variable) => string,
  named: (variable: Variable) => boolean,
  key: Variable,
  value: Variable,
): string {
  if (!named(value)) return `[${name(key)}]`;
  return named(key) ? `[${name(key)}, ${name(value)}]` : `[, ${name(value)}]`;
}

function emitPairs(emitter: Emitter, node: Macro): Piece {
  const { names } = emitter;
  const { macro, args } = node;
  const [first, second] = args;
  if (first === undefined) return emitter.value(node.range);
  const { source, params } = pairsOf(emitter, node);
  const lambda = (body: Piece): Piece => arrow(params, body);
  const value = (one: Node, form?: Form): Piece =>
    emitter.inside(() => (form === undefined ? emitter.value(one) : emitter.as(one, form)));
  switch (macro) {
    case "all":
    case "exists": {
      const test = lambda(value(first));
      if (first.fails) return runtime(names, macro, [source, test]);
      return method(source, macro === "all" ? "every" : "some", [test]);
    }
    case "exists_one": {
      const found = property(method(source, "filter", [lambda(value(first))]), "length");
      return binary(found, "===", atom("1"), LEVEL.equality);
    }
    case "transformList": {
      const form = celForm(node.type);
      const of = form.kind === "list" ? form.of : PLAIN;
      if (second === undefined) return method(source, "map", [lambda(value(first, of))], form);
      const chosen = atom(...operand(value(first), LEVEL.nullish), " ? [", ...value(second, of).print, "] : []");
      return method(source, "flatMap", [lambda({ ...chosen, level: LEVEL.conditional })], form);
    }
    default: {
      const form = celForm(node.type);
      const result = second ?? first;
      const of = macro === "transformMapEntry" ? celForm(result.type) : form.kind === "map" ? form.of : PLAIN;
      const list = source.form.kind === "list";
      const entries = list ? runtime(names, "numbered", [source]) : source;
      const two = list ? pairParams(params) : params;
      if (list) rebindPosition(emitter, node);
      const change = arrow(two, value(result, of));
      const condition = second === undefined ? [] : [arrow(two, value(first))];
      return runtime(names, macro, [entries, change, ...condition], form);
    }
  }
}

/** `value, position` as a pair, position first. */
function pairParams(params: string): string {
  const [value, position] = params.split(", ");
  return position === undefined ? `[, ${value}]` : `[${position}, ${value}]`;
}

/** As the key of a map a position is a `bigint`. */
function rebindPosition(emitter: Emitter, node: Macro): void {
  const [key] = node.vars;
  if (key !== undefined) emitter.bind(key, piece([emitter.name(key.name)], BIG));
}

function mapped(
  items: Piece,
  name: string,
  emitter: Emitter,
  body: Node,
  node: Macro,
  element: Form | undefined,
): Piece {
  if (element !== undefined) {
    return method(
      items,
      "map",
      [
        arrow(
          name,
          emitter.inside(() => emitter.as(body, element)),
        ),
      ],
      { kind: "list", of: element },
    );
  }
  const form = formOf(node.type, node.proto);
  const natural = emitter.inside(() => emitter.value(body));
  const of: Form = form.kind === "list" ? form.of : PLAIN;
  const value = natural.form.kind === "small" && of.kind === "big" ? natural : coerce(natural, of, emitter.names);
  return method(items, "map", [arrow(name, value)], { kind: "list", of: value.form });
}

/** What is gone through: the elements of a list, the keys of a map. */
function itemsOf(emitter: Emitter, range: Node): Piece {
  const { names } = emitter;
  const value = emitter.value(range);
  if (range.type.kind === "list" && value.form.kind === "list") return value;
  switch (value.form.kind) {
    case "map":
      return piece(["[...", ...method(value, "keys", []).print, "]"], { kind: "list", of: value.form.key });
    case "record": {
      const keys = piece(["Object.keys(", ...value.print, ")"], { kind: "list", of: PLAIN });
      const key = range.type.kind === "map" ? range.type.key.kind : "string";
      const of =
        range.proto?.kind === "map"
          ? formOf({ kind: key } as { kind: "int" }, { kind: "scalar", scalar: range.proto.key })
          : PLAIN;
      if (key === "bool") return method(keys, "map", [arrow("key", atom('key === "true"'))], { kind: "list", of });
      if (key === "string") return keys;
      return method(keys, "map", [atom(of.kind === "small" ? "Number" : "BigInt")], { kind: "list", of });
    }
    default:
      return runtime(names, "items", [value], { kind: "list", of: PLAIN });
  }
}
