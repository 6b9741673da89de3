import type { Composable, MissingField } from "./rich-composed.ts";
import * as edge from "./rich-edge.ts";
import { Expressions, MAPS } from "./rich-expressions.ts";
import { Later } from "./rich-later.ts";
import { type Effect, ofCall, TAGS_OF_BATCH, TAGS_OF_ITEM } from "./rich-policies.ts";
import { constantOf, ELEMENTS, FIELDS, SCALARS, type Type } from "./rich-types.ts";
import type { Upstream } from "./rich-upstream.ts";
import * as wide from "./rich-wide.ts";

/** Argument types of the message that others compose, and that reads no other composed message. */
export const SUB: readonly Type[] = ["Item", "string", "bool", "Texts"];

/** Names of the service that messages can read. */
export interface Shared {
  readonly known: ReadonlyMap<Type, readonly string[]>;
  readonly missing: readonly MissingField[];
  readonly steps: readonly string[];
  readonly soft: readonly string[];
  readonly failing: readonly string[];
  /** Steps with the types of fields for them. */
  readonly fields: readonly (readonly [type: string, step: string])[];
  /** The last step with side effects. */
  readonly effect: string | undefined;
}

/** Surroundings of a message. */
export interface Around {
  readonly root: boolean;
  readonly known: boolean;
  /** Fields that the runtime fills. */
  readonly fields: readonly string[];
  readonly shared: Shared | undefined;
}

/** Writes the steps of one message after the other. */
export abstract class RichSteps {
  protected readonly random: () => number;
  protected readonly optionals: boolean;
  protected readonly expressions: Expressions;
  protected fields: (readonly [type: string, by: string])[] = [];
  protected oneofs: string[] = [];
  protected count = 0;
  /** Prefix of the names of steps. */
  protected prefix = "s";
  /** True while new steps may have side effects; a composer of Sub has those of Sub. */
  protected effects = false;
  /** The last step with side effects. */
  protected effect: string | undefined;
  /** Messages for steps to compose. */
  protected composables: readonly Composable[] = [];
  protected later: Later;
  /** True if calls may decide the status. */
  protected decides = true;
  /** True if the page is composed for items. */
  protected followed = false;
  protected loose = false;
  /** True if Sub is an answer by itself, too, whose arguments are fields of a request. */
  protected subAnswers = false;
  protected declared: wide.Declared = { text: "", known: [], functions: false };
  protected upstream: Upstream | undefined;
  /** True if the service has a topic whose newest item steps may read. */
  protected newest = false;

  constructor(random: () => number, optionals: boolean) {
    this.random = random;
    this.optionals = optionals;
    this.expressions = new Expressions(random, optionals);
    this.later = new Later(this.expressions, 0);
  }
  protected get scalars(): readonly Type[] {
    return this.optionals ? SCALARS.filter(() => this.expressions.chance(0.3)) : [];
  }

  // ---- steps ----

  protected step(root: boolean): string {
    const name = this.name();
    const kind = this.random();
    if (this.upstream !== undefined && this.expressions.chance(0.25)) return this.thing(name, this.upstream);
    if (this.newest && root && this.expressions.chance(0.15)) return this.latest(name);
    if (kind < 0.25) return this.call(name);
    if (kind < 0.35) return this.batch(name);
    if (kind < 0.45) {
      const type = this.expressions.pick([
        "string",
        "bool",
        "Item",
        "int",
        "strings",
        ...MAPS,
        ...this.scalars,
      ] as const);
      const step = this.modified(name, `by: "${this.expressions.of(type, 2)}"`, type);
      this.has(name, type);
      return step;
    }
    if (kind < 0.62) return this.switch(name);
    if (kind < 0.72) {
      this.count--;
      return `{ guard: { if: "${this.expressions.decides()}" fail: { code: NOT_FOUND${this.expressions.chance(0.3) ? ` message: "no {${constantOf(this.random, "string")}}"` : ""} } } }`;
    }
    const composable = kind < 0.86 ? undefined : this.composable();
    return composable === undefined ? this.each(name) : this.compose(name, composable);
  }
  protected compose(name: string, composable: Composable): string {
    const source = `compose: { message: "${composable.name}" args: [${this.args(composable)}] }`;
    const step = this.modified(name, source, undefined, composable.effects ? this.order() : undefined);
    this.composed(name, composable, composable.name);
    return step;
  }
  /** Returns a message for which there are arguments. */
  protected composable(some: (composable: Composable) => boolean = () => true): Composable | undefined {
    const all = this.composables.filter(
      (composable) =>
        some(composable) && (!composable.args.includes("Sub") || (this.expressions.known.get("Sub") ?? []).length > 0),
    );
    return all.length > 0 ? this.expressions.pick(all) : undefined;
  }
  protected composed(name: string, { later, name: message }: Composable, type: Type): void {
    this.expressions.steps.push(name);
    if (!later && this.expressions.chance(0.6)) this.expressions.knows(type, name);
    const copied = message === "Sub" && this.expressions.members.has("SubCopy") && this.expressions.chance(0.3);
    this.field(`${type === message ? "" : "repeated "}${copied ? "SubCopy" : message}`, name);
  }
  protected args({ args }: Composable, it?: string, of?: Type): string {
    const value = (type: Type): string => {
      if (it !== undefined && type === of) return "it";
      return it !== undefined && type === "string" ? it : this.expressions.of(type, 1);
    };
    return args
      .map((type, i) => `{ name: "a${i}" by: "${value(type)}"${type === "Sub" ? "" : this.expressions.if(0.35)} }`)
      .join(", ");
  }
  protected call(name: string): string {
    if (this.effects && this.expressions.chance(0.4)) return this.write(name);
    const [method, type] = this.expressions.pick([
      ["OrderService/GetOrder", "Order"],
      ["ItemService/GetItem", "Item"],
      ["ItemService/GetItem", "Item"],
      ["ItemService/FindItems", "Found"],
      ["ItemService/MapItems", "Mapped"],
    ] as const);
    const by = (of: Type, chance: number): string => `${this.expressions.binding(of, chance)} }`;
    const id = { Order: "id", Item: "id", Found: "text", Mapped: "locale" }[type];
    const more = {
      Order: [],
      Item: [() => `{ name: "locale" ${by("string", 0.6)}`],
      Found: [
        () => `{ name: "filter.owner_id" ${by("string", 0.4)}`,
        () => `{ name: "filter.price.high" ${by("int", 0.4)}`,
      ],
      Mapped: [() => `{ name: "ids" ${by("strings", 0.4)}`],
    }[type];
    const set = [
      `{ name: "${id}" ${by("string", 0.15)}`,
      ...more.filter(() => this.expressions.chance(0.5)).map((entry) => entry()),
      ...wide.spreadOf(this.expressions, type),
    ];
    const metadata = this.expressions.chance(0.2) ? ` metadata: { name: "x-a" ${by("string", 0.5)}` : "";
    const instead = constantOf(this.random, type);
    const source = `call: { method: "up.v1.${method}" set: [${set.join(", ")}]${wide.requestOf(this.expressions, type)}${metadata}${this.onError(instead)}${ofCall(this.expressions, "none")} }`;
    const step = this.modified(name, source, type);
    this.has(name, type);
    if (this.optionals && !source.includes("cache:") && this.expressions.chance(0.1))
      this.expressions.knows("string", wide.besideOf(name));
    return step;
  }
  /** A call of the upstream that is the case's alone. */
  protected thing(name: string, { call, members }: Upstream): string {
    const step = this.modified(name, call(this.expressions), undefined);
    this.expressions.steps.push(name);
    for (const [type, member] of members) {
      if (this.expressions.chance(0.7)) this.expressions.knows(type, `${name}.${member}`);
      if (this.expressions.chance(0.2)) this.expressions.presences.push(`${name}.${member}`);
      if (this.expressions.chance(0.2)) this.field(FIELDS[type], `${name}.${member}`);
    }
    if (this.expressions.chance(0.5)) this.field("ThingCopy", name);
    return step;
  }
  protected latest(name: string): string {
    const step = this.modified(name, edge.latestOf(this.expressions), undefined);
    this.has(name, "Item");
    return step;
  }
  /** A call with side effects. */
  protected write(name: string): string {
    const step = this.modified(name, this.writing(this.expressions.of("string", 1)), "Order", this.order());
    this.has(name, "Order");
    return step;
  }
  protected writing(of: string): string {
    const [method, field, effect] = this.expressions.pick([
      ["PlaceOrder", "item_id", "some"],
      ["PayOrder", "id", "some"],
      ["CancelOrder", "id", "idempotent"],
    ] as const satisfies (readonly [string, string, Effect])[]);
    const more =
      method === "PlaceOrder" && this.expressions.chance(0.5)
        ? `, { name: "key" ${this.expressions.binding("string", 0.3)} }`
        : "";
    const rest = `${this.onError(constantOf(this.random, "Order"))}${ofCall(this.expressions, effect, TAGS_OF_ITEM)}`;
    return `call: { method: "up.v1.OrderService/${method}" set: [{ name: "${field}" by: "${of}" }${more}]${rest} }`;
  }
  /** Side effects come one after the other, or all of them as they like. */
  protected order(): string {
    if (this.loose) return " unordered: true";
    return this.effect === undefined ? "" : ` after: "${this.effect}"`;
  }
  protected onError(instead: string): string {
    if (!this.expressions.chance(0.25)) return "";
    // Interpreters differ about the reads of a rule that no failure reaches.
    const text = (): string => (this.optionals ? this.expressions.of("string", 1) : constantOf(this.random, "string"));
    const some = (): string => (this.optionals ? this.expressions.if(0.6) : "");
    const rules = Array.from({ length: 1 + this.expressions.below(2) }, () => {
      const then = this.expressions.pick([
        "ignore: true",
        `fallback: "${instead}"`,
        this.decides ? wide.failOf(this.expressions, text) : "ignore: true",
      ]);
      const condition =
        this.optionals && this.expressions.chance(0.4)
          ? wide.overError(this.expressions)
          : this.expressions.pick(["error.code == 5", "error.code == 7"]);
      const error = this.expressions.chance(0.3) ? ` if: "${condition}"` : some();
      return `{ on: ${this.expressions.pick(["ANY", "NOT_FOUND", "UNAVAILABLE"])}${error} ${then} }`;
    });
    return ` on_error: [${rules.join(", ")}]`;
  }
  protected batch(name: string): string {
    const many = this.expressions.chance(0.2);
    const source = this.expressions.chance(0.3)
      ? `call: { method: "up.v1.ItemService/MapItems" batch: { name: "ids" by: "${this.expressions.of("string", 1)}" items: "items" } }`
      : `call: { method: "up.v1.ItemService/BatchGetItems"${ofCall(this.expressions, "none", TAGS_OF_BATCH)} set: { name: "locale" ${this.expressions.binding("string", 0.4)} } batch: { name: "ids" by: "${this.expressions.of("string", 1)}" items: "items" ${wide.keyOf(this.expressions)}${many ? " many: true" : ""} }${wide.rescueOfBatch(this.expressions, many)} }`;
    const type = many && source.includes("many") ? "Items" : "Item";
    const step = this.modified(name, source, type);
    this.has(name, type);
    return step;
  }
  protected switch(name: string): string {
    const type = this.expressions.pick(["string", "bool", "Item", "int", ...MAPS, ...this.scalars] as const);
    const cases = Array.from(
      { length: 1 + this.expressions.below(3) },
      () => `{ if: "${this.expressions.bool(2)}" by: "${this.expressions.of(type, 2)}" }`,
    );
    const otherwise = this.expressions.chance(0.6) ? ` default: "${this.expressions.of(type, 2)}"` : "";
    const step = this.modified(name, `switch: { case: [${cases.join(", ")}]${otherwise} }`, type);
    this.has(name, type);
    return step;
  }
  protected each(name: string): string {
    const subs = this.expressions.hasItems("Subs") ? (["Subs", "Subs"] as const) : [];
    const lists = this.expressions.pick(["strings", "Items", "strings", "Sizes", ...subs] as const);
    const element = ELEMENTS[lists] ?? "string";
    const list = this.expressions.of(lists, 1);
    const made = this.expressions.with(element, "it", () => {
      const texts = { strings: "it", Items: "it.id", Sizes: "string(it.width)", Subs: undefined };
      const text = texts[lists] ?? this.expressions.of("string", 0);
      const key = this.expressions.chance(0.4) ? this.expressions.pick(["string", "int"] as const) : undefined;
      const keyed =
        key === undefined
          ? ""
          : ` key: "${this.expressions.chance(0.5) && key === "string" ? text : this.expressions.of(key, 1)}"`;
      const some = this.expressions.if(0.5);
      const kind = this.random();
      if (kind < 0.35) {
        const of = key === undefined ? "strings" : key === "int" ? "Numbered" : "Texts";
        return [`${some}${keyed} by: "${this.expressions.of("string", 2)}"`, of, key] as const;
      }
      const composable = kind < 0.7 ? this.composable(({ later }) => !later) : undefined;
      if (composable !== undefined)
        return [
          `${composable.effects ? " concurrent: 1" : ""}${some}${keyed} compose: { message: "${composable.name}" args: [${this.args(composable, text, element)}] }`,
          composable,
          key,
        ] as const;
      const partial = this.expressions.chance(0.3) ? " partial: true" : "";
      if (this.effects && this.expressions.chance(0.4))
        return [
          ` concurrent: 1${some}${partial}${keyed} ${this.writing(this.expressions.chance(0.5) ? text : this.expressions.of("string", 1))}`,
          "Orders",
          key,
        ] as const;
      const min = partial !== "" && this.expressions.chance(0.3) ? " min: 2" : "";
      return [
        `${some}${partial}${min}${keyed} call: { method: "up.v1.ItemService/GetItem" set: { name: "id" ${this.expressions.binding("string", 0.2)} }${this.onError("up.v1.Item{id: 'f'}")}${ofCall(this.expressions, "none", TAGS_OF_ITEM)} }`,
        key === undefined ? "Items" : key === "string" ? "ItemMap" : "NumberedItems",
        key,
      ] as const;
    });
    const [rest, type, key] = made;
    const writes = type === "Orders" || (typeof type === "object" && type.effects);
    const source = `each: { var: "it" in: "${list}" max: 10${rest} }`;
    const step = this.modified(name, source, undefined, writes ? this.order() : undefined);
    if (typeof type === "object" && key === undefined) {
      this.composed(name, type, `${type.name}s`);
      return step;
    }
    if (typeof type !== "object" && type !== "NumberedItems" && type !== "Orders") {
      this.has(name, type);
      return step;
    }
    const value = typeof type === "object" ? type.name : type === "Orders" ? "OrderCopy" : "ItemCopy";
    this.expressions.steps.push(name);
    this.field(key === undefined ? `repeated ${value}` : `map<${key === "int" ? "int64" : key}, ${value}>`, name);
    return step;
  }
  /** @param order of a step with side effects: after which others it comes */
  protected modified(name: string, source: string, type: Type | undefined, order?: string): string {
    if (order !== undefined) this.effect = name;
    const when = this.expressions.if(0.3);
    const rest =
      type !== undefined && this.expressions.chance(0.12) ? ` fallback: "${constantOf(this.random, type)}"` : "";
    const all = `${source}${when}${rest}`;
    const soft =
      rest !== "" ||
      /args\.a\d/.test(all) ||
      this.expressions.chance(0.6) ||
      [...this.expressions.soft, ...this.expressions.missing.map(({ of }) => of)].some((step) =>
        new RegExp(`\\b${step}\\b`).test(all),
      );
    if (soft) this.expressions.soft.push(name);
    if (soft && source.startsWith("call:") && !source.includes("on_error")) this.expressions.failing.push(name);
    return `{ name: "${name}"${soft ? " supplementary: true" : ""}${when}${rest}${order ?? ""} ${source} }`;
  }

  // ---- fields ----

  protected oneof(): void {
    const members = Array.from({ length: 2 + this.expressions.below(2) }, (_, i) => {
      const number = 50 + i;
      return `string m${i} = ${number} [(bff.v1.field) = { by: "${this.expressions.of("string", 2)}" if: "${this.expressions.bool(2)}" }];`;
    });
    const last = this.expressions.chance(0.4) ? ` string m9 = 59 [(bff.v1.field) = { by: "'z'" default: true }];` : "";
    this.oneofs.push(`oneof one { ${members.join(" ")}${last} }`);
  }
  protected field(type: string, by: string): void {
    this.fields.push([type, by]);
  }

  protected name(): string {
    return `${this.prefix}${this.count++}`;
  }
  protected has(name: string, type: Type): void {
    this.expressions.steps.push(name);
    this.expressions.knows(type, name);
    if (this.expressions.chance(0.4)) this.field(FIELDS[type], name);
  }
}
