// Random expressions of a wanted type, in the manner of a compiler fuzzer: every production gives something that the checkers should take.
// With `ill` now and then a part is of another type.

import type { Random } from "../random.ts";
import { list, map, opt, type Shape, scalar } from "../shape.ts";
import { PRODUCTIONS, type Production } from "./productions.ts";
import { LITERALS, NAMES, PATHS } from "./vocabulary.ts";

export const INT = scalar("int");
export const STRING = scalar("string");
export const BOOL = scalar("bool");
export const DYN = scalar("dyn");
export const SCALARS = ["int", "uint", "double", "string", "bytes", "bool", "ts", "dur"].map(scalar);
const KEYS = ["string", "string", "int", "uint", "bool"].map(scalar);
const ELEMENTS = [
  ...["int", "int", "string", "string", "uint", "double", "bool", "bytes", "ts", "dur"],
  ...["Inner", "All", "dyn", "wint"],
].map(scalar);
const PLAIN = [...SCALARS, ...["bool", "int", "string", "Inner", "All", "dyn", "wint"].map(scalar)];
const LONGEST = 600;

/** Variables of macros, by name. */
type Locals = ReadonlyMap<string, Shape>;

/** Context in which productions create expressions. */
export class Typed {
  readonly random: Random;
  readonly #ill: number;
  #locals: Locals = new Map();
  #depth = 0;

  constructor(random: Random, ill = 0) {
    this.random = random;
    this.#ill = ill;
  }

  expression(): string {
    for (;;) {
      const text = this.make(this.anyShape(), this.random.pick([1, 2, 2, 3, 3, 4, 5, 6]));
      if (text.length <= LONGEST) return text;
    }
  }

  /** An expression of a shape, at most `depth` productions high. */
  make(shape: Shape, depth: number): string {
    this.#depth = depth;
    return this.#make(shape);
  }

  /** A part of the expression that is being made. */
  of(shape: Shape | string): string {
    return this.#deeper(() => this.#make(typeof shape === "string" ? scalar(shape) : shape));
  }

  /** As `of`, in parentheses where it may need some. */
  operand(shape: Shape | string): string {
    const text = this.of(shape);
    return this.random.chance(0.25) && /^\w+$/.test(text) ? text : `(${text})`;
  }

  /** As `of`, one level further down and with variables of a macro. */
  body(shape: Shape | string, locals: Readonly<Record<string, Shape>>): string {
    const outer = this.#locals;
    this.#locals = new Map([...outer, ...Object.entries(locals)]);
    const text = this.#deeper(() => this.of(shape));
    this.#locals = outer;
    return text;
  }

  #deeper(make: () => string): string {
    const depth = this.#depth;
    this.#depth = depth - 1;
    const text = make();
    this.#depth = depth;
    return text;
  }

  name(): string {
    return this.random.pick(NAMES);
  }

  names(): [string, string] {
    return this.random.some(NAMES, 2) as [string, string];
  }

  key(): Shape {
    return this.random.pick(KEYS);
  }

  element(): Shape {
    return this.random.pick(ELEMENTS);
  }

  scalar(): Shape {
    return this.random.pick(SCALARS);
  }

  listShape(): Shape & { readonly kind: "list" } {
    return list(this.element());
  }

  anyShape(depth = 2): Shape {
    const r = this.random.next();
    if (depth > 0 && r < 0.18) return list(this.#anyElement(depth - 1));
    if (depth > 0 && r < 0.26) return map(this.key(), this.#anyElement(depth - 1));
    if (r < 0.3) return opt(this.anyShape(0));
    return this.random.pick(PLAIN);
  }

  #anyElement(depth: number): Shape {
    const r = this.random.next();
    if (depth > 0 && r < 0.12) return list(this.#anyElement(depth - 1));
    if (depth > 0 && r < 0.2) return map(this.key(), this.#anyElement(depth - 1));
    return r < 0.24 ? opt(this.scalar()) : this.element();
  }

  #make(target: Shape): string {
    const { random } = this;
    let shape = target;
    if (this.#ill > 0 && random.chance(this.#ill)) shape = this.anyShape(1);
    if (this.#depth <= 0 || random.chance(0.12)) return this.#leaf(shape);
    return this.#general(shape) ?? (PRODUCTIONS[productionOf(shape)] as Production)(this, shape);
  }

  /** Returns an expression that exists for all types. */
  #general(shape: Shape): string | undefined {
    const { random } = this;
    const r = random.next();
    if (r < 0.05) return `${this.operand(BOOL)} ? ${this.operand(shape)} : ${this.operand(shape)}`;
    if (r < 0.08) {
      const name = this.name();
      const bound = this.anyShape(1);
      return `cel.bind(${name}, ${this.of(bound)}, ${this.body(shape, { [name]: bound })})`;
    }
    if (r < 0.11) {
      if (random.chance(0.4)) return `${this.operand(list(shape))}[${this.of(INT)}]`;
      return `[${this.of(shape)}, ${this.of(shape)}][${random.pick(["0", "1", "1", "2", "xi"])}]`;
    }
    if (r < 0.13) {
      const key = this.key();
      return `{${this.of(key)}: ${this.of(shape)}}[${this.of(key)}]`;
    }
    if (r < 0.16) {
      const held = shape.kind === "opt" ? `optional.of(${this.of(shape)})` : this.operand(opt(shape));
      return random.chance(1 / 3) ? `${held}.value()` : `${held}.orValue(${this.of(shape)})`;
    }
    return this.#ofLists(shape, r);
  }

  #ofLists(shape: Shape, r: number): string | undefined {
    const { random } = this;
    if (r < 0.17 && shape !== DYN && shape.kind === "scalar") {
      return `${this.operand(list(shape))}[?${this.of(INT)}].orValue(${this.of(shape)})`;
    }
    if (r < 0.18 && SCALARS.includes(shape) && shape.name !== "ts") {
      return `[${this.of(shape)}].map(${this.name()}, ${this.of(shape)})[0]`;
    }
    if (r >= 0.19) return undefined;
    return random.chance(0.5)
      ? `${this.operand(list(shape))}.first().value()`
      : `${this.operand(list(shape))}.last().orValue(${this.of(shape)})`;
  }

  #leaf(shape: Shape): string {
    const { random } = this;
    const locals = [...this.#locals].filter(([, type]) => type === shape).map(([name]) => name);
    if (locals.length > 0 && random.chance(0.55)) return random.pick(locals);
    const paths = (PATHS[shape.name] ?? []).filter((path) => !this.#hidden(path));
    const literals = LITERALS[shape.name] ?? [];
    if (paths.length > 0 && (literals.length === 0 || random.chance(0.5))) return random.pick(paths);
    if (literals.length > 0) {
      const literal = random.pick(literals);
      return literal.startsWith("-") && random.chance(0.5) ? `(${literal})` : literal;
    }
    return this.#made(shape);
  }

  #made(shape: Shape): string {
    const { random } = this;
    switch (shape.kind) {
      case "list":
        return `[${Array.from({ length: random.below(3) }, () => this.#leaf(shape.of)).join(", ")}]`;
      case "map":
        return random.chance(0.5) ? "{}" : `{${this.#leaf(shape.key)}: ${this.#leaf(shape.of)}}`;
      case "opt":
        return random.chance(2 / 3) ? `optional.of(${this.#leaf(shape.of)})` : "optional.none()";
    }
    if (shape === DYN) return `dyn(${this.#leaf(this.scalar())})`;
    return shape.name === "wint" ? ".google.protobuf.Int64Value{value: 3}" : `${shape.name}{}`;
  }

  /** Reports whether a variable of a macro hides the first name of a path. */
  #hidden(path: string): boolean {
    return [...this.#locals.keys()].some((name) => new RegExp(`(?<![\\w.])${name}(?!\\w)`).test(path));
  }
}

function productionOf(shape: Shape): string {
  return shape.kind === "scalar" ? shape.name : shape.kind;
}
