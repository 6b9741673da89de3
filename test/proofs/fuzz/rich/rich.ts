// Random BFFs that use much of the language in one message: steps of all kinds over each other, and the same few conditions in all places
// that take one, so that they contradict each other.
import type { Case } from "../cases.ts";
import { IDENTITY } from "../found/found-parts.ts";
import { randomFrom } from "../random.ts";
import { type Composable, copyOfSub, membersOf, OVER, readOf } from "./rich-composed.ts";
import * as edge from "./rich-edge.ts";
import { MAPS } from "./rich-expressions.ts";
import { fileOf } from "./rich-file.ts";
import { followsItems, KINDS, rpcsOf } from "./rich-kinds.ts";
import { Later } from "./rich-later.ts";
import { entriesOf } from "./rich-policies.ts";
import { type Around, RichSteps, type Shared, SUB } from "./rich-steps.ts";
import { FIELDS, SCALARS, type Type } from "./rich-types.ts";
import { upstreamOf } from "./rich-upstream.ts";
import * as wide from "./rich-wide.ts";

/** @param optionals whether lists, maps and messages have entries with `?` */
export function richCase(seed: number, index: number, optionals = true): Case {
  const random = randomFrom(Math.imul(seed, 0x85ebca6b) ^ Math.imul(index + 1, 0x9e3779b1));
  const folder = `f${index}`;
  const file = `${folder}/app.proto`;
  const protos = new Rich(random, optionals).files(folder, file);
  return { index, base: { name: "rich", protos }, folder, file, mutations: [], protos };
}

/** Page sizes and page tokens, which only fields of unary answers have. */
const PAGES = [
  ["int", "page.size(args.n, 1, 2)"],
  ["bool", "(page.seal({'k': args.id}) != '')"],
  ["Texts", "page.open(args.token)"],
] as const;
/** A step with the state of the token, for calls. */
const OPENED = `{ name: "opened" by: "page.open(args.token)" }`;
/** The token that a client sends with its next request. */
const NEXT = `string next = 98 [(bff.v1.field).by = "page.seal({'k': args.id})"];`;

/** Guesses whether an expression may have no value: `ok` is an error for fields that always have one. */
const mayBeMissing = (by: string): boolean =>
  /\b[sv]\d+\b|\bargs\.a\d/.test(by.replaceAll(/\b(ok|failure)\([\w.]+\)|[\w.]+(?=\.\?)/g, ""));

class Rich extends RichSteps {
  /** True if `PAGES` are among the values of the page. */
  protected paged = false;
  /** Declared types and names of the fields of Sub. */
  protected subFields: readonly (readonly [declared: string, name: string])[] = [];

  /** The BFF's file, and that of its upstream where it has one to itself. */
  files(folder: string, file: string): Readonly<Record<string, string>> {
    const e = this.expressions;
    this.upstream = e.wide && e.chance(0.35) ? upstreamOf(e, folder) : undefined;
    const text = this.file(folder);
    return { [file]: text, ...(this.upstream && { [`${folder}/own.proto`]: this.upstream.text }) };
  }
  protected file(folder: string): string {
    this.declared = wide.declaredBy(this.expressions);
    this.expressions.functions = this.declared.functions;
    const known = this.expressions.chance(0.25);
    const kind = this.random() < 0.35 ? this.expressions.pick(KINDS) : "answer";
    this.subAnswers = kind === "answer" && this.optionals && this.expressions.chance(0.2);
    const later = kind === "parts";
    this.newest = this.expressions.wide && !followsItems(kind) && this.expressions.chance(0.2);
    const writes = !followsItems(kind) && this.expressions.chance(0.3);
    const shares = this.expressions.chance(0.35);
    const subShares = shares && (later || this.expressions.chance(0.6));
    this.followed = followsItems(kind);
    // A message that the service composes does not read results of the service.
    const inSub = later && this.expressions.chance(0.4) ? 0.3 : 0;
    const alone = subShares ? "" : this.sub(writes && this.expressions.chance(0.4), inSub);
    const steps = shares ? this.service(known, writes && this.expressions.chance(0.3), !subShares) : undefined;
    const sub = subShares ? this.sub(writes && this.expressions.chance(0.4), inSub, steps?.shared) : alone;
    const over = this.over(steps?.shared);
    this.effects = writes;
    this.paged = kind === "answer" && this.expressions.chance(0.2);
    this.later = new Later(this.expressions, later ? 0.35 : 0);
    this.decides = !later;
    const rpcs = rpcsOf(this.expressions, kind);
    const around = { root: true, known, fields: rpcs.fields, shared: steps?.shared };
    const page = this.message("Page", [], 3 + this.expressions.below(4), around);
    const fields = this.fields.map(([type], i) => `${type} f${i + 1} = ${i + 1};`);
    const beside =
      kind === "answer" ? wide.besidePage(this.expressions, fields, this.subAnswers) : { rpcs: "", messages: [] };
    const declared = [
      this.declared.text,
      wide.telemetryOf(this.expressions, known),
      wide.usageOf(this.expressions, known),
      wide.purgeOf(this.expressions),
      wide.fairShareOf(this.expressions, known),
    ].join(" ");
    const ruled = this.expressions.wide && this.expressions.chance(0.2);
    const methodOptions = kind === "answer" ? wide.optionsOf(this.expressions, known, writes) : "";
    const viewer = steps?.shared.known.get("string")?.find((name) => /^v\d+$/.test(name));
    const entries = this.expressions.chance(0.35) ? entriesOf(this.expressions, viewer, kind) : [];
    if (this.upstream !== undefined) entries.push(this.upstream.entry);
    if (this.expressions.wide && this.expressions.chance(0.15)) entries.push(edge.addressesOf(this.expressions, known));
    const topic = `${rpcs.topic} ${this.newest ? edge.TOPIC : ""}`;
    const whole = {
      ...rpcs,
      topic,
      rpcs: `${rpcs.rpcs.replace("(Page) {}", `(Page) { ${methodOptions} }`)} ${beside.rpcs}`,
    };
    const copy = { note: wide.noteOf(this.expressions), more: wide.copyOf(this.expressions) };
    const composed = [wide.suppliedWhole(this.expressions, sub), ...over(page)];
    const messages = [page, ...composed, ...beside.messages, this.upstream?.copy ?? ""];
    const identity = !known
      ? ""
      : this.expressions.wide && this.expressions.chance(0.4)
        ? edge.identityOf(this.expressions)
        : IDENTITY;
    const imports = [
      ...(this.upstream === undefined ? [] : ["google/protobuf/any.proto", "google/protobuf/struct.proto"]),
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
      ruled: (request) => (ruled ? edge.validated(this.expressions, request) : request),
    });
  }

  /** @param later the share of its steps that may come later */
  protected sub(effects: boolean, later: number, shared?: Shared): string {
    this.effects = effects;
    this.later = new Later(this.expressions, later);
    this.decides = later === 0;
    const text = this.message("Sub", SUB, 2, { root: false, known: false, fields: [], shared });
    this.subFields = this.declaredFields();
    this.composes({ name: "Sub", args: SUB, later: this.later.any }, shared);
    return text;
  }
  /** A message that reads and composes the other one, if the page composes it, and a copy of the other one. */
  protected over(shared: Shared | undefined): (page: string) => readonly string[] {
    if (this.composables.every((message) => message.later) || this.expressions.chance(0.5)) return () => [];
    const copy = copyOfSub(this.expressions, this.subFields);
    this.effects = false;
    this.later = new Later(this.expressions, 0);
    this.expressions.members.set("SubCopy", copy.members);
    const text = this.message("Over", OVER, 2, { root: false, known: false, fields: [], shared });
    this.composes({ name: "Over", args: OVER, later: false }, shared);
    // Places that compose a message count even in a message that nothing composes.
    return (page) => [...(page.includes('message: "Over"') ? [text] : []), copy.text];
  }
  protected composes(message: Omit<Composable, "effects">, shared: Shared | undefined): void {
    this.expressions.members.set(
      message.name,
      membersOf(this.declaredFields(), this.expressions.members.get("SubCopy")),
    );
    const effects = this.effect !== undefined && this.effect !== shared?.effect;
    this.composables = [...this.composables, { ...message, effects }];
  }
  /** Declared types and names of the fields that may be missing. */
  protected declaredFields(): readonly (readonly [declared: string, name: string])[] {
    return this.fields.flatMap(([declared, by], i) => (mayBeMissing(by) ? [[declared, `f${i + 1}`] as const] : []));
  }
  /** The `let` of the service. @param composes whether it may compose Sub */
  protected service(
    known: boolean,
    effects: boolean,
    composes: boolean,
  ): { readonly text: string; readonly shared: Shared } {
    this.begin("v", undefined);
    this.effects = effects;
    this.expressions.plain = ["headers['x-a'] == 'a'"];
    this.expressions.knows("string", "headers['x-a']");
    if (known) this.principal();
    const made = [this.call(this.name())];
    this.expressions.conditions = Array.from({ length: 2 }, () => this.expressions.atom());
    const { composables } = this;
    if (!composes) this.composables = [];
    for (let i = this.expressions.below(3); i > 0; i--) made.push(this.step(false));
    this.composables = composables;
    const { steps, soft, failing, missing } = this.expressions;
    const shared = {
      known: new Map(this.expressions.known),
      missing,
      steps: steps.filter((step) => step !== "principal"),
      soft,
      failing,
      fields: this.fields,
      effect: this.effect,
    };
    return { text: `let: [\n    ${made.join(",\n    ")}\n  ]`, shared };
  }
  protected begin(prefix: string, shared: Shared | undefined): void {
    this.expressions.known.clear();
    for (const [type, all] of shared?.known ?? []) this.expressions.known.set(type, [...all]);
    this.expressions.steps = [...(shared?.steps ?? [])];
    this.expressions.soft = [...(shared?.soft ?? [])];
    this.expressions.failing = [...(shared?.failing ?? [])];
    this.expressions.missing = [...(shared?.missing ?? [])];
    for (const [type, path] of this.declared.known)
      if (this.expressions.chance(0.5)) this.expressions.knows(type, path);
    this.expressions.conditions = [];
    this.expressions.presences = [];
    this.fields = [];
    this.oneofs = [];
    this.count = 0;
    this.prefix = prefix;
    this.effect = shared?.effect;
    this.loose = this.effect === undefined && this.expressions.chance(0.2);
  }
  protected principal(): void {
    this.expressions.knows("string", "principal.subject");
    this.expressions.knows("strings", "principal.realms");
    this.expressions.steps.push("principal");
  }

  protected message(name: string, args: readonly Type[], steps: number, so: Around): string {
    const { root, known, shared } = so;
    this.begin("s", shared);
    const constant = this.optionals ? "1 == 2" : "headers['x-a'] == 'a'";
    this.expressions.plain = root ? ["args.flag", "args.id == 'a'"] : [constant];
    if (root) {
      this.expressions.knows("string", "args.id");
      this.expressions.knows("string", "args.note");
      this.expressions.knows("int", "args.n");
      this.expressions.knows("bool", "args.flag");
      this.expressions.knows("Kind", "args.kind");
      this.expressions.knows("strings", "args.ids");
      this.expressions.knows("Item", "args.item");
      this.expressions.knows("Texts", "args.texts");
      this.expressions.knows("Numbered", "args.numbered");
      this.expressions.knows("SizeMap", "args.sizes");
      if (this.followed) this.expressions.knows("Item", "args.event");
    }
    for (const [i, type] of args.entries()) {
      this.expressions.knows(type, `args.a${i}`);
      if (name !== "Sub" || !this.subAnswers) this.expressions.steps.push(`args.a${i}`);
      if (type === "Sub" && this.expressions.chance(0.7)) this.field("SubCopy", `args.a${i}`);
    }
    if (known) this.principal();
    const made: string[] = root && this.paged ? [OPENED] : [];
    if (root && this.paged) this.expressions.knows("Texts", "opened");
    // Names that conditions are about have to be there.
    made.push(...this.later.of(this.call(this.name()), true));
    this.expressions.conditions = Array.from({ length: 3 }, () => this.expressions.atom());
    const over = root && this.composables.length > 1 && this.expressions.chance(0.7);
    for (const part of over ? this.composables : [])
      if (part.args !== OVER || (this.expressions.known.get("Sub") ?? []).length > 0)
        made.push(...this.later.of(this.compose(this.name(), part)));
    for (let i = 0; i < steps; i++) made.push(...this.later.of(this.step(root)));
    if (root && this.paged) for (const [type, call] of PAGES) this.expressions.knows(type, call);
    for (const type of ["string", "bool", "int", "Item", "Kind", "strings", ...MAPS] as const)
      if (this.expressions.chance(0.6)) this.field(FIELDS[type], this.expressions.of(type, 3));
    for (const [type, call] of PAGES)
      this.expressions.known.set(type, this.expressions.known.get(type)?.filter((path) => path !== call) ?? []);
    for (const type of ["string", "bool", "int", "strings"] as const) {
      const read = this.expressions.chance(0.4) ? readOf(this.expressions, type, 1) : undefined;
      if (read !== undefined) this.field(FIELDS[type], read);
    }
    for (const type of this.optionals ? SCALARS : [])
      if (this.expressions.chance(0.2)) this.field(FIELDS[type], this.expressions.of(type, 2));
    // The calls of a tested step start whatever a oneof chooses elsewhere.
    const testsSteps = this.expressions.chance(0.6);
    for (const step of this.expressions.steps)
      if (/^[sv]\d+$/.test(step) && (testsSteps || this.expressions.chance(0.3)))
        this.field("optional bool", `ok(${step})`);
    for (const [type, step] of shared?.fields ?? []) if (this.expressions.chance(0.6)) this.field(type, step);
    if (this.expressions.chance(0.5)) this.oneof();
    const fields = this.fields.map(
      ([type, by], i) =>
        `${type} f${i + 1} = ${i + 1} [(bff.v1.field) = { by: "${by}"${wide.freshOf(this.expressions)} }];`,
    );
    if (root && this.paged) fields.push(NEXT);
    fields.push(...wide.supplied(this.expressions));
    const bound = root ? wide.autobound(this.expressions) : undefined;
    if (bound !== undefined) made.push(bound.step);
    if (bound !== undefined) fields.push(bound.fields);
    return `message ${name} {
  option (bff.v1.message) = { let: [
    ${made.join(",\n    ")}
  ] };
  ${[...fields, ...this.oneofs].join("\n  ")}
  ${[...so.fields, root ? "repeated bff.v1.Degradation degraded = 99;" : ""].join("\n  ")}
}`;
  }
}
