// Random BFFs that use much of the language in one message: steps of all kinds over each other, and the same few conditions in all places
// that take one, so that they contradict each other.
import type { Case } from "./cases.ts";
import { IDENTITY } from "./found-parts.ts";
import { randomFrom } from "./random.ts";
import * as edge from "./rich-edge.ts";
import { Expressions, MAPS } from "./rich-expressions.ts";
import { fileOf } from "./rich-file.ts";
import { followsItems, KINDS, rpcsOf } from "./rich-kinds.ts";
import { Later } from "./rich-later.ts";
import { type Effect, entriesOf, ofCall } from "./rich-policies.ts";
import { constantOf, ELEMENTS, FIELDS, SCALARS, type Type } from "./rich-types.ts";
import { type Upstream, upstreamOf } from "./rich-upstream.ts";
import * as wide from "./rich-wide.ts";

/** @param optionals whether lists, maps and messages have entries with `?` */
export function richCase(seed: number, index: number, optionals = true): Case {
  const random = randomFrom(Math.imul(seed, 0x85ebca6b) ^ Math.imul(index + 1, 0x9e3779b1));
  const folder = `f${index}`;
  const file = `${folder}/app.proto`;
  const protos = new Rich(random, optionals).files(folder, file);
  return { index, base: { name: "rich", protos }, folder, file, mutations: [], protos };
}

/** Argument types of the message that others compose. */
const SUB: readonly Type[] = ["Item", "string", "bool", "Texts"];

/** Names of the service that messages can read. */
interface Shared {
  readonly known: ReadonlyMap<Type, readonly string[]>;
  readonly steps: readonly string[];
  readonly soft: readonly string[];
  readonly failing: readonly string[];
  /** Steps with the types of fields for them. */
  readonly fields: readonly (readonly [type: string, step: string])[];
  /** The last step with side effects. */
  readonly effect: string | undefined;
}

/** Surroundings of a message. */
interface Around {
  readonly root: boolean;
  readonly known: boolean;
  /** Fields that the runtime fills. */
  readonly fields: readonly string[];
  readonly shared: Shared | undefined;
}

class Rich {
  readonly #random: () => number;
  readonly #optionals: boolean;
  readonly #e: Expressions;
  #fields: (readonly [type: string, by: string])[] = [];
  #oneofs: string[] = [];
  #count = 0;
  /** Prefix of the names of steps. */
  #prefix = "s";
  /** True while new steps may have side effects; a composer of Sub has those of Sub. */
  #effects = false;
  /** The last step with side effects. */
  #effect: string | undefined;
  #subHasEffects = false;
  #subComesLater = false;
  #later: Later;
  /** True if calls may decide the status. */
  #decides = true;
  /** True if the page is composed for items. */
  #followed = false;
  #loose = false;
  /** True if Sub is an answer by itself, too, whose arguments are fields of a request. */
  #subAnswers = false;
  #declared: wide.Declared = { text: "", known: [], functions: false };
  #upstream: Upstream | undefined;
  /** True if the service has a topic whose newest item steps may read. */
  #newest = false;

  constructor(random: () => number, optionals: boolean) {
    this.#random = random;
    this.#optionals = optionals;
    this.#e = new Expressions(random, optionals);
    this.#later = new Later(this.#e, 0);
  }
  /** The BFF's file, and that of its upstream where it has one to itself. */
  files(folder: string, file: string): Readonly<Record<string, string>> {
    const e = this.#e;
    this.#upstream = e.wide && e.chance(0.35) ? upstreamOf(e, folder) : undefined;
    const text = this.#file(folder);
    return { [file]: text, ...(this.#upstream && { [`${folder}/own.proto`]: this.#upstream.text }) };
  }
  #file(folder: string): string {
    this.#declared = wide.declaredBy(this.#e);
    this.#e.functions = this.#declared.functions;
    const known = this.#e.chance(0.25);
    const kind = this.#random() < 0.35 ? this.#e.pick(KINDS) : "answer";
    this.#subAnswers = kind === "answer" && this.#optionals && this.#e.chance(0.2);
    const later = kind === "parts";
    this.#newest = this.#e.wide && !followsItems(kind) && this.#e.chance(0.2);
    const writes = !followsItems(kind) && this.#e.chance(0.3);
    const shares = this.#e.chance(0.35);
    const subShares = shares && (later || this.#e.chance(0.6));
    this.#followed = followsItems(kind);
    // A message that the service composes does not read results of the service.
    const inSub = later && this.#e.chance(0.4) ? 0.3 : 0;
    const alone = subShares ? "" : this.#sub(writes && this.#e.chance(0.4), inSub);
    const steps = shares ? this.#service(known, writes && this.#e.chance(0.3), !subShares) : undefined;
    const sub = subShares ? this.#sub(writes && this.#e.chance(0.4), inSub, steps?.shared) : alone;
    this.#effects = writes;
    this.#later = new Later(this.#e, later ? 0.35 : 0);
    this.#decides = !later;
    const rpcs = rpcsOf(this.#e, kind);
    const around = { root: true, known, fields: rpcs.fields, shared: steps?.shared };
    const page = this.#message("Page", [], 3 + this.#e.below(4), around);
    const fields = this.#fields.map(([type], i) => `${type} f${i + 1} = ${i + 1};`);
    const beside = kind === "answer" ? wide.besidePage(this.#e, fields, this.#subAnswers) : { rpcs: "", messages: [] };
    const declared = `${this.#declared.text} ${wide.telemetryOf(this.#e, known)}`;
    const ruled = this.#e.wide && this.#e.chance(0.2);
    const methodOptions = kind === "answer" ? wide.optionsOf(this.#e, known, writes) : "";
    const viewer = steps?.shared.known.get("string")?.find((name) => /^v\d+$/.test(name));
    const entries = this.#e.chance(0.35) ? entriesOf(this.#e, viewer, kind) : [];
    if (this.#upstream?.entry !== undefined) entries.push(this.#upstream.entry);
    if (this.#e.wide && this.#e.chance(0.15)) entries.push(edge.branchesOf(this.#e, known));
    const topic = `${rpcs.topic} ${this.#newest ? edge.TOPIC : ""}`;
    const whole = {
      ...rpcs,
      topic,
      rpcs: `${rpcs.rpcs.replace("(Page) {}", `(Page) { ${methodOptions} }`)} ${beside.rpcs}`,
    };
    const copy = { note: wide.noteOf(this.#e), more: wide.copyOf(this.#e) };
    const messages = [page, wide.suppliedWhole(this.#e, sub), ...beside.messages, this.#upstream?.copy ?? ""];
    const identity = !known ? "" : this.#e.wide && this.#e.chance(0.4) ? edge.identityOf(this.#e) : IDENTITY;
    const imports = [
      ...(this.#upstream === undefined ? [] : ["google/protobuf/any.proto", "google/protobuf/struct.proto"]),
      ...(methodOptions.includes("google.api.http") ? ["google/api/annotations.proto"] : []),
      ...(ruled ? ["buf/validate/validate.proto"] : []),
    ];
    return fileOf({
      folder,
      identity,
      entries,
      declared,
      service: steps?.text ?? "",
      rpcs: whole,
      messages,
      copy,
      imports,
      ruled: (request) => (ruled ? edge.validated(this.#e, request) : request),
    });
  }

  /** @param later the share of its steps that may come later */
  #sub(effects: boolean, later: number, shared?: Shared): string {
    this.#effects = effects;
    this.#later = new Later(this.#e, later);
    this.#decides = later === 0;
    const text = this.#message("Sub", SUB, 2, { root: false, known: false, fields: [], shared });
    this.#subHasEffects = this.#effect !== undefined && this.#effect !== shared?.effect;
    this.#subComesLater = this.#later.any;
    return text;
  }
  /** The `let` of the service. @param composes whether it may compose Sub */
  #service(known: boolean, effects: boolean, composes: boolean): { readonly text: string; readonly shared: Shared } {
    this.#begin("v", undefined);
    this.#effects = effects;
    this.#e.plain = ["headers['x-a'] == 'a'"];
    this.#e.knows("string", "headers['x-a']");
    if (known) this.#principal();
    const made = [this.#call(this.#name())];
    this.#e.conditions = Array.from({ length: 2 }, () => this.#e.atom());
    for (let i = this.#e.below(3); i > 0; i--) made.push(this.#step(composes));
    const { steps, soft, failing } = this.#e;
    const shared = {
      known: new Map(this.#e.known),
      steps: steps.filter((step) => step !== "principal"),
      soft,
      failing,
      fields: this.#fields,
      effect: this.#effect,
    };
    return { text: `let: [\n    ${made.join(",\n    ")}\n  ]`, shared };
  }
  #begin(prefix: string, shared: Shared | undefined): void {
    this.#e.known.clear();
    for (const [type, all] of shared?.known ?? []) this.#e.known.set(type, [...all]);
    this.#e.steps = [...(shared?.steps ?? [])];
    this.#e.soft = [...(shared?.soft ?? [])];
    this.#e.failing = [...(shared?.failing ?? [])];
    for (const [type, path] of this.#declared.known) if (this.#e.chance(0.5)) this.#e.knows(type, path);
    this.#e.conditions = [];
    this.#e.presences = [];
    this.#fields = [];
    this.#oneofs = [];
    this.#count = 0;
    this.#prefix = prefix;
    this.#effect = shared?.effect;
    this.#loose = this.#effect === undefined && this.#e.chance(0.2);
  }
  #principal(): void {
    this.#e.knows("string", "principal.subject");
    this.#e.knows("strings", "principal.realms");
    this.#e.steps.push("principal");
  }

  #message(name: string, args: readonly Type[], steps: number, so: Around): string {
    const { root, known, shared } = so;
    this.#begin("s", shared);
    const constant = this.#optionals ? "1 == 2" : "headers['x-a'] == 'a'";
    this.#e.plain = root ? ["args.flag", "args.id == 'a'"] : [constant];
    if (root) {
      this.#e.knows("string", "args.id");
      this.#e.knows("string", "args.note");
      this.#e.knows("int", "args.n");
      this.#e.knows("bool", "args.flag");
      this.#e.knows("Kind", "args.kind");
      this.#e.knows("strings", "args.ids");
      this.#e.knows("Item", "args.item");
      this.#e.knows("Texts", "args.texts");
      this.#e.knows("Numbered", "args.numbered");
      this.#e.knows("SizeMap", "args.sizes");
      if (this.#followed) this.#e.knows("Item", "args.event");
    }
    for (const [i, type] of args.entries()) {
      this.#e.knows(type, `args.a${i}`);
      if (!this.#subAnswers) this.#e.steps.push(`args.a${i}`);
    }
    if (known) this.#principal();
    const made: string[] = [];
    // Names that conditions are about have to be there.
    made.push(...this.#later.of(this.#call(this.#name()), true));
    this.#e.conditions = Array.from({ length: 3 }, () => this.#e.atom());
    for (let i = 0; i < steps; i++) made.push(...this.#later.of(this.#step(root)));
    for (const type of ["string", "bool", "int", "Item", "Kind", "strings", ...MAPS] as const)
      if (this.#e.chance(0.6)) this.#field(FIELDS[type], this.#e.of(type, 3));
    for (const type of this.#optionals ? SCALARS : [])
      if (this.#e.chance(0.2)) this.#field(FIELDS[type], this.#e.of(type, 2));
    // The calls of a tested step start whatever a oneof chooses elsewhere.
    const testsSteps = this.#e.chance(0.6);
    for (const step of this.#e.steps)
      if (/^[sv]\d+$/.test(step) && (testsSteps || this.#e.chance(0.3))) this.#field("optional bool", `ok(${step})`);
    for (const [type, step] of shared?.fields ?? []) if (this.#e.chance(0.6)) this.#field(type, step);
    if (this.#e.chance(0.5)) this.#oneof();
    const fields = this.#fields.map(([type, by], i) => `${type} f${i + 1} = ${i + 1} [(bff.v1.field).by = "${by}"];`);
    fields.push(...wide.supplied(this.#e));
    const bound = root ? wide.autobound(this.#e) : undefined;
    if (bound !== undefined) made.push(bound.step);
    if (bound !== undefined) fields.push(bound.fields);
    return `message ${name} {
  option (bff.v1.message) = { let: [
    ${made.join(",\n    ")}
  ] };
  ${[...fields, ...this.#oneofs].join("\n  ")}
  ${[...so.fields, root ? "repeated bff.v1.Degradation degraded = 99;" : ""].join("\n  ")}
}`;
  }

  get #scalars(): readonly Type[] {
    return this.#optionals ? SCALARS.filter(() => this.#e.chance(0.3)) : [];
  }

  // ---- steps ----

  #step(root: boolean): string {
    const name = this.#name();
    const kind = this.#random();
    if (this.#upstream !== undefined && this.#e.chance(0.25)) return this.#thing(name, this.#upstream);
    if (this.#newest && root && this.#e.chance(0.15)) return this.#latest(name);
    if (kind < 0.25) return this.#call(name);
    if (kind < 0.35) return this.#batch(name);
    if (kind < 0.45) {
      const type = this.#e.pick(["string", "bool", "Item", "int", "strings", ...MAPS, ...this.#scalars] as const);
      const step = this.#modified(name, `by: "${this.#e.of(type, 2)}"`, type);
      this.#has(name, type);
      return step;
    }
    if (kind < 0.62) return this.#switch(name);
    if (kind < 0.72) {
      this.#count--;
      return `{ guard: { if: "${this.#e.decides()}" fail: { code: NOT_FOUND${this.#e.chance(0.3) ? ` message: "no {${constantOf(this.#random, "string")}}"` : ""} } } }`;
    }
    if (kind < 0.88 || !root) return this.#each(name, root);
    const source = `compose: { message: "Sub" args: [${this.#args()}] }`;
    const step = this.#modified(name, source, undefined, this.#subHasEffects ? this.#order() : undefined);
    this.#e.steps.push(name);
    this.#field("Sub", name);
    return step;
  }
  #args(it?: string): string {
    return SUB.map(
      (type, i) =>
        `{ name: "a${i}" by: "${it !== undefined && type === "string" ? it : this.#e.of(type, 1)}"${this.#e.if(0.35)} }`,
    ).join(", ");
  }
  #call(name: string): string {
    if (this.#effects && this.#e.chance(0.4)) return this.#write(name);
    const [method, type] = this.#e.pick([
      ["OrderService/GetOrder", "Order"],
      ["ItemService/GetItem", "Item"],
      ["ItemService/GetItem", "Item"],
      ["ItemService/FindItems", "Found"],
      ["ItemService/MapItems", "Mapped"],
    ] as const);
    const by = (of: Type, chance: number): string => `${this.#e.binding(of, chance)} }`;
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
      ...more.filter(() => this.#e.chance(0.5)).map((entry) => entry()),
      ...wide.spreadOf(this.#e, type),
    ];
    const metadata = this.#e.chance(0.2) ? ` metadata: { name: "x-a" ${by("string", 0.5)}` : "";
    const instead = constantOf(this.#random, type);
    const source = `call: { method: "up.v1.${method}" set: [${set.join(", ")}]${wide.requestOf(this.#e, type)}${metadata}${this.#onError(instead)}${ofCall(this.#e, "none")} }`;
    const step = this.#modified(name, source, type);
    this.#has(name, type);
    if (this.#optionals && !source.includes("cache:") && this.#e.chance(0.1))
      this.#e.knows("string", wide.besideOf(name));
    return step;
  }
  /** A call of the upstream that is the case's alone. */
  #thing(name: string, { call, members }: Upstream): string {
    const step = this.#modified(name, call(this.#e), undefined);
    this.#e.steps.push(name);
    for (const [type, member] of members) {
      if (this.#e.chance(0.7)) this.#e.knows(type, `${name}.${member}`);
      if (this.#e.chance(0.2)) this.#e.presences.push(`${name}.${member}`);
      if (this.#e.chance(0.2)) this.#field(FIELDS[type], `${name}.${member}`);
    }
    if (this.#e.chance(0.5)) this.#field("ThingCopy", name);
    return step;
  }
  #latest(name: string): string {
    const step = this.#modified(name, edge.latestOf(this.#e), undefined);
    this.#has(name, "Item");
    return step;
  }
  /** A call with side effects. */
  #write(name: string): string {
    const step = this.#modified(name, this.#writing(this.#e.of("string", 1)), "Order", this.#order());
    this.#has(name, "Order");
    return step;
  }
  #writing(of: string): string {
    const [method, field, effect] = this.#e.pick([
      ["PlaceOrder", "item_id", "some"],
      ["PayOrder", "id", "some"],
      ["CancelOrder", "id", "idempotent"],
    ] as const satisfies (readonly [string, string, Effect])[]);
    const more =
      method === "PlaceOrder" && this.#e.chance(0.5) ? `, { name: "key" ${this.#e.binding("string", 0.3)} }` : "";
    const rest = `${this.#onError(constantOf(this.#random, "Order"))}${ofCall(this.#e, effect)}`;
    return `call: { method: "up.v1.OrderService/${method}" set: [{ name: "${field}" by: "${of}" }${more}]${rest} }`;
  }
  /** Side effects come one after the other, or all of them as they like. */
  #order(): string {
    if (this.#loose) return " unordered: true";
    return this.#effect === undefined ? "" : ` after: "${this.#effect}"`;
  }
  #onError(instead: string): string {
    if (!this.#e.chance(0.25)) return "";
    // Interpreters differ about the reads of a rule that no failure reaches.
    const text = (): string => (this.#optionals ? this.#e.of("string", 1) : constantOf(this.#random, "string"));
    const some = (): string => (this.#optionals ? this.#e.if(0.6) : "");
    const rules = Array.from({ length: 1 + this.#e.below(2) }, () => {
      const then = this.#e.pick([
        "ignore: true",
        `fallback: "${instead}"`,
        this.#decides ? wide.failOf(this.#e, text) : "ignore: true",
      ]);
      const condition =
        this.#optionals && this.#e.chance(0.4)
          ? wide.overError(this.#e)
          : this.#e.pick(["error.code == 5", "error.code == 7"]);
      const error = this.#e.chance(0.3) ? ` if: "${condition}"` : some();
      return `{ on: ${this.#e.pick(["ANY", "NOT_FOUND", "UNAVAILABLE"])}${error} ${then} }`;
    });
    return ` on_error: [${rules.join(", ")}]`;
  }
  #batch(name: string): string {
    const many = this.#e.chance(0.2);
    const source = this.#e.chance(0.3)
      ? `call: { method: "up.v1.ItemService/MapItems" batch: { name: "ids" by: "${this.#e.of("string", 1)}" items: "items" } }`
      : `call: { method: "up.v1.ItemService/BatchGetItems"${ofCall(this.#e, "none")} set: { name: "locale" ${this.#e.binding("string", 0.4)} } batch: { name: "ids" by: "${this.#e.of("string", 1)}" items: "items" ${wide.keyOf(this.#e)}${many ? " many: true" : ""} }${wide.rescueOfBatch(this.#e, many)} }`;
    const type = many && source.includes("many") ? "Items" : "Item";
    const step = this.#modified(name, source, type);
    this.#has(name, type);
    return step;
  }
  #switch(name: string): string {
    const type = this.#e.pick(["string", "bool", "Item", "int", ...MAPS, ...this.#scalars] as const);
    const cases = Array.from(
      { length: 1 + this.#e.below(3) },
      () => `{ if: "${this.#e.bool(2)}" by: "${this.#e.of(type, 2)}" }`,
    );
    const otherwise = this.#e.chance(0.6) ? ` default: "${this.#e.of(type, 2)}"` : "";
    const step = this.#modified(name, `switch: { case: [${cases.join(", ")}]${otherwise} }`, type);
    this.#has(name, type);
    return step;
  }
  #each(name: string, root: boolean): string {
    const lists = this.#e.pick(["strings", "Items", "strings", "Sizes"] as const);
    const element = ELEMENTS[lists] ?? "string";
    const list = this.#e.of(lists, 1);
    const text = { strings: "it", Items: "it.id", Sizes: "string(it.width)" }[lists];
    const made = this.#e.with(element, "it", () => {
      const key = this.#e.chance(0.4) ? this.#e.pick(["string", "int"] as const) : undefined;
      const keyed =
        key === undefined ? "" : ` key: "${this.#e.chance(0.5) && key === "string" ? text : this.#e.of(key, 1)}"`;
      const some = this.#e.if(0.5);
      const kind = this.#random();
      if (kind < 0.35) {
        const of = key === undefined ? "strings" : key === "int" ? "Numbered" : "Texts";
        return [`${some}${keyed} by: "${this.#e.of("string", 2)}"`, of, key] as const;
      }
      if (kind < 0.6 && root && !this.#subComesLater)
        return [
          `${this.#subHasEffects ? " concurrent: 1" : ""}${some}${keyed} compose: { message: "Sub" args: [${this.#args(text)}] }`,
          undefined,
          key,
        ] as const;
      const partial = this.#e.chance(0.3) ? " partial: true" : "";
      if (this.#effects && this.#e.chance(0.4))
        return [
          ` concurrent: 1${some}${partial}${keyed} ${this.#writing(this.#e.chance(0.5) ? text : this.#e.of("string", 1))}`,
          "Orders",
          key,
        ] as const;
      return [
        `${some}${partial}${keyed} call: { method: "up.v1.ItemService/GetItem" set: { name: "id" ${this.#e.binding("string", 0.2)} }${this.#onError("up.v1.Item{id: 'f'}")}${ofCall(this.#e, "none")} }`,
        key === undefined ? "Items" : key === "string" ? "ItemMap" : "NumberedItems",
        key,
      ] as const;
    });
    const [rest, type, key] = made;
    const writes = type === "Orders" || (type === undefined && this.#subHasEffects);
    const source = `each: { var: "it" in: "${list}" max: 10${rest} }`;
    const step = this.#modified(name, source, undefined, writes ? this.#order() : undefined);
    if (type !== undefined && type !== "NumberedItems" && type !== "Orders") {
      this.#has(name, type);
      return step;
    }
    const value = type === undefined ? "Sub" : type === "Orders" ? "OrderCopy" : "ItemCopy";
    this.#e.steps.push(name);
    this.#field(key === undefined ? `repeated ${value}` : `map<${key === "int" ? "int64" : key}, ${value}>`, name);
    return step;
  }
  /** @param order of a step with side effects: after which others it comes */
  #modified(name: string, source: string, type: Type | undefined, order?: string): string {
    if (order !== undefined) this.#effect = name;
    const when = this.#e.if(0.3);
    const rest = type !== undefined && this.#e.chance(0.12) ? ` fallback: "${constantOf(this.#random, type)}"` : "";
    const all = `${source}${when}${rest}`;
    const soft =
      rest !== "" ||
      /args\.a\d/.test(all) ||
      this.#e.chance(0.6) ||
      this.#e.soft.some((step) => new RegExp(`\\b${step}\\b`).test(all));
    if (soft) this.#e.soft.push(name);
    if (soft && source.startsWith("call:") && !source.includes("on_error")) this.#e.failing.push(name);
    return `{ name: "${name}"${soft ? " supplementary: true" : ""}${when}${rest}${order ?? ""} ${source} }`;
  }

  // ---- fields ----

  #oneof(): void {
    const members = Array.from({ length: 2 + this.#e.below(2) }, (_, i) => {
      const number = 50 + i;
      return `string m${i} = ${number} [(bff.v1.field) = { by: "${this.#e.of("string", 2)}" if: "${this.#e.bool(2)}" }];`;
    });
    const last = this.#e.chance(0.4) ? ` string m9 = 59 [(bff.v1.field) = { by: "'z'" default: true }];` : "";
    this.#oneofs.push(`oneof one { ${members.join(" ")}${last} }`);
  }
  #field(type: string, by: string): void {
    this.#fields.push([type, by]);
  }

  #name(): string {
    return `${this.#prefix}${this.#count++}`;
  }
  #has(name: string, type: Type): void {
    this.#e.steps.push(name);
    this.#e.knows(type, name);
    if (this.#e.chance(0.4)) this.#field(FIELDS[type], name);
  }
}
