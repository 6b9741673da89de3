// Random expressions over what a message of a random BFF reads: the same few conditions again and again, so that they contradict each other.
import { pick } from "../random.ts";
import { type Member, type MissingField, readOf, testOf } from "./rich-composed.ts";
import { constantOf, ELEMENTS, ENTRIES, MEMBERS, MORE, PRESENCE, type Type } from "./rich-types.ts";
import { functionCallOf, scalarIn } from "./rich-wide.ts";

export const MAPS = ["Texts", "Numbered", "SizeMap", "ItemMap"] as const;

export class Expressions {
  readonly #random: () => number;
  readonly #optionals: boolean;
  readonly known = new Map<Type, string[]>();
  /** Steps, and what else may be absent. */
  steps: string[] = [];
  /** Steps among them that a failure may leave without a value. */
  soft: string[] = [];
  /** Steps among them that `failure(step)` may read. */
  failing: string[] = [];
  /** The few conditions that are taken again and again. */
  conditions: string[] = [];
  /** Members whose presence expressions may test. */
  presences: string[] = [];
  /** Members of messages that steps compose. */
  readonly members = new Map<string, readonly Member[]>();
  /** Fields of composed values that may be missing. */
  missing: MissingField[] = [];
  /** A condition over what is always there, and others like it. */
  plain: readonly string[] = [];

  /**
   * @param optionals whether lists, maps and messages have entries with `?`, which only some interpreters of CEL
   * support
   */
  constructor(random: () => number, optionals: boolean) {
    this.#random = random;
    this.#optionals = optionals;
  }
  /** True if expressions and options may contain parts that no oracle supports. */
  get wide(): boolean {
    return this.#optionals;
  }
  /** True if the file declares functions. */
  functions = false;

  // ---- expressions ----

  of(type: Type, depth: number): string {
    const known = this.known.get(type) ?? [];
    if (depth <= 0 || this.chance(0.35)) return known.length > 0 ? this.pick(known) : this.#constant(type);
    const kind = this.#random();
    if (kind < 0.3) return `(${this.bool(depth - 1)} ? ${this.of(type, depth - 1)} : ${this.of(type, depth - 1)})`;
    if (kind < 0.36) {
      const of = this.pick(["string", "bool", "Item"] as const);
      const bound = this.of(of, depth - 1);
      return this.with(of, "b", () => `cel.bind(b, ${bound}, ${this.of(type, depth - 1)})`);
    }
    const read = this.missing.length > 0 && kind < 0.5 ? readOf(this, type, depth - 1) : undefined;
    if (read !== undefined) return read;
    const call = this.functions && kind > 0.94 ? functionCallOf(this, type, depth - 1) : undefined;
    if (call !== undefined) return call;
    if (this.wide && kind > 0.86 && (type === "string" || type === "int")) return scalarIn(this, type, depth - 1);
    switch (type) {
      case "string":
        if (this.wide && this.soft.length > 0 && kind > 0.92) return this.#why();
        return this.pick([
          () => `${this.of("string", depth - 1)} + ${this.of("string", depth - 1)}`,
          () => `string(${this.of("int", depth - 1)})`,
          () => `${this.item(depth - 1)}.?note.orValue(${this.of("string", depth - 1)})`,
          () => this.#at("strings", depth),
          () => this.#firstOf(this.of("strings", depth - 1)),
          () => this.#entryOf(`${this.item(depth - 1)}.attributes`, "'k'", this.of("string", depth - 1)),
          () => this.#entryOf(this.of("Texts", depth - 1), this.of("string", depth - 1), this.of("string", depth - 1)),
          () => this.#entryOf(this.of("Numbered", depth - 1), this.of("int", depth - 1), "'none'"),
          () => constantOf(this.#random, "string"),
        ])();
      case "int":
        return this.pick([
          () => `${this.of("strings", depth - 1)}.size()`,
          () => `size(${this.of(this.pick(MAPS), depth - 1)})`,
          () => `(${this.of("int", depth - 1)} + ${this.of("int", depth - 1)})`,
          () => `size(${this.of("string", depth - 1)})`,
          () => constantOf(this.#random, "int"),
        ])();
      case "bool":
        return this.bool(depth);
      case "strings":
      case "Items":
      case "Kinds":
      case "Sizes": {
        if (this.chance(0.25)) return this.#values(type, depth);
        const element = ELEMENTS[type] ?? "string";
        const list = this.of(type, depth - 1);
        return this.with(element, "e", () =>
          this.pick([
            () => `${list}.filter(e, ${this.bool(depth - 1)})`,
            () => `${list}.map(e, ${this.of(element, depth - 1)})`,
            () => `${list}.map(e, ${this.bool(depth - 1)}, ${this.of(element, depth - 1)})`,
          ])(),
        );
      }
      case "Texts":
      case "Numbered":
      case "SizeMap":
      case "ItemMap":
        return this.#map(type, depth);
      case "Item":
        return this.chance(0.4)
          ? this.#made(depth)
          : this.pick([
              () => this.#at("Items", depth),
              () => this.#at("ItemMap", depth),
              () => this.#at("Items", depth, ".filter(e, e.id != '')"),
            ])();
      default:
        return known.length > 0 ? this.pick(known) : this.#constant(type);
    }
  }
  #map(type: Type, depth: number): string {
    const [key = "string", value = "string", values = "strings"] = ENTRIES[type] ?? [];
    return this.pick([
      () => `{${this.of(key, depth - 1)}: ${this.of(value, depth - 1)}}`,
      () => this.#two(key, value, depth),
      () => {
        const from = this.pick(MAPS.filter((map) => ENTRIES[map]?.[0] === key));
        const of = this.of(from, depth - 1);
        return this.withEntry(from, () => {
          const some = this.chance(0.4) ? `${this.bool(depth - 1)}, ` : "";
          return `${of}.transformMap(k, v, ${some}${this.of(value, depth - 1)})`;
        });
      },
      () => {
        const list = this.of(values, depth - 1);
        return this.with(value, "v", () =>
          this.with(
            "int",
            "i",
            () =>
              `${list}.transformMapEntry(i, v, {${key === "int" ? "i" : "string(i)"}: ${this.of(value, depth - 1)}})`,
          ),
        );
      },
    ])();
  }
  #two(key: "string" | "int", value: Type, depth: number): string {
    const [a, b] = key === "int" ? ["1", "2"] : ["'a'", "'b'"];
    const first = `{${a}: ${this.of(value, 0)}`;
    if (!this.#optionals) return `${first}, ${b}: ${this.of(value, depth - 1)}}`;
    return `${first}, ?${b}: ${this.bool(depth - 1)} ? optional.of(${this.of(value, depth - 1)}) : optional.none()}`;
  }
  #made(depth: number): string {
    const first = `up.v1.Item{id: ${this.of("string", depth - 1)}`;
    if (!this.#optionals) return `${first}, attributes: ${this.of("Texts", depth - 1)}}`;
    return `${first}, ?note: ${this.bool(depth - 1)} ? optional.of(${this.of("string", depth - 1)}) : optional.none()}`;
  }
  #firstOf(list: string): string {
    return this.#optionals ? `${list}[?0].orValue('none')` : `cel.bind(l, ${list}, l.size() > 0 ? l[0] : 'none')`;
  }
  /** Reads an element that may be absent; without optionals the expression tests for it first. */
  #at(type: "strings" | "Items" | "ItemMap", depth: number, more = ""): string {
    const of = `${this.of(type, depth - 1)}${more}`;
    const otherwise = type === "strings" ? "'none'" : "up.v1.Item{}";
    if (type === "ItemMap") {
      const key = this.of("string", depth - 1);
      return this.#optionals ? `${of}[${key}]` : this.#entryOf(of, key, otherwise);
    }
    return this.#optionals ? `${of}[0]` : `cel.bind(l, ${of}, l.size() > 0 ? l[0] : ${otherwise})`;
  }
  /**
   * Returns the binding of an entry, perhaps with an `if`. Interpreters differ about the inputs of such an entry while
   * the `if` does not hold.
   */
  binding(type: Type, chance: number, depth = 1): string {
    if (this.#optionals || !this.chance(chance))
      return `by: "${this.of(type, depth)}"${this.#optionals ? this.if(chance) : ""}`;
    return `by: "${this.#constant(type)}" if: "${this.pick(this.plain)}"`;
  }
  #entryOf(map: string, key: string, otherwise: string): string {
    if (this.#optionals) return `${map}[?${key}].orValue(${otherwise})`;
    return `cel.bind(m, ${map}, ${key} in m ? m[${key}] : ${otherwise})`;
  }
  /** A list out of a map. */
  #values(type: Type, depth: number): string {
    const element = ELEMENTS[type] ?? "string";
    const map = this.pick(MAPS);
    const of = this.of(map, depth - 1);
    const [key = "string"] = ENTRIES[map] ?? [];
    if (this.chance(0.3)) return this.with(key, "k", () => `${of}.map(k, ${this.of(element, depth - 1)})`);
    return this.withEntry(map, () => {
      const some = this.chance(0.3) ? `${this.bool(depth - 1)}, ` : "";
      return `${of}.transformList(k, v, ${some}${this.of(element, depth - 1)})`;
    });
  }
  /** With an entry of the map as k and v. */
  withEntry(map: Type, make: () => string): string {
    const [key = "string", value = "string"] = ENTRIES[map] ?? [];
    return this.with(key, "k", () => this.with(value, "v", make));
  }
  #constant(type: Type): string {
    if (type === "Subs" || type === "Overs") {
      const items = this.known.get(type === "Subs" ? "Sub" : "Over") ?? [];
      return `[${Array.from({ length: 1 + this.below(2) }, () => this.pick(items)).join(", ")}]`;
    }
    // Only the compiler folds constant conditions, so that the oracle would expect other reads.
    return type === "bool" && !this.#optionals ? this.pick(this.plain) : constantOf(this.#random, type);
  }
  /** Reports whether there are values of a list of composed messages, or of its items. */
  hasItems(type: "Subs" | "Overs"): boolean {
    return [type, ELEMENTS[type] ?? type].some((of) => (this.known.get(of) ?? []).length > 0);
  }
  item(depth: number): string {
    const items = this.known.get("Item") ?? [];
    return items.length > 0 && this.chance(0.8) ? this.pick(items) : this.of("Item", depth);
  }
  bool(depth: number): string {
    if (this.conditions.length > 0 && this.chance(0.55)) {
      const condition = this.pick(this.conditions);
      return this.chance(condition.startsWith("ok(") ? 0.12 : 0.35) ? `!(${condition})` : condition;
    }
    if (depth <= 0 || this.chance(0.3)) return this.atom();
    return this.pick([
      () => `(${this.bool(depth - 1)} && ${this.bool(depth - 1)})`,
      () => `(${this.bool(depth - 1)} || ${this.bool(depth - 1)})`,
      () => `!(${this.bool(depth - 1)})`,
      () => `(${this.bool(depth - 1)} ? ${this.bool(depth - 1)} : ${this.bool(depth - 1)})`,
      () => `(${this.bool(depth - 1)} == ${this.pick(["true", "false"])})`,
      () => {
        const map = this.pick(MAPS);
        const [key = "string"] = ENTRIES[map] ?? [];
        return `${this.of(key, depth - 1)} in ${this.of(map, depth - 1)}`;
      },
      () => {
        const map = this.pick(MAPS);
        const of = this.of(map, depth - 1);
        return this.withEntry(
          map,
          () => `${of}.${this.pick(["exists", "all", "existsOne"])}(k, v, ${this.bool(depth - 1)})`,
        );
      },
      () => {
        const list = this.of("strings", depth - 1);
        return this.with(
          "string",
          "x",
          () => `${list}.${this.pick(["exists", "all", "exists_one"])}(x, ${this.bool(depth - 1)})`,
        );
      },
    ])();
  }
  /** Returns a condition that can be evaluated whatever is absent. */
  decides(): string {
    const sure = this.conditions.filter((condition) => /^!?\(?!?ok\(\w+\)\)?$|^args\.flag/.test(condition));
    const atoms = [...sure, ...this.steps.map((step) => `ok(${step})`), ...this.plain];
    const operand = (): string => `${this.chance(0.3) ? "!" : ""}(${this.pick(atoms)})`;
    return Array.from({ length: 1 + this.below(3) }, operand).join(this.pick([" && ", " || "]));
  }
  atom(): string {
    if (this.wide && this.chance(0.15)) return scalarIn(this, "bool", 0);
    const steps = this.steps;
    return this.pick([
      ...(this.missing.length > 0 ? [() => testOf(this), () => testOf(this)] : []),
      () => (steps.length > 0 ? `ok(${this.pick(steps)})` : this.pick(this.plain)),
      () => (steps.length > 0 ? `ok(${this.pick(steps)})` : this.pick(this.plain)),
      () => (steps.length > 0 && this.chance(0.3) ? `!ok(${this.pick(steps)})` : this.pick(this.plain)),
      () => {
        const items = this.known.get("Item")?.filter((item) => !item.includes("(")) ?? [];
        return items.length > 0 ? `has(${this.pick(items)}.${this.pick(PRESENCE)})` : this.#constant("bool");
      },
      () => (this.presences.length > 0 ? `has(${this.pick(this.presences)})` : this.pick(this.plain)),
      () => `${this.of("string", 0)} ${this.pick(["==", "!="])} ${this.pick(["'a'", "'b'", "'a'"])}`,
      () => `${this.of("Kind", 0)} == up.v1.Kind.${this.pick(["KIND_BOOK", "KIND_FILM"])}`,
      () => `${this.of("int", 0)} ${this.pick(["==", "<", ">="])} ${this.pick(["1", "2"])}`,
      () => this.of("bool", 0),
      () => (this.failing.length > 0 ? `failure(${this.pick(this.failing)}).hasValue()` : this.#constant("bool")),
      () =>
        this.soft.length > 0
          ? `failure(${this.pick(this.soft)}).?code.orValue(0) == ${this.pick(["5", "7"])}`
          : this.#constant("bool"),
    ])();
  }
  /** Returns an expression over a failure. */
  #why(): string {
    const of = `failure(${this.pick(this.soft)})`;
    return this.pick([
      `${of}.?upstream.orValue('none')`,
      `${of}.?message.orValue('')`,
      `${of}.detail(up.v1.Item).?name.orValue('no')`,
      `(${of}.?reason == optional.of(bff.v1.Degradation.Reason.REASON_TIMEOUT) ? 'late' : '')`,
    ]);
  }
  knows(type: Type, path: string): void {
    this.known.set(type, [...(this.known.get(type) ?? []), path]);
    for (const [of, member] of [...(MEMBERS[type] ?? []), ...((this.wide && MORE[type]) || [])])
      if ((this.#optionals || !member.includes("[")) && this.chance(0.5) && path.split(".").length < 4)
        this.knows(of, `${path}.${member}`);
    for (const [of, name] of this.members.get(type) ?? []) {
      if (!this.chance(0.5) || path.split(".").length >= 4) continue;
      this.missing.push({ type: of, of: path, name });
      this.knows(of, `${path}.${name}`);
    }
  }
  /** With another name while an expression is made. */
  with<T>(type: Type, name: string, make: () => T): T {
    const before = new Map([...this.known].map(([of, all]) => [of, [...all]] as const));
    const missing = [...this.missing];
    this.knows(type, name);
    this.knows(type, name);
    const made = make();
    this.missing = missing;
    this.known.clear();
    for (const [of, all] of before) this.known.set(of, [...all]);
    return made;
  }
  if(chance: number): string {
    return this.chance(chance) ? ` if: "${this.bool(2)}"` : "";
  }
  pick<T>(of: readonly T[]): T {
    const element = pick(of, this.#random);
    if (element === undefined) throw new Error("nothing to pick from");
    return element;
  }
  chance(chance: number): boolean {
    return this.#random() < chance;
  }
  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }
  random(): number {
    return this.#random();
  }
}
