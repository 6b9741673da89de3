import type { Emitter } from "./emitter.ts";
import type { Node } from "./expression.ts";
import { type Form, formOf, PLAIN } from "./form.ts";
import { arrow, atom, binary, coerce, LEVEL, method, type Piece, piece, property, runtime } from "./piece.ts";

type Macro = Node & { readonly kind: "macro" };

/** A comprehension: JavaScript's own methods, except where CEL absorbs errors that they would let out. */
export function emitMacro(emitter: Emitter, node: Macro, element?: Form): Piece {
  const { names } = emitter;
  const { macro, range, vars, args } = node;
  const [variable] = vars;
  const [first, second] = args;
  if (variable === undefined || first === undefined) return emitter.value(range);
  const items = itemsOf(emitter, range);
  const name = emitter.local(variable);
  const itemForm = formOf(variable.type, variable.proto);
  const body = emitter.inside(() => emitter.value(first));
  const lambda = arrow(name, body);
  switch (macro) {
    case "map": {
      if (second === undefined) return mapped(items, name, emitter, first, node, element);
      return mapped(method(items, "filter", [lambda], items.form), name, emitter, second, node, element);
    }
    case "filter":
      return method(items, "filter", [lambda], { kind: "list", of: itemForm });
    case "exists_one": {
      const found = property(method(items, "filter", [lambda]), "length");
      return binary(found, "===", atom("1"), LEVEL.equality);
    }
    default: {
      // An error for one item does not matter when another decides.
      if (first.fails) return runtime(names, macro, [items, lambda]);
      return method(items, macro === "all" ? "every" : "some", [lambda]);
    }
  }
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
      return piece(["[...", ...value.print, ".keys()]"], { kind: "list", of: value.form.key });
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
