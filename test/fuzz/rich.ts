// Random BFFs that use much of the language in one message: steps of all kinds over each other, and the same few conditions in all places
// that take one, so that they contradict each other.
import type { Case } from "./cases.ts";
import { pick, randomFrom } from "./random.ts";
import { constantOf, ELEMENTS, FIELDS, MEMBERS, PRESENCE, type Type } from "./rich-types.ts";

export function richCase(seed: number, index: number): Case {
  const random = randomFrom(Math.imul(seed, 0x85ebca6b) ^ Math.imul(index + 1, 0x9e3779b1));
  const folder = `f${index}`;
  const file = `${folder}/app.proto`;
  const protos = { [file]: new Rich(random).file(folder) };
  return { index, base: { name: "rich", protos }, folder, file, mutations: [], protos };
}

class Rich {
  readonly #random: () => number;
  readonly #known = new Map<Type, string[]>();
  /** Steps, and what else may be absent. */
  #steps: string[] = [];
  /** Of these, those that a failure may leave without a value. */
  #soft: string[] = [];
  /** Of these, those of which one may ask why. */
  #failing: string[] = [];
  /** The few conditions that are taken again and again. */
  #conditions: string[] = [];
  #fields: string[] = [];
  /** A condition over what is always there, and others like it. */
  #plain: readonly string[] = [];
  #count = 0;

  constructor(random: () => number) {
    this.#random = random;
  }
  file(folder: string): string {
    const known = this.#chance(0.25);
    const streams = this.#chance(0.12);
    const sub = this.#message("Sub", ["Item", "string", "bool"], 2, false, false);
    const page = this.#message("Page", [], 3 + this.#below(4), true, known, streams);
    const identity = known
      ? `identity: { type: "Principal" source: { name: "user" jwt: { issuer: "https://auth.shop.example" audience: "shop" } set: [ { name: "subject" by: "credential.subject" }, { name: "realms" by: "credential.scopes" } ] } }`
      : "";
    const stream = `option (bff.v1.method).stream = { var: "event" call: { method: "up.v1.ItemService/WatchItem" set: { name: "id" by: "args.id" } } };`;
    return `syntax = "proto3";
package ${folder}.app.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
import "up/v1/up.proto";
${identity === "" ? "" : `option (bff.v1.file) = { ${identity} };`}
${known ? "message Principal { string subject = 1; optional string tenant = 2; repeated string realms = 3; }" : ""}
service PageService {
  option (bff.v1.service) = { ${known ? "permit: { public: true }" : ""} };
  rpc GetPage(GetPageRequest) returns (${streams ? "stream " : ""}Page) { ${streams ? stream : ""} }
}
message GetPageRequest { string id = 1; bool flag = 2; int64 n = 3; optional string note = 4; repeated string ids = 5; up.v1.Kind kind = 6; up.v1.Item item = 7; }
${page}
${sub}
message ItemCopy { option (bff.v1.message).alias = "up.v1.Item"; string id = 1; optional string note = 2; SizeCopy size = 3; up.v1.Kind kind = 4; repeated SizeCopy sizes = 5; }
message SizeCopy { option (bff.v1.message).alias = "up.v1.Size"; int32 width = 1; }
message OrderCopy { option (bff.v1.message).alias = "up.v1.Order"; string id = 1; }
`;
  }

  #message(name: string, args: readonly Type[], steps: number, root: boolean, known: boolean, streams = false): string {
    this.#known.clear();
    this.#steps = [];
    this.#soft = [];
    this.#failing = [];
    this.#fields = [];
    this.#count = 0;
    this.#plain = root ? ["args.flag", "args.id == 'a'"] : ["1 == 2"];
    if (root) {
      this.#knows("string", "args.id");
      this.#knows("string", "args.note");
      this.#knows("int", "args.n");
      this.#knows("bool", "args.flag");
      this.#knows("Kind", "args.kind");
      this.#knows("strings", "args.ids");
      this.#knows("Item", "args.item");
      if (streams) this.#knows("Item", "args.event");
    }
    for (const [i, type] of args.entries()) {
      this.#knows(type, `args.a${i}`);
      this.#steps.push(`args.a${i}`);
    }
    if (known) {
      this.#knows("string", "principal.subject");
      this.#knows("strings", "principal.realms");
      this.#steps.push("principal");
    }
    this.#conditions = [];
    const made: string[] = [];
    // Names that conditions are about have to be there.
    made.push(this.#call(this.#name()));
    this.#conditions = Array.from({ length: 3 }, () => this.#atom());
    for (let i = 0; i < steps; i++) made.push(this.#step(root));
    for (const type of ["string", "bool", "int", "Item", "Kind", "strings"] as const)
      if (this.#chance(0.6)) this.#field(FIELDS[type], this.#of(type, 3));
    for (const step of this.#steps) if (/^s\d+$/.test(step)) this.#field("optional bool", `ok(${step})`);
    if (this.#chance(0.5)) this.#oneof();
    return `message ${name} {
  option (bff.v1.message) = { let: [
    ${made.join(",\n    ")}
  ] };
  ${this.#fields.join("\n  ")}
  ${root ? "repeated bff.v1.Degradation degraded = 99;" : ""}
}`;
  }

  // ---- expressions ----

  #of(type: Type, depth: number): string {
    const known = this.#known.get(type) ?? [];
    if (depth <= 0 || this.#chance(0.35)) return known.length > 0 ? this.#pick(known) : constantOf(this.#random, type);
    const kind = this.#random();
    if (kind < 0.3) return `(${this.#bool(depth - 1)} ? ${this.#of(type, depth - 1)} : ${this.#of(type, depth - 1)})`;
    if (kind < 0.36) {
      const of = this.#pick(["string", "bool", "Item"] as const);
      const bound = this.#of(of, depth - 1);
      return this.#with(of, "b", () => `cel.bind(b, ${bound}, ${this.#of(type, depth - 1)})`);
    }
    switch (type) {
      case "string":
        return this.#pick([
          () => `${this.#of("string", depth - 1)} + ${this.#of("string", depth - 1)}`,
          () => `string(${this.#of("int", depth - 1)})`,
          () => `${this.#item(depth - 1)}.?note.orValue(${this.#of("string", depth - 1)})`,
          () => `${this.#of("strings", depth - 1)}[0]`,
          () => `${this.#of("strings", depth - 1)}[?0].orValue('none')`,
          () => `${this.#item(depth - 1)}.attributes[?'k'].orValue(${this.#of("string", depth - 1)})`,
          () => constantOf(this.#random, "string"),
        ])();
      case "int":
        return this.#pick([
          () => `${this.#of("strings", depth - 1)}.size()`,
          () => `(${this.#of("int", depth - 1)} + ${this.#of("int", depth - 1)})`,
          () => `size(${this.#of("string", depth - 1)})`,
          () => constantOf(this.#random, "int"),
        ])();
      case "bool":
        return this.#bool(depth);
      case "strings":
      case "Items":
      case "Sizes": {
        const element = ELEMENTS[type] ?? "string";
        const list = this.#of(type, depth - 1);
        return this.#with(element, "e", () =>
          this.#pick([
            () => `${list}.filter(e, ${this.#bool(depth - 1)})`,
            () => `${list}.map(e, ${this.#of(element, depth - 1)})`,
            () => `${list}.map(e, ${this.#bool(depth - 1)}, ${this.#of(element, depth - 1)})`,
          ])(),
        );
      }
      case "Item":
        return this.#chance(0.4)
          ? `up.v1.Item{id: ${this.#of("string", depth - 1)}, ?note: ${this.#bool(depth - 1)} ? optional.of(${this.#of("string", depth - 1)}) : optional.none()}`
          : this.#pick([
              () => `${this.#of("Items", depth - 1)}[0]`,
              () => `${this.#of("Items", depth - 1)}.filter(e, e.id != '')[0]`,
            ])();
      default:
        return known.length > 0 ? this.#pick(known) : constantOf(this.#random, type);
    }
  }
  #item(depth: number): string {
    const items = this.#known.get("Item") ?? [];
    return items.length > 0 && this.#chance(0.8) ? this.#pick(items) : this.#of("Item", depth);
  }
  #bool(depth: number): string {
    if (this.#conditions.length > 0 && this.#chance(0.55)) {
      const one = this.#pick(this.#conditions);
      return this.#chance(one.startsWith("ok(") ? 0.12 : 0.35) ? `!(${one})` : one;
    }
    if (depth <= 0 || this.#chance(0.3)) return this.#atom();
    return this.#pick([
      () => `(${this.#bool(depth - 1)} && ${this.#bool(depth - 1)})`,
      () => `(${this.#bool(depth - 1)} || ${this.#bool(depth - 1)})`,
      () => `!(${this.#bool(depth - 1)})`,
      () => `(${this.#bool(depth - 1)} ? ${this.#bool(depth - 1)} : ${this.#bool(depth - 1)})`,
      () => `(${this.#bool(depth - 1)} == ${this.#pick(["true", "false"])})`,
      () => {
        const list = this.#of("strings", depth - 1);
        return this.#with(
          "string",
          "x",
          () => `${list}.${this.#pick(["exists", "all", "exists_one"])}(x, ${this.#bool(depth - 1)})`,
        );
      },
    ])();
  }
  /** What can be evaluated whatever is absent. */
  #decides(): string {
    const sure = this.#conditions.filter((one) => /^!?\(?!?ok\(\w+\)\)?$|^args\.flag/.test(one));
    const atoms = [...sure, ...this.#steps.map((step) => `ok(${step})`), ...this.#plain];
    const one = (): string => `${this.#chance(0.3) ? "!" : ""}(${this.#pick(atoms)})`;
    return Array.from({ length: 1 + this.#below(3) }, one).join(this.#pick([" && ", " || "]));
  }
  #atom(): string {
    const asked = this.#steps;
    return this.#pick([
      () => (asked.length > 0 ? `ok(${this.#pick(asked)})` : this.#pick(this.#plain)),
      () => (asked.length > 0 ? `ok(${this.#pick(asked)})` : this.#pick(this.#plain)),
      () => (asked.length > 0 && this.#chance(0.3) ? `!ok(${this.#pick(asked)})` : this.#pick(this.#plain)),
      () => {
        const items = this.#known.get("Item") ?? [];
        return items.length > 0
          ? `has(${this.#pick(items.filter((one) => !one.includes("(")))}.${this.#pick(PRESENCE)})`
          : "true";
      },
      () => `${this.#of("string", 0)} ${this.#pick(["==", "!="])} ${this.#pick(["'a'", "'b'", "'a'"])}`,
      () => `${this.#of("Kind", 0)} == up.v1.Kind.${this.#pick(["KIND_BOOK", "KIND_FILM"])}`,
      () => `${this.#of("int", 0)} ${this.#pick(["==", "<", ">="])} ${this.#pick(["1", "2"])}`,
      () => this.#pick(this.#known.get("bool") ?? ["true"]),
      () => (this.#failing.length > 0 ? `failure(${this.#pick(this.#failing)}).hasValue()` : "true"),
      () =>
        this.#soft.length > 0
          ? `failure(${this.#pick(this.#soft)}).?code.orValue(0) == ${this.#pick(["5", "7"])}`
          : "false",
    ])();
  }
  // ---- steps ----

  #step(root: boolean): string {
    const name = this.#name();
    const kind = this.#random();
    if (kind < 0.25) return this.#call(name);
    if (kind < 0.35) return this.#batch(name);
    if (kind < 0.45) {
      const type = this.#pick(["string", "bool", "Item", "int", "strings"] as const);
      const step = this.#modified(name, `by: "${this.#of(type, 2)}"`, type);
      this.#has(name, type);
      return step;
    }
    if (kind < 0.62) return this.#switch(name);
    if (kind < 0.72) {
      this.#count--;
      return `{ guard: { if: "${this.#decides()}" fail: { code: NOT_FOUND${this.#chance(0.3) ? ` message: "no {${constantOf(this.#random, "string")}}"` : ""} } } }`;
    }
    if (kind < 0.88 || !root) return this.#each(name, root);
    const step = this.#modified(name, `compose: { message: "Sub" args: [${this.#args()}] }`, undefined);
    this.#steps.push(name);
    this.#field("Sub", name);
    return step;
  }
  #args(it?: string): string {
    const types: readonly Type[] = ["Item", "string", "bool"];
    return types
      .map(
        (type, i) =>
          `{ name: "a${i}" by: "${it !== undefined && type === "string" ? it : this.#of(type, 1)}"${this.#if(0.35)} }`,
      )
      .join(", ");
  }
  #call(name: string): string {
    const order = this.#chance(0.25);
    const [method, type] = order
      ? (["OrderService/GetOrder", "Order"] as const)
      : (["ItemService/GetItem", "Item"] as const);
    const locale =
      order || this.#chance(0.5) ? "" : `, { name: "locale" by: "${this.#of("string", 1)}"${this.#if(0.6)} }`;
    const metadata = this.#chance(0.2)
      ? ` metadata: { name: "x-a" by: "${this.#of("string", 1)}"${this.#if(0.5)} }`
      : "";
    const source = `call: { method: "up.v1.${method}" set: [{ name: "id" by: "${this.#of("string", 1)}"${this.#if(0.15)} }${locale}]${metadata}${this.#onError(`up.v1.${type}{id: 'f'}`)} }`;
    const step = this.#modified(name, source, type);
    this.#has(name, type);
    return step;
  }
  #onError(instead: string): string {
    if (!this.#chance(0.25)) return "";
    const rules = Array.from({ length: 1 + this.#below(2) }, () => {
      const then = this.#pick([
        "ignore: true",
        `fallback: "${instead}"`,
        `fail: { code: ABORTED message: "{${this.#of("string", 1)}}" }`,
      ]);
      const error = this.#chance(0.3) ? ` if: "error.code == ${this.#pick(["5", "7"])}"` : this.#if(0.6);
      return `{ on: ${this.#pick(["ANY", "NOT_FOUND", "UNAVAILABLE"])}${error} ${then} }`;
    });
    return ` on_error: [${rules.join(", ")}]`;
  }
  #batch(name: string): string {
    const many = this.#chance(0.2);
    const source = this.#chance(0.3)
      ? `call: { method: "up.v1.ItemService/MapItems" batch: { name: "ids" by: "${this.#of("string", 1)}" items: "items" } }`
      : `call: { method: "up.v1.ItemService/BatchGetItems" set: { name: "locale" by: "${this.#of("string", 1)}"${this.#if(0.4)} } batch: { name: "ids" by: "${this.#of("string", 1)}" items: "items" key: "id"${many ? " many: true" : ""} } }`;
    const type = many && source.includes("many") ? "Items" : "Item";
    const step = this.#modified(name, source, type);
    this.#has(name, type);
    return step;
  }
  #switch(name: string): string {
    const type = this.#pick(["string", "bool", "Item", "int"] as const);
    const cases = Array.from(
      { length: 1 + this.#below(3) },
      () => `{ if: "${this.#bool(2)}" by: "${this.#of(type, 2)}" }`,
    );
    const otherwise = this.#chance(0.6) ? ` default: "${this.#of(type, 2)}"` : "";
    const step = this.#modified(name, `switch: { case: [${cases.join(", ")}]${otherwise} }`, type);
    this.#has(name, type);
    return step;
  }
  #each(name: string, root: boolean): string {
    const lists = this.#pick(["strings", "Items", "strings"] as const);
    const element = ELEMENTS[lists] ?? "string";
    const list = this.#of(lists, 1);
    const made = this.#with(element, "it", () => {
      const some = this.#if(0.5);
      const kind = this.#random();
      if (kind < 0.35) return [`${some} by: "${this.#of("string", 2)}"`, "strings"] as const;
      if (kind < 0.6 && root)
        return [
          `${some} compose: { message: "Sub" args: [${this.#args(element === "string" ? "it" : "it.id")}] }`,
          undefined,
        ] as const;
      const partial = this.#chance(0.3) ? " partial: true" : "";
      return [
        `${some}${partial} call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "${this.#of("string", 1)}"${this.#if(0.2)} }${this.#onError("up.v1.Item{id: 'f'}")} }`,
        "Items",
      ] as const;
    });
    const [text, type] = made;
    const step = this.#modified(name, `each: { var: "it" in: "${list}" max: 10${text} }`, type, false);
    if (type === undefined) {
      this.#steps.push(name);
      this.#field("repeated Sub", name);
    } else this.#has(name, type);
    return step;
  }
  #modified(name: string, source: string, type: Type | undefined, fallback = true): string {
    const when = this.#if(0.3);
    const rest =
      fallback && type !== undefined && this.#chance(0.12) ? ` fallback: "${constantOf(this.#random, type)}"` : "";
    const all = `${source}${when}${rest}`;
    const soft =
      rest !== "" ||
      /args\.a\d/.test(all) ||
      this.#chance(0.6) ||
      this.#soft.some((one) => new RegExp(`\\b${one}\\b`).test(all));
    if (soft) this.#soft.push(name);
    if (soft && source.startsWith("call:") && !source.includes("on_error")) this.#failing.push(name);
    return `{ name: "${name}"${soft ? " supplementary: true" : ""}${when}${rest} ${source} }`;
  }

  // ---- fields ----

  #oneof(): void {
    const members = Array.from({ length: 2 + this.#below(2) }, (_, i) => {
      const number = 50 + i;
      return `string m${i} = ${number} [(bff.v1.field) = { by: "${this.#of("string", 2)}" if: "${this.#bool(2)}" }];`;
    });
    const last = this.#chance(0.4) ? ` string m9 = 59 [(bff.v1.field) = { by: "'z'" default: true }];` : "";
    this.#fields.push(`oneof one { ${members.join(" ")}${last} }`);
  }
  #field(type: string, by: string): void {
    const number = this.#fields.length + 1;
    this.#fields.push(`${type} f${number} = ${number} [(bff.v1.field).by = "${by}"];`);
  }

  // ---- what is there ----

  #name(): string {
    return `s${this.#count++}`;
  }
  #has(name: string, type: Type): void {
    this.#steps.push(name);
    this.#knows(type, name);
    if (this.#chance(0.4)) this.#field(FIELDS[type], name);
  }
  #knows(type: Type, path: string): void {
    this.#known.set(type, [...(this.#known.get(type) ?? []), path]);
    for (const [of, member] of MEMBERS[type] ?? [])
      if (this.#chance(0.5) && path.split(".").length < 4) this.#knows(of, `${path}.${member}`);
  }
  /** With another name while an expression is made. */
  #with<T>(type: Type, name: string, make: () => T): T {
    const before = new Map([...this.#known].map(([of, all]) => [of, [...all]] as const));
    this.#knows(type, name);
    this.#knows(type, name);
    const made = make();
    this.#known.clear();
    for (const [of, all] of before) this.#known.set(of, [...all]);
    return made;
  }
  #if(chance: number): string {
    return this.#chance(chance) ? ` if: "${this.#bool(2)}"` : "";
  }
  #pick<T>(of: readonly T[]): T {
    const one = pick(of, this.#random);
    if (one === undefined) throw new Error("nothing to pick from");
    return one;
  }
  #chance(chance: number): boolean {
    return this.#random() < chance;
  }
  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }
}
