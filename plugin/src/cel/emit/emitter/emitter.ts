import type { DescField } from "@bufbuild/protobuf";
import { BIG, type Form, formOf, isNullableMessage, UNSIGNED } from "../../types/forms/form.ts";
import { isMisread } from "../../types/model/declared-default.ts";
import { isInherited, presenceOf } from "../../types/model/field-type.ts";
import type { Node, Variable } from "../../types/model/type.ts";
import { coerce, ifSet } from "../pieces/coerce.ts";
import { zero } from "../pieces/constant.ts";
import {
  atom,
  binary,
  commas,
  hidden,
  isNothing,
  LEVEL,
  type Names,
  operand,
  type Piece,
  piece,
  runtime,
} from "../pieces/piece.ts";
import { shapeOf } from "../pieces/shape.ts";
import { emitArms } from "./arms.ts";
import { aliasesIn, type NameValues } from "./contradiction.ts";
import { inferred } from "./literals.ts";

/** Prints one node by its kind. The only implementation is in dispatch.ts. */
export interface Print {
  /** Prints CEL's value, in its most natural form. */
  readonly value: (emitter: Emitter, node: Node) => Piece;
  /** Prints the value in a given form. */
  readonly as: (emitter: Emitter, node: Node, form: Form) => Piece;
  /** Prints the content of an optional, or `undefined`. */
  readonly inner: (emitter: Emitter, node: Node, form: Form) => Piece;
}

/** Prints nodes. Made for one expression. */
export class Emitter {
  readonly names: Names;
  /** Errors are not absorbed, and an unset value is an error (types/facts/strict.ts). */
  readonly strict: boolean;
  readonly #print: Print;
  readonly aliases: NameValues;
  readonly #absent: ReadonlySet<Variable>;
  /** Tests of presence that TypeScript must not narrow by. */
  readonly #hidden = new Set<Node>();
  readonly #locals = new Map<Variable, Piece>();
  /** Names of locals, with the variable that owns each. */
  readonly #taken = new Map<string, string>();
  /** Cache of printed nodes, because a node may be printed several times while forms are tried out. */
  #values = new Map<Node, Piece>();
  /** Lists and texts whose steps count. */
  readonly #measured = new Set<Node>();
  #depth = 0;
  #repeated = 0;

  /** `absent`: variables that may be `undefined` at the place of the code. */
  constructor(names: Names, absent: ReadonlySet<Variable>, root: Node, print: Print, strict = false) {
    this.names = names;
    this.strict = strict;
    this.#print = print;
    this.aliases = aliasesIn([root], (variable) => names.constant?.(variable));
    this.#absent = absent;
  }

  /** Returns a name for a variable of a macro. */
  local(variable: Variable): string {
    const name = this.name(variable.name);
    this.bind(variable, piece([name], formOf(variable.type, variable.proto)));
    return name;
  }

  /**
   * Returns a local name that no other variable of the expression has, because `user_id` and `userId` may become equal.
   * A name that hides another one in CEL hides it here as well. `key`: the owner of the name, if it is no variable of
   * CEL.
   */
  name(wish: string, key = wish): string {
    let name = this.names.local(wish);
    while ((this.#taken.get(name) ?? key) !== key) name += "_";
    this.#taken.set(name, key);
    return name;
  }

  /** Sets the printed code of a macro's variable. */
  bind(variable: Variable, value: Piece): void {
    this.#locals.set(variable, value);
  }

  hide(nodes: readonly Node[]): void {
    for (const node of nodes) this.#hidden.add(node);
  }
  /** Returns true if TypeScript must not narrow by the node. */
  hides(node: Node): boolean {
    return this.#hidden.has(node) || this.names.hides?.(node) === true;
  }

  /** Prints the content of an optional, or `undefined`. */
  inner(node: Node, form: Form): Piece {
    return this.#print.inner(this, node, form);
  }

  /** Prints a key of a computed map, in which any integer is a `bigint`. */
  key(node: Node): Piece {
    const kind = node.type.kind;
    return kind === "int" || kind === "uint" ? this.as(node, kind === "int" ? BIG : UNSIGNED) : this.value(node);
  }

  /** Prints CEL's value, in its most natural form. */
  value(node: Node): Piece {
    const known = this.#values.get(node);
    if (known !== undefined) return known;
    const printed = this.#print.value(this, node);
    const plain = this.#measured.has(node) ? this.counted(printed) : printed;
    const value = this.hides(node) && node.type.kind === "bool" ? unlearned(node, plain) : plain;
    this.#values.set(node, value);
    return value;
  }

  /** Prints the value in a given form. */
  as(node: Node, form: Form): Piece {
    return this.#print.as(this, node, form);
  }

  /**
   * `typed`: true if the surrounding code determines the list's type, so that TypeScript infers none from its elements.
   */
  list(node: Node & { kind: "list" }, of: Form, typed = false): Piece {
    const elements = node.elements.flatMap((element, index) => {
      if (!node.optionals?.has(index)) return typed ? this.as(element, of) : this.element(element, of);
      const inner = this.inner(element, of);
      return isNothing(inner) ? [] : atom("...", ...runtime(this.names, "optionalElement", [inner]).print);
    });
    const form: Form = { kind: "list", of };
    if (elements.length > 0 || typed) return piece(["[", ...commas(elements), "]"], form);
    return piece(["[] as ", ...shapeOf(node.type, form, this.names)], form, LEVEL.relational);
  }

  /** Prints an element of a list, from which TypeScript infers the type of the list. */
  element(node: Node, form: Form): Piece {
    return inferred(this.as(node, form), node, this.aliases.bound, this.names);
  }

  /** Prints a scalar or null, with `undefined` for null, as in a field of a wrapper type. */
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
   * Prints code inside of a function. There TypeScript forgets that a property such as `args.stock` is present (it
   * remembers this for constants), so fields are read with `?.`.
   */
  inside<T>(make: () => T): T {
    this.#depth++;
    try {
      return make();
    } finally {
      this.#depth--;
    }
  }

  /** Prints code in which variables of macros have other names or values than in the expression itself. */
  apart<T>(make: () => T): T {
    const values = this.#values;
    this.#values = new Map();
    try {
      return this.inside(make);
    } finally {
      this.#values = values;
    }
  }

  /** As `inside`, for code that a macro runs for each item. */
  repeated<T>(make: () => T): T {
    this.#repeated++;
    try {
      return this.inside(make);
    } finally {
      this.#repeated--;
    }
  }

  /** True if a macro runs the printed code for each item. */
  get repeats(): boolean {
    return this.#repeated > 0;
  }

  /** Lets the printed value of a list or a text count its steps (BFF_MAX_STEPS). */
  measure(node: Node): void {
    this.#measured.add(node);
  }

  /** Prints a list or a text that counts its steps. */
  counted(value: Piece): Piece {
    const count = this.names.counted?.(this.repeats);
    if (count === undefined) return value;
    return { ...value, print: [count, "(", ...value.print, ")"], level: LEVEL.atom, literal: undefined };
  }

  /**
   * Prints the value of a path, which is `undefined` if unset. For any other node, prints its value.
   *
   * @param lenient true to allow unset parts of the path although the expression is strict
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
    if (isMisread(node.field)) {
      const set = this.#ifSet(node.field, base, form);
      return { ...binary(set, "??", atom(...zero(this.names, node.field)), LEVEL.nullish), form };
    }
    const print = [...operand(base, LEVEL.atom), base.maybe ? "?." : ".", node.field.localName];
    return { ...piece(print, form), maybe: base.maybe || presence === "optional" };
  }

  /** Prints a strict read, in which an unset value is an error. */
  present(value: Piece): Piece {
    return runtime(this.names, "present", [value], value.form);
  }

  /** Prints the value of a path, which is `undefined` also for an unset field of proto2 with a default. */
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

/**
 * Prints a test that TypeScript does not narrow by. For `ok`, only the negative outcome is hidden, because the variable
 * is read in the positive one.
 */
function unlearned(node: Node, test: Piece): Piece {
  if (node.kind !== "ok" || node.set) return hidden(test);
  return binary(test, "&&", atom("Boolean(true)"), LEVEL.and);
}

/** Roles of variables that are null if their expression is. For steps and arguments, null is `undefined`. */
const HOLDS_NULL: ReadonlySet<Variable["role"]> = new Set(["local", "item"]);

function isWrapperPath(node: Node): boolean {
  return node.type.kind === "wrapper" && (node.kind === "name" || node.kind === "select");
}
