import type { DescField } from "@bufbuild/protobuf";
import { BIG, type Form, formOf, isNullableMessage, UNSIGNED } from "../../types/forms/form.ts";
import type { Node } from "../../types/model/expression.ts";
import { isInherited, presenceOf } from "../../types/model/field-type.ts";
import type { Variable } from "../../types/model/type.ts";
import type { Names } from "../pieces/code.ts";
import { coerce, ifSet } from "../pieces/coerce.ts";
import {
  atom,
  binary,
  commas,
  hidden,
  isNothing,
  LEVEL,
  operand,
  type Piece,
  piece,
  runtime,
} from "../pieces/piece.ts";
import { shapeOf } from "../pieces/shape.ts";
import { emitArms } from "./arms.ts";
import { type Aliases, aliasesIn } from "./contradiction.ts";
import { inferred } from "./literals.ts";

/** Prints one node by its kind; dispatch.ts has the one there is. */
export interface Print {
  /** CEL's value, in the form in which it comes most naturally. */
  readonly value: (emitter: Emitter, node: Node) => Piece;
  /** The value in a given form. */
  readonly as: (emitter: Emitter, node: Node, form: Form) => Piece;
  /** What an optional holds, or `undefined`. */
  readonly inner: (emitter: Emitter, node: Node, form: Form) => Piece;
}

/** Prints nodes. Made for one expression. */
export class Emitter {
  readonly names: Names;
  /** Nothing is absorbed, and what is unset is an error (types/facts/strict.ts). */
  readonly strict: boolean;
  readonly #print: Print;
  readonly aliases: Aliases;
  readonly #absent: ReadonlySet<Variable>;
  /** Tests of presence that TypeScript must not draw conclusions from. */
  readonly #hidden = new Set<Node>();
  readonly #locals = new Map<Variable, Piece>();
  /** Names of locals, and the variable that each stands for. */
  readonly #taken = new Map<string, string>();
  /** Forms are tried out on the way, so a node may be asked for more than once. */
  readonly #values = new Map<Node, Piece>();
  #depth = 0;

  /** `absent`: variables that may be `undefined` where the code stands. */
  constructor(names: Names, absent: ReadonlySet<Variable>, root: Node, print: Print, strict = false) {
    this.names = names;
    this.strict = strict;
    this.#print = print;
    this.aliases = aliasesIn([root], (variable) => names.constant?.(variable));
    this.#absent = absent;
  }

  /** A name for a variable of a macro. */
  local(variable: Variable): string {
    const name = this.name(variable.name);
    this.bind(variable, piece([name], formOf(variable.type, variable.proto)));
    return name;
  }

  /**
   * A local name that no other variable of the expression has: `user_id` and `userId` may come out alike. A name that hides another in CEL
   * hides it here as well. `key`: what stands for a variable that is not CEL's.
   */
  name(wish: string, key = wish): string {
    let name = this.names.local(wish);
    while ((this.#taken.get(name) ?? key) !== key) name += "_";
    this.#taken.set(name, key);
    return name;
  }

  /** What is printed for a variable of a macro. */
  bind(variable: Variable, value: Piece): void {
    this.#locals.set(variable, value);
  }

  hide(nodes: readonly Node[]): void {
    for (const node of nodes) this.#hidden.add(node);
  }
  /** Whether TypeScript is to learn nothing from it. */
  hides(node: Node): boolean {
    return this.#hidden.has(node) || this.names.hides?.(node) === true;
  }

  /** What an optional holds, or `undefined`. */
  inner(node: Node, form: Form): Piece {
    return this.#print.inner(this, node, form);
  }

  /** A key of a map that CEL makes: any integer is a `bigint`. */
  key(node: Node): Piece {
    const kind = node.type.kind;
    return kind === "int" || kind === "uint" ? this.as(node, kind === "int" ? BIG : UNSIGNED) : this.value(node);
  }

  /** CEL's value, in the form in which it comes most naturally. */
  value(node: Node): Piece {
    const known = this.#values.get(node);
    if (known !== undefined) return known;
    const plain = this.#print.value(this, node);
    const value = this.hides(node) && node.type.kind === "bool" ? unlearned(node, plain) : plain;
    this.#values.set(node, value);
    return value;
  }

  /** The value in a given form. */
  as(node: Node, form: Form): Piece {
    return this.#print.as(this, node, form);
  }

  /** `typed`: whether what it stands in says which type it has, so that none is inferred from its elements. */
  list(node: Node & { kind: "list" }, of: Form, typed = false): Piece {
    const elements = node.elements.flatMap((element, index) => {
      if (!node.optionals?.has(index)) return typed ? this.as(element, of) : this.element(element, of);
      const inner = this.inner(element, of);
      return isNothing(inner) ? [] : atom("...", ...runtime(this.names, "given", [inner]).print);
    });
    const form: Form = { kind: "list", of };
    if (elements.length > 0 || typed) return piece(["[", ...commas(elements), "]"], form);
    return piece(["[] as ", ...shapeOf(node.type, form, this.names)], form, LEVEL.relational);
  }

  /** An element of a list: TypeScript infers the type of the list from it. */
  element(node: Node, form: Form): Piece {
    return inferred(this.as(node, form), node, this.aliases.bound, this.names);
  }

  /** A scalar or null where null is to be `undefined`, as in a field of a wrapper type. */
  unset(node: Node, form: Form): Piece {
    if (node.type.kind === "null") return { ...atom("undefined"), form, maybe: true };
    if (node.kind === "call" && node.overload === "conditional") {
      const [condition, yes, no] = node.args;
      if (condition === undefined || yes === undefined || no === undefined) return this.value(node);
      const { value, arms } = emitArms(this, [condition, yes, no], form, (branch) => this.unset(branch, form));
      return arms.length === 1 ? value : { ...value, maybe: true };
    }
    if (
      form.kind === "plain" &&
      node.kind === "name" &&
      isNullableMessage(node.type) &&
      !HOLDS_NULL.has(node.variable.role)
    )
      return { ...this.raw(node), maybe: true };
    const raw = isWrapperPath(node) ? this.raw(node) : this.value(node);
    const inner = raw.form.kind === "nullable" ? raw.form.of : raw.form;
    if (raw.maybe) return ifSet({ ...raw, form: inner }, form, this.names);
    const value = raw.form.kind === "nullable" ? coerce(raw, { kind: "nullable", of: form }, this.names) : raw;
    const nullable = value.form.kind === "nullable" || value.nullable || isNullableMessage(node.type);
    if (!nullable) return coerce(value, form, this.names);
    return { ...binary(value, "??", atom("undefined"), LEVEL.nullish), maybe: true };
  }

  /**
   * Prints what stands in a function of its own. There TypeScript forgets that a property such as `args.stock` is known to be there
   * (it remembers for constants), so that fields are read with `?.`.
   */
  inside<T>(make: () => T): T {
    this.#depth++;
    try {
      return make();
    } finally {
      this.#depth--;
    }
  }

  /**
   * What a path reads, `undefined` when it is unset. Anything else: its value.
   *
   * @param lenient also where something on the way is unset, although the expression is strict
   */
  raw(node: Node, lenient = !this.strict): Piece {
    if (node.kind === "name") {
      const local = this.#locals.get(node.variable);
      if (local !== undefined) return local;
      const named = piece([this.names.variable(node.variable)], formOf(node.type, node.proto));
      const forgotten = this.#depth > 0 && node.variable.absent && node.variable.role === "arg";
      return { ...named, maybe: forgotten || node.variable.unset !== undefined || this.#absent.has(node.variable) };
    }
    if (node.kind !== "select" || node.test || node.optional) return this.value(node);
    if (typeof node.field === "string") return this.value(node);
    const of = this.raw(node.of, lenient);
    const base = of.maybe && !lenient ? this.present(of) : of;
    const form = formOf(node.type, node.proto);
    const presence = presenceOf(node.field);
    if (presence === "oneof") {
      const holder = [...operand(base, LEVEL.atom), base.maybe ? "?." : ".", node.field.oneof?.localName ?? ""];
      const name = JSON.stringify(node.field.localName);
      return { ...runtime(this.names, "oneofValue", [atom(...holder), atom(name)], form), maybe: true };
    }
    if (isInherited(node.field)) return this.#ifSet(node.field, base, form);
    const print = [...operand(base, LEVEL.atom), base.maybe ? "?." : ".", node.field.localName];
    return { ...piece(print, form), maybe: base.maybe || presence === "optional" };
  }

  /** What is read strictly: unset, it is an error. */
  present(value: Piece): Piece {
    return runtime(this.names, "present", [value], value.form);
  }

  /** What a path reads, `undefined` also for a field of proto2 that has a default and is not set. */
  path(node: Node): Piece {
    if (node.kind !== "select" || node.test || typeof node.field === "string") return this.raw(node);
    if (presenceOf(node.field) !== "default") return this.raw(node);
    return this.#ifSet(node.field, this.raw(node.of), formOf(node.type, node.proto));
  }

  #ifSet({ parent, localName }: DescField, base: Piece, form: Form): Piece {
    const field = atom(this.names.schema(parent), `.field.${localName}`);
    return { ...runtime(this.names, "ifFieldSet", [base, field, atom(JSON.stringify(localName))], form), maybe: true };
  }
}

/** A test of which TypeScript learns nothing; of `ok` only where it does not hold, since what it asks for is read where it does. */
function unlearned(node: Node, test: Piece): Piece {
  if (node.kind !== "ok" || node.set) return hidden(test);
  return binary(test, "&&", atom("Boolean(true)"), LEVEL.and);
}

/** Variables that are null where their expression is; in steps and arguments null is `undefined`. */
const HOLDS_NULL: ReadonlySet<Variable["role"]> = new Set(["local", "item"]);

function isWrapperPath(node: Node): boolean {
  return node.type.kind === "wrapper" && (node.kind === "name" || node.kind === "select");
}
