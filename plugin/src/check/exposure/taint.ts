// Flow of sensitive values through expressions, steps, arguments, fields and copies, up to a fixed point.
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import type { CelType, Expression, Node, Variable } from "../../cel/index.ts";
import type { Conversion, MessageConversion } from "../../model/conversion.ts";
import { type AnyField, isRedacted, markInside, messagesIn, type Way } from "../../resolve/model/sensitive-types.ts";

type CallNode = Node & { readonly kind: "call" };

/** Functions whose results reveal nothing: a length, a type, and a sealed text. */
const HARMLESS: ReadonlySet<string> = new Set(["size", "type", "page.seal"]);
/** Functions that return one of their operands, or a part of it. Their bools are those of the operands. */
const PASSING: ReadonlySet<string> = new Set([
  ...["_?_:_", "_[_]", "_[?_]", "dyn"],
  ...["optional.of", "optional.ofNonZeroValue", "value", "orValue", "or", "first", "last"],
]);
/** Macros that return items of their list. */
const SELECTING: ReadonlySet<string> = new Set(["filter", "first", "sortBy", "sortDesc"]);
/** Macros that result in a bool. */
const TESTS: ReadonlySet<string> = new Set(["all", "exists", "exists_one"]);

export class Taint {
  /** Fields with sensitive values: redacted ones, and those that receive values of redacted ones. */
  readonly marks: ReadonlyMap<AnyField, Way>;
  readonly #marks: Map<AnyField, Way>;
  readonly #values = new Map<Variable, Way>();
  /** Redacted fields by name, for values without a known type. */
  readonly #names: ReadonlyMap<string, Way>;
  readonly #isOfBff: (desc: DescMessage) => boolean;
  /** Grows whenever a value or a field becomes sensitive. */
  size = 0;

  constructor(redacted: readonly AnyField[], isOfBff: (desc: DescMessage) => boolean) {
    this.#marks = new Map(redacted.map((source) => [source, { source, through: [] }]));
    this.marks = this.#marks;
    this.#names = new Map([...this.#marks].map(([{ name }, way]) => [name, way]));
    this.#isOfBff = isOfBff;
  }

  markField(field: AnyField, way: Way | undefined, place: string): void {
    if (way === undefined || this.#marks.has(field)) return;
    this.#marks.set(field, via(way, place));
    this.size++;
  }

  markValue(variable: Variable | undefined, way: Way | undefined, place?: string): void {
    if (variable === undefined || way === undefined || this.#values.has(variable)) return;
    this.#values.set(variable, place === undefined ? way : via(way, place));
    this.size++;
  }

  value(variable: Variable): Way | undefined {
    return this.#values.get(variable);
  }

  /** Returns the way of a value that is sensitive as a whole. Fields inside of a message are not considered. */
  of(expression: Expression | undefined): Way | undefined {
    return expression && this.#node(expression.root);
  }

  /** Returns the way of a value that is sensitive, or contains redacted fields of an upstream's message. */
  whole(expression: Expression | undefined): Way | undefined {
    return this.of(expression) ?? (expression && this.inside(expression.type));
  }

  /** Returns the way of a redacted field of an upstream's message inside of a value. */
  inside(type: CelType): Way | undefined {
    return this.#first(messagesIn(type), (desc) => markInside(desc, this.#marks, (inner) => !this.#isOfBff(inner)));
  }

  /** Returns the way of any sensitive field inside of a value, which a function of the user can read. */
  readable(type: CelType): Way | undefined {
    return this.#first(messagesIn(type), (desc) => markInside(desc, this.#marks));
  }

  /** Returns the way of a sensitive field that a conversion copies into a field that is not redacted. */
  copied(conversion: Conversion, seen: Set<MessageConversion> = new Set()): Way | undefined {
    if (conversion.kind === "list" || conversion.kind === "map") return this.copied(conversion.of, seen);
    if (conversion.kind !== "message" || seen.has(conversion.via)) return undefined;
    seen.add(conversion.via);
    return this.#copiedTo(conversion.via.targets, seen);
  }

  #copiedTo(targets: MessageConversion["targets"], seen: Set<MessageConversion>): Way | undefined {
    const fieldWay = (to: DescField, from: DescField, conversion: Conversion): Way | undefined =>
      isRedacted(to) ? undefined : (this.#marks.get(from) ?? this.copied(conversion, seen));
    return this.#first(targets, (target) => {
      switch (target.kind) {
        case "field":
          return fieldWay(target.to, target.from, target.conversion);
        case "oneof":
          return this.#first(target.members, ({ to, from, conversion }) => fieldWay(to, from, conversion));
        case "message":
          return isRedacted(target.to) ? undefined : this.#copiedTo(target.targets, seen);
        case "computed":
          return isRedacted(target.to) ? undefined : this.of(target.bound.expression);
      }
    });
  }

  #first<T>(all: readonly T[], wayOf: (value: T) => Way | undefined): Way | undefined {
    for (const value of all) {
      const way = wayOf(value);
      if (way !== undefined) return way;
    }
    return undefined;
  }

  #node(node: Node): Way | undefined {
    switch (node.kind) {
      case "name":
        return this.#values.get(node.variable);
      case "select":
        return node.test ? undefined : this.#select(node.of, node.field);
      case "extension":
        return node.test ? undefined : (this.#marks.get(node.extension) ?? this.#node(node.of));
      case "call":
        return this.#call(node);
      case "list":
        return this.#first(node.elements, (element) => this.#element(element, node.type));
      case "map":
        return this.#first(node.entries, ([key, value]) => this.#node(key) ?? this.#element(value, node.type));
      case "message":
        return this.#first(node.fields, ({ field, value }) =>
          isRedacted(field) ? undefined : (this.#node(value) ?? (isAny(field) ? this.readable(value.type) : undefined)),
        );
      case "macro":
        return this.#macro(node);
      default:
        return undefined;
    }
  }

  #select(of: Node, field: DescField | string): Way | undefined {
    if (typeof field !== "string") return this.#marks.get(field) ?? this.#node(of);
    const member = of.type.kind === "struct" ? of.type.members.get(field) : undefined;
    if (member !== undefined) return this.#values.get(member);
    return (of.type.kind === "dyn" ? this.#names.get(field) : undefined) ?? this.#node(of);
  }

  /** An element of a literal. Among values of other types the type no longer shows its fields. */
  #element(node: Node, literal: CelType): Way | undefined {
    return this.#node(node) ?? (isMixed(literal) ? this.readable(node.type) : undefined);
  }

  #call(node: CallNode): Way | undefined {
    const { fn, overload, args, userFunction, type } = node;
    const passes = PASSING.has(fn) || overload === "same";
    if (HARMLESS.has(fn) || (type.kind === "bool" && !passes)) return undefined;
    const hides = userFunction !== undefined || (fn === "dyn" && type.kind === "dyn");
    const way = this.#first(
      fn === "_?_:_" ? args.slice(1) : args,
      (arg) => this.#node(arg) ?? (hides ? this.readable(arg.type) : undefined),
    );
    return way && userFunction !== undefined ? via(way, `${fn}()`) : way;
  }

  #macro(node: Node & { readonly kind: "macro" }): Way | undefined {
    const { macro, range, vars, args } = node;
    const over = this.#node(range);
    if (TESTS.has(macro)) return undefined;
    for (const variable of vars) this.markValue(variable, over);
    // The keys of the map stay.
    if (SELECTING.has(macro) || (macro === "transformMap" && over !== undefined)) return over;
    if (macro !== "reduce") return this.#first(args.slice(-1), (arg) => this.#node(arg));
    // The next result may read the one before it.
    this.markValue(
      vars[0],
      this.#first(args, (arg) => this.#node(arg)),
    );
    return this.#first(args, (arg) => this.#node(arg));
  }
}

const via = ({ source, through }: Way, place: string): Way => ({ source, through: [...through, place] });

const isMixed = (type: CelType): boolean =>
  (type.kind === "list" && type.element.kind === "dyn") || (type.kind === "map" && type.value.kind === "dyn");

/** Returns true for a field whose type does not show what is in it. */
export const isAny = (field: DescField): boolean => field.message?.typeName === "google.protobuf.Any";
