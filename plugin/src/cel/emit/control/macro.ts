import { isMentioned, mentions, mentionsInMacro } from "../../types/facts/mentions.ts";
import { BIG, celForm, type Form, formOf, PLAIN } from "../../types/forms/form.ts";
import type { CelType, Node, Proto, Variable } from "../../types/model/type.ts";
import { contradicted, returnsOf } from "../emitter/contradiction.ts";
import type { Emitter } from "../emitter/emitter.ts";
import { returned } from "../emitter/literals.ts";
import { countedItems } from "../emitter/steps.ts";
import { coerce, keyReader } from "../pieces/coerce.ts";
import {
  arrow,
  arrowOver,
  atom,
  binary,
  LEVEL,
  method,
  operand,
  type Piece,
  piece,
  property,
  runtime,
  undecided,
} from "../pieces/piece.ts";
import { isReadIn } from "../pieces/print.ts";

type Macro = Node & { readonly kind: "macro" };

/** Positions in lists. */
const POSITION: Form = { kind: "small", low: 0, high: 2 ** 31 - 1 };

/** Prints a comprehension with JavaScript's own methods, unless CEL absorbs errors that these would raise. */
export function emitMacro(emitter: Emitter, node: Macro, element?: Form): Piece {
  const { names } = emitter;
  const { macro, range, vars, args } = node;
  const [variable] = vars;
  const [first, second] = args;
  if (variable === undefined || first === undefined) return emitter.value(range);
  if (macro === "reduce") return emitReduce(emitter, node);
  if (macro === "bind") return emitBind(emitter, range, variable, first);
  if (vars.length > 1) return emitPairs(emitter, node);
  const items = itemsOf(emitter, node);
  const name = emitter.local(variable);
  const itemForm = items.form.kind === "list" ? items.form.of : formOf(variable.type, variable.proto);
  emitter.bind(variable, piece([name], itemForm));
  const lambda = (returns = "") =>
    arrowOver(
      name,
      mentionedIn(variable, [first]),
      emitter.repeated(() => emitter.value(first)),
      returns,
    );
  const test = () => lambda(returnsOf(first, variable));
  switch (macro) {
    case "map":
      if (second === undefined) return mapped(emitter, node, items, first, element);
      return mapped(emitter, node, method(items, "filter", [test()], items.form), second, element);
    case "filter":
      return method(items, "filter", [test()], { kind: "list", of: itemForm });
    case "first":
      return method(items, "find", [test()], itemForm);
    case "sortBy":
    case "sortDesc":
      return runtime(names, macro === "sortBy" ? "sortBy" : "sortByDesc", [items, lambda()], items.form);
    case "exists_one": {
      const found = property(method(items, "filter", [lambda()]), "length");
      return binary(found, "===", atom("1"), LEVEL.equality);
    }
    default: {
      // An error for one item is absorbed if another item decides.
      if (first.fails && !emitter.strict) return runtime(names, macro, [items, lambda()]);
      return macro === "all" ? method(items, "every", [test()]) : method(items, "some", [lambda()]);
    }
  }
}

/**
 * Prints `cel.bind(x, init, body)`. A value that is cheap or named once replaces its name; any other value is a
 * parameter. CEL ignores errors of unused values, so a value that can fail is evaluated at its first use.
 */
function emitBind(emitter: Emitter, init: Node, variable: Variable, body: Node): Piece {
  if (isCheap(init) || (mentions(body, variable) <= 1 && !mentionsInMacro(body, variable))) {
    // The default of an unset request field is a property of the original name's type, which the bound name lacks.
    const asIs = init.kind === "name" && init.variable.unset === undefined;
    emitter.bind(variable, asIs ? emitter.raw(init) : emitter.value(init));
    return emitter.value(body);
  }
  const name = emitter.name(variable.name);
  const value = emitter.as(init, formOf(init.type, holdsEnum(init.proto) ? init.proto : undefined));
  const late = init.fails || emitter.strict;
  emitter.bind(variable, piece([late ? `${name}()` : name], value.form));
  const inner = emitter.inside(() => emitter.value(body));
  if (!isReadIn(inner.print, name)) return inner;
  const arg = late ? runtime(emitter.names, "once", [arrow("", value)]) : value;
  return piece(["(", ...arrow(name, inner).print, ")(", ...arg.print, ")"], inner.form);
}

/** `list.reduce(result, item, …, begin)`. */
function emitReduce(emitter: Emitter, node: Macro): Piece {
  const { type, range, vars, args } = node;
  const [result, item] = vars;
  const [begin, step] = args;
  if (result === undefined || item === undefined || begin === undefined || step === undefined)
    return emitter.value(range);
  const form = celForm(type);
  const first = emitter.as(begin, form);
  const items = itemsOf(emitter, node);
  const names = vars.map((variable) => emitter.name(variable.name));
  emitter.bind(result, piece([names[0] ?? ""], form));
  emitter.bind(item, piece([names[1] ?? ""], items.form.kind === "list" ? items.form.of : PLAIN));
  const body = emitter.repeated(() => emitter.as(step, form));
  const named = names.map((name, i) => mentionedIn(vars[i], [step]) && isReadIn(body.print, name));
  const lambda = arrow(reduceParameters(names, named), body);
  return runtime(emitter.names, "reduce", [items, first, lambda], form);
}

/**
 * Returns the parameters up to the last one that the body reads. A result that the body does not read begins with `_`.
 */
function reduceParameters(names: readonly string[], read: readonly boolean[]): string {
  const [result = ""] = names;
  const [readsResult, readsItem] = read;
  if (!readsItem) return readsResult ? result : "";
  return `${readsResult ? "" : "_"}${names.join(", ")}`;
}

/** Returns true if the body may compare it, or a part of it, with a value of an enum. */
function holdsEnum(proto: Proto | undefined): boolean {
  return proto?.kind === "list" || proto?.kind === "map" ? holdsEnum(proto.of) : proto?.kind === "enum";
}

/** Returns true if evaluating it again costs no more than storing it. */
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

/**
 * Returns the range of a macro with two variables, and binds them to its parts. `entries`: a list has to become pairs
 * of position and element.
 */
function pairsOf(emitter: Emitter, macro: Macro, entries: boolean): Piece {
  return countedItems(emitter, macro, plainPairs(emitter, macro, entries));
}

function plainPairs(emitter: Emitter, { range, vars }: Macro, entries: boolean): Piece {
  const { names } = emitter;
  const [key, value] = vars;
  const source = emitter.value(range);
  if (key === undefined || value === undefined) return source;
  const bind = (variable: Variable, form: Form): void =>
    emitter.bind(variable, piece([emitter.name(variable.name)], form));
  switch (source.form.kind) {
    case "list":
      // As the key of a map a position is a `bigint`.
      bind(key, entries ? BIG : POSITION);
      bind(value, source.form.of);
      return entries ? runtime(names, "numbered", [source]) : source;
    case "map":
      bind(key, source.form.key);
      bind(value, source.form.of);
      return piece(["[...", ...source.print, "]"], PLAIN);
    case "record":
      bind(key, celForm(key.type));
      bind(value, source.form.of);
      return key.type.kind === "string"
        ? atom("Object.entries(", ...source.print, ")")
        : runtime(names, "entriesBy", [source, keyReader(source.form.key)]);
    default:
      bind(key, PLAIN);
      bind(value, PLAIN);
      return runtime(names, "pairs", [source]);
  }
}

const mentionedIn = (variable: Variable | undefined, nodes: readonly Node[]): boolean =>
  variable !== undefined && nodes.some((node) => isMentioned(node, variable));

/**
 * Returns the parameters of a function of an element and its position, or of a pair. Parameters that the body does not
 * name are left out.
 */
function paramsOf(emitter: Emitter, { vars, args }: Macro, list: boolean, body: Piece): string {
  const [key, value] = vars.map((variable) => {
    const name = emitter.name(variable.name);
    return { name, named: mentionedIn(variable, args) && isReadIn(body.print, name) };
  });
  if (key === undefined || value === undefined || !(key.named || value.named)) return "";
  if (list) return key.named ? `${value.named ? "" : "_"}${value.name}, ${key.name}` : value.name;
  if (!value.named) return `[${key.name}]`;
  return key.named ? `[${key.name}, ${value.name}]` : `[, ${value.name}]`;
}

function emitPairs(emitter: Emitter, node: Macro): Piece {
  const { names } = emitter;
  const { macro, args } = node;
  const [first, second] = args;
  if (first === undefined) return emitter.value(node.range);
  const entries = macro === "transformMap" || macro === "transformMapEntry";
  const source = pairsOf(emitter, node, entries);
  const list = source.form.kind === "list";
  const lambda = (body: Piece): Piece => arrow(paramsOf(emitter, node, list, body), body);
  const value = (part: Node, form?: Form): Piece =>
    emitter.repeated(() => (form === undefined ? emitter.value(part) : emitter.as(part, form)));
  const result = (part: Node, of: Form): Piece => returned(value(part, of), part, emitter.aliases.bound, names);
  const form = celForm(node.type);
  switch (macro) {
    case "all":
    case "exists": {
      const test = lambda(value(first));
      if (first.fails && !emitter.strict) return runtime(names, macro, [source, test]);
      return method(source, macro === "all" ? "every" : "some", [test]);
    }
    case "exists_one": {
      const found = property(method(source, "filter", [lambda(value(first))]), "length");
      return binary(found, "===", atom("1"), LEVEL.equality);
    }
    case "transformList": {
      const of = form.kind === "list" ? form.of : PLAIN;
      if (second === undefined) return method(source, "map", [lambda(result(first, of))], form);
      emitter.hide(contradicted(first, true, second, emitter.aliases));
      const chosen = atom(
        ...operand(undecided(value(first)), LEVEL.nullish),
        " ? [",
        ...result(second, of).print,
        "] : []",
      );
      return method(source, "flatMap", [lambda({ ...chosen, level: LEVEL.conditional })], form);
    }
    default: {
      const body = second ?? first;
      const valueForm = form.kind === "map" ? form.of : PLAIN;
      const of = macro === "transformMapEntry" ? celForm(body.type) : valueForm;
      const change = lambda(result(body, of));
      const condition = second === undefined ? [] : [lambda(value(first))];
      return runtime(names, macro, [source, change, ...condition], form);
    }
  }
}

/** @param body evaluated for each item */
function mapped(emitter: Emitter, node: Macro, items: Piece, body: Node, element: Form | undefined): Piece {
  const [variable] = node.vars;
  const name = variable === undefined ? "" : emitter.name(variable.name);
  const mentioned = mentionedIn(variable, [body]);
  if (element !== undefined) {
    return method(
      items,
      "map",
      [
        arrowOver(
          name,
          mentioned,
          returned(
            emitter.repeated(() => emitter.as(body, element)),
            body,
            emitter.aliases.bound,
            emitter.names,
          ),
        ),
      ],
      { kind: "list", of: element },
    );
  }
  const form = formOf(node.type, node.proto);
  const natural = emitter.repeated(() => emitter.value(body));
  const of: Form = form.kind === "list" ? form.of : PLAIN;
  const value = natural.form.kind === "small" && of.kind === "big" ? natural : coerce(natural, of, emitter.names);
  const typed = returned(value, body, emitter.aliases.bound, emitter.names);
  return method(items, "map", [arrowOver(name, mentioned, typed)], { kind: "list", of: value.form });
}

/** Returns the items of a range: the elements of a list, the keys of a map. */
function itemsOf(emitter: Emitter, macro: Macro): Piece {
  return countedItems(emitter, macro, plainItems(emitter, macro.range));
}

function plainItems(emitter: Emitter, range: Node): Piece {
  const { names } = emitter;
  const value = emitter.value(range);
  if (range.type.kind === "list" && value.form.kind === "list") return value;
  switch (value.form.kind) {
    case "map":
      return piece(["[...", ...method(value, "keys", []).print, "]"], { kind: "list", of: value.form.key });
    case "record": {
      const keys = piece(["Object.keys(", ...value.print, ")"], { kind: "list", of: PLAIN });
      const key: CelType = range.type.kind === "map" ? range.type.key : { kind: "string" };
      const of = range.proto?.kind === "map" ? formOf(key, { kind: "scalar", scalar: range.proto.key }) : PLAIN;
      if (key.kind === "bool") return method(keys, "map", [arrow("key", atom('key === "true"'))], { kind: "list", of });
      if (key.kind === "string") return keys;
      return method(keys, "map", [atom(of.kind === "small" ? "Number" : "BigInt")], { kind: "list", of });
    }
    default:
      return runtime(names, "items", [value], { kind: "list", of: PLAIN });
  }
}
