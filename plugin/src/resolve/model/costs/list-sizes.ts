// Upper bounds of lists and texts in expressions.
import type { DescField } from "@bufbuild/protobuf";
import { type CelType, childrenOf, type Node, type Variable } from "../../../cel/index.ts";
import type { CelRule, ElementRules, RuledField, ValueRules } from "../../../model/rules.ts";
import { blocksOf, composesOf, messagesByName, methodsOf } from "../blocks.ts";
import type { BffMethod, EachSource, Model, Source } from "../model.ts";
import { MAX_CLIENT_ITEMS } from "../request-lists.ts";

/** Number of items of a list, or of characters of a text. */
export interface Size {
  /** 1, unless a client chooses it. */
  readonly client: number;
  readonly all: number;
  /** The field of the request that it is bounded by. */
  readonly field?: DescField;
}
const SINGLE: Size = { client: 1, all: 1 };
const UPSTREAM: Size = { client: 1, all: 1_000 };
const MAX_CHARACTERS = 2 ** 20;

export const greater = <T extends Pick<Size, "client" | "all">>(a: T, b: T): T =>
  b.client > a.client || (b.client === a.client && b.all > a.all) ? b : a;
const atMost = (size: Size, most: number): Size => ({
  ...size,
  client: Math.min(size.client, most),
  all: Math.min(size.all, most),
});

/** Returns true for values that contain other values. */
export const isLong = ({ kind }: CelType): boolean => ["list", "map", "message", "dyn", "optional"].includes(kind);
const isText = ({ kind }: CelType): boolean => kind === "string" || kind === "bytes";

/** Sizes of the values of a model's expressions. */
export class ListSizes {
  readonly #model: Model;
  readonly #found = new Map<Variable, Size>();
  readonly #definitions = new Map<Variable, (() => Size)[]>();
  /** Elements of any request. */
  readonly #elements: number;
  /** Rules in CEL of requests. */
  readonly rules: readonly CelRule[];

  constructor(model: Model) {
    this.#model = model;
    const methods = methodsOf(model);
    const bound = boundOf(model);
    this.#elements = methods.reduce((most, method) => Math.max(most, bound(method)), 1);
    for (const method of methods) this.#addRequest(method, bound(method));
    this.rules = [...model.rules.values()].flatMap(({ cel, fields }) => [
      ...cel.map((rule) => this.#addRule(rule, this.#ofClient())),
      ...fields.flatMap((field) => this.#addField(field)),
    ]);
    for (const { shared, steps } of blocksOf(model))
      for (const { source, variable } of [...shared, ...steps]) {
        if (variable !== undefined) this.#add(variable, () => this.#ofSource(source));
        if (source.kind === "each") this.defineItem(source.item, source.in.root);
        this.#addArguments(source);
      }
  }

  /** Gives a variable the size of a value. */
  define(variable: Variable, value: Node): void {
    if (!this.#definitions.has(variable)) this.#add(variable, () => this.of(value));
  }

  /** Gives a variable the size of the items of a list: all of them together. */
  defineItem(variable: Variable, list: Node): void {
    if (this.#definitions.has(variable)) return;
    this.#add(variable, () => {
      const size = this.of(list);
      if (isLong(variable.type)) return size;
      if (!isText(variable.type)) return SINGLE;
      const most = size.field && mostIn(this.#ruled(size.field)?.value?.items);
      if (size.client === 1) return UPSTREAM;
      return atMost({ ...size, client: MAX_CHARACTERS, all: MAX_CHARACTERS }, size.client * (most ?? MAX_CHARACTERS));
    });
  }

  /** Returns the size of a value; 1 for numbers and the like. */
  of(node: Node): Size {
    switch (node.kind) {
      case "name":
        return this.#ofVariable(node.variable);
      case "select":
      case "extension":
        return this.#ofField(this.of(node.of), node);
      case "list":
        return node.elements.reduce(
          (sum, element) => plus(sum, isLong(element.type) ? this.of(element) : SINGLE),
          NONE,
        );
      case "map":
        return node.entries.reduce((sum, [, value]) => plus(sum, isLong(value.type) ? this.of(value) : SINGLE), NONE);
      case "message":
        return node.fields.map(({ value }) => this.of(value)).reduce(greater, SINGLE);
      case "macro":
        return this.#ofMacro(node);
      case "call":
        return this.#ofCall(node);
      default:
        return SINGLE;
    }
  }

  /** Returns the number of items that an `each` takes. */
  ofEach({ in: list, max = MAX_CLIENT_ITEMS }: EachSource): Size {
    const size = this.of(list.root);
    if (size.all <= max) return size;
    return { client: Math.min(size.client, max), all: max };
  }

  #add(variable: Variable, definition: () => Size): void {
    const before = this.#definitions.get(variable);
    if (before === undefined) this.#definitions.set(variable, [definition]);
    else before.push(definition);
  }

  #addRequest({ composed: { args }, desc, stream }: BffMethod, elements: number): void {
    const whole = this.#ofClient(elements);
    this.#add(args.variable, () => whole);
    // A stream's item comes from an upstream.
    for (const { name, variable } of args.members) {
      const field = desc.input.fields.find((candidate) => candidate.name === name);
      if (name !== stream?.stream.var?.value)
        this.#add(variable, () => (field === undefined ? whole : this.#bounded(whole, field, variable.type)));
    }
  }

  #addField({ field, value }: RuledField): readonly CelRule[] {
    const add = (rules: ValueRules | undefined, type: (rule: CelRule) => Size): readonly CelRule[] =>
      rules === undefined
        ? []
        : [
            ...[...rules.cel, ...rules.predefined].map((rule) => this.#addRule(rule, type(rule))),
            ...[rules.items, rules.keys, rules.values].flatMap((inner) => add(inner, type)),
          ];
    return add(value, (rule) => this.#bounded(this.#ofClient(), field, rule.value.type));
  }

  #addRule(rule: CelRule, size: Size): CelRule {
    this.#add(rule.value, () => size);
    return rule;
  }

  #addArguments(source: Source): void {
    for (const { message, args } of composesOf(source)) {
      const child = messagesByName(this.#model.messages).get(message.typeName)?.args;
      for (const { name, by } of args) {
        const member = child?.members.find((candidate) => candidate.name === name);
        const variable = member?.variable ?? (child?.message === undefined ? undefined : child.variable);
        if (variable !== undefined) this.#add(variable, () => this.of(by.root));
      }
    }
  }

  #ofVariable(variable: Variable): Size {
    const found = this.#found.get(variable);
    if (found !== undefined) return found;
    // Messages may compose themselves.
    this.#found.set(variable, SINGLE);
    const definitions = this.#definitions.get(variable);
    const isRequest = variable.role === "args" || variable.role === "arg";
    const size = definitions?.map((definition) => definition()).reduce(greater, SINGLE);
    const result = size ?? (isRequest ? this.#ofClient() : UPSTREAM);
    this.#found.set(variable, result);
    return result;
  }

  #ofClient(elements = this.#elements): Size {
    return { client: elements, all: elements };
  }

  #ofSource(source: Source): Size {
    switch (source.kind) {
      case "by":
        return this.of(source.by.root);
      case "each":
        return this.ofEach(source);
      case "switch":
        return [...source.cases.map(({ value }) => value), source.default]
          .flatMap((bound) => (bound === undefined ? [] : [this.of(bound.expression.root)]))
          .reduce(greater, SINGLE);
      case "shared":
        return source.of.map((step) => this.#ofSource(step.source)).reduce(greater, SINGLE);
      default:
        return UPSTREAM;
    }
  }

  #ofMacro({ macro, range, vars, args }: Node & { readonly kind: "macro" }): Size {
    const [body] = args.slice(-1);
    if (macro === "bind" && vars[0] !== undefined && body !== undefined) {
      this.define(vars[0], range);
      return this.of(body);
    }
    const size = this.of(range);
    if (macro !== "map" || body === undefined || !isLong(body.type) || mentionsAny(body, vars)) return size;
    return times(size, this.of(body));
  }

  #ofCall({ fn, overload, args }: Node & { readonly kind: "call" }): Size {
    if (fn === "_?_:_")
      return args
        .slice(1)
        .map((arg) => this.of(arg))
        .reduce(greater, SINGLE);
    if (fn === "_[_]" || fn === "_[?_]") return args[0] === undefined ? SINGLE : this.of(args[0]);
    const long = args.filter(({ type }) => isLong(type));
    const parts = (long.length > 0 ? long : args).map((arg) => this.of(arg));
    if (overload === "add_list") return parts.reduce(plus, NONE);
    const last = args.at(-1);
    const most =
      last?.kind === "constant" && /^(take|list_slice|lists_range)/.test(overload) ? Number(last.value) : undefined;
    if (overload === "lists_range" && most !== undefined) return { client: 1, all: Math.max(1, most) };
    return atMost(parts.reduce(greater, SINGLE), Math.max(1, most ?? Number.POSITIVE_INFINITY));
  }

  #ofField(of: Size, node: Node & { readonly kind: "select" | "extension" }): Size {
    const field = node.kind === "select" && typeof node.field !== "string" ? node.field : undefined;
    if (field === undefined) return isText(node.type) ? textOf(of) : of;
    return this.#bounded(of, field, node.type);
  }

  /** Returns the size of a field, within its rules. */
  #bounded(of: Size, field: DescField, type: CelType): Size {
    if (!isText(type) && !isLong(type)) return SINGLE;
    const size = isText(type) ? textOf(of) : of;
    if (size.client === 1) return size;
    return { ...atMost(size, mostIn(this.#ruled(field)?.value) ?? Number.POSITIVE_INFINITY), field };
  }

  #ruled(field: DescField): RuledField | undefined {
    return this.#model.rules.get(field.parent)?.fields.find((ruled) => ruled.field === field);
  }
}

const NONE: Size = { client: 0, all: 0 };
const plus = (a: Size, b: Size): Size => ({ ...greater(a, b), client: a.client + b.client, all: a.all + b.all });
const times = (a: Size, b: Size): Size => ({ ...greater(a, b), client: a.client * b.client, all: a.all * b.all });

const textOf = ({ client }: Size): Size => (client === 1 ? UPSTREAM : { client: MAX_CHARACTERS, all: MAX_CHARACTERS });

const mentionsAny = (node: Node, vars: readonly Variable[]): boolean =>
  (node.kind === "name" && vars.includes(node.variable)) || childrenOf(node).some((child) => mentionsAny(child, vars));

/** Returns the maximum number of items, pairs or characters that rules allow. */
function mostIn(rules: ElementRules | undefined): number | undefined {
  const counts = rules?.checks.flatMap(({ test }) =>
    test.kind === "size" && test.is !== "least" ? [Number(test.count)] : [],
  );
  return counts === undefined || counts.length === 0 ? undefined : Math.min(...counts);
}

function boundOf({ files }: Model): (method: BffMethod) => number {
  const ofFile = new Map(
    files.flatMap(({ services, ir }) =>
      services.flatMap(({ methods }) => methods.map((method) => [method, ir.maxElements?.value] as const)),
    ),
  );
  return (method) => method.ir.maxElements?.value ?? ofFile.get(method) ?? MAX_CLIENT_ITEMS;
}
