// The borders that a missing value crosses: what each adds to a BFF, and what its clients must see.
import type { Random } from "../../bffs/second/random-message.ts";
import { pick } from "../../bffs/second/random-message.ts";
import type { Items, Template } from "./templates.ts";
import * as templates from "./templates.ts";
import { IDS, itemOf, MISSING, SINGLE_ID, type Source, type World } from "./values.ts";

export const BORDERS = [
  "composed field",
  "list",
  "map",
  "alias",
  "argument",
  "item",
  "part",
  "function",
  "resolver",
  "public rpc",
  "limit key",
  "metadata",
] as const;
export type Border = (typeof BORDERS)[number];

/** Contents of a field of the answer in a world. */
export interface Expected {
  readonly value: unknown;
  /** Effects that one of its entries in `degraded` must have; empty: it has no entry. */
  readonly effects: readonly string[];
}
export interface Field {
  /** The type of the field, with `optional`. */
  readonly type: string;
  readonly option: string;
  /** True if it may be missing after a failure, so that it needs presence. */
  readonly failable: boolean;
  readonly expected: (world: World) => Expected;
}
/** A mistake of an author, which the compiler must refuse. */
export interface Unsafe {
  readonly codes: readonly string[];
}

/** A BFF in the making. */
export class Draft {
  readonly random: Random;
  readonly source: Source;
  readonly steps: string[] = [];
  readonly fields: Field[] = [];
  readonly messages: string[] = [];
  readonly functions: string[] = [];
  readonly used = new Set<Border>();
  methodOption = "";
  /** True if callers may be known. */
  identity = false;
  parts = false;
  writes = false;
  /** Whether a second request of one anonymous caller is refused. */
  limited: boolean | undefined;
  unsafe: Unsafe | undefined;
  /** How often each write must be called. */
  readonly calls: ((world: World) => readonly string[])[] = [];
  #names = 0;

  constructor(random: Random, source: Source) {
    this.random = random;
    this.source = source;
  }
  /** False for parts, which have no side effects, and behind another write. */
  get mayWrite(): boolean {
    return !this.writes && !this.parts;
  }
  name(): string {
    return `s${++this.#names}`;
  }
  message(): string {
    return `Inner${++this.#names}`;
  }
  chance(share: number): boolean {
    return this.random() < share;
  }
  pick<T>(from: readonly T[]): T {
    return pick(this.random, from);
  }
  /** The items of a world, as the composed messages have them. */
  items(world: World): Items {
    const without = this.source.without(world, [...IDS, SINGLE_ID]);
    return (id) => (without.includes(id) ? undefined : itemOf(id));
  }
  /** Whether a failure is among the causes for which these ids have no item. */
  recorded(world: World, ids: readonly string[]): boolean {
    return this.source.recorded && ids.some((id) => world.failing.has(id) && this.items(world)(id) === undefined);
  }
  /** Adds a field that an expression over composed messages fills. */
  field(template: Template, path: string, ids: readonly string[]): void {
    this.raw(
      optional(template.type),
      `by: "${template.text(path)}"`,
      (world) => {
        const value = template.value(this.items(world));
        return { value, effects: this.effects(world, template.ids ?? ids, value) };
      },
      !template.handled && template.ids === undefined,
    );
  }
  effects(world: World, ids: readonly string[], value: unknown): readonly string[] {
    if (!this.recorded(world, ids)) return [];
    return [value === MISSING ? "EFFECT_MISSING" : "EFFECT_REPLACED"];
  }
  raw(type: string, option: string, expected: Field["expected"], failable = false): void {
    this.fields.push({ type, option, expected, failable });
  }
}
export const optional = (type: string): string => (/^(repeated|map)/.test(type) ? type : `optional ${type}`);

const SINGLE = [
  ...templates.PATHS,
  ...templates.COMPUTED,
  ...templates.LISTS_INSIDE,
  ...templates.MAPS_INSIDE,
  ...templates.HANDLED,
  ...templates.UNTOUCHED,
];
/** `line` is a composed message; returns its name. */
function line(draft: Draft, message = "Line"): string {
  const name = draft.name();
  draft.steps.push(
    `{ name: "${name}" compose: { message: "${message}" args: { name: "id" by: "'${SINGLE_ID}'" } }${late(draft)} }`,
  );
  return name;
}
const late = (draft: Draft): string => (draft.parts ? " defer: true" : "");
function lines(draft: Draft, key: string): string {
  const name = draft.name();
  draft.steps.push(
    `{ name: "${name}" each: { var: "x" in: "args.ids" max: 10${key} compose: { message: "Line" args: { name: "id" by: "x" } } }${late(draft)} }`,
  );
  return name;
}
const IDS_AT: readonly string[] = IDS;

const MAKE: Readonly<Record<Border, (draft: Draft) => void>> = {
  "composed field": (draft) => draft.field(draft.pick(SINGLE), line(draft), [SINGLE_ID]),
  list: (draft) =>
    draft.field(
      draft.pick([...templates.OVER_LISTS, ...templates.HANDLED_LISTS, ...templates.UNTOUCHED_LISTS]),
      lines(draft, ""),
      IDS_AT,
    ),
  map: (draft) =>
    draft.chance(0.3)
      ? draft.field(draft.pick(templates.MAPS_INSIDE), line(draft), [SINGLE_ID])
      : draft.field(draft.pick(templates.OVER_MAPS), lines(draft, ' key: "x"'), IDS_AT),
  alias: (draft) => {
    if (!draft.messages.includes(PORTION)) draft.messages.push(PORTION);
    const template = draft.pick(SINGLE.filter(({ text }) => !/tags|attributes|size|id/.test(text("p"))));
    if (draft.chance(0.5)) return draft.field(template, line(draft, "Portion"), [SINGLE_ID]);
    // A field of another message converts the composed message.
    const name = draft.message();
    draft.messages.push(
      `message ${name} { option (bff.v1.message) = { let: { name: "line" compose: { message: "Line" args: { name: "id" by: "args.id" } } } }; Portion portion = 1 [(bff.v1.field).by = "line"]; }`,
    );
    draft.field({ ...template, text: (p) => template.text(`${p}.portion`) }, line(draft, name), [SINGLE_ID]);
  },
  argument: (draft) => argument(draft),
  item: (draft) => item(draft),
  // The border of a part is that its fields come later; the draft defers all steps.
  part: (draft) => draft.field(draft.pick(SINGLE), line(draft), [SINGLE_ID]),
  function: (draft) => {
    draft.functions.push(TWICE);
    const path = line(draft);
    draft.field(
      draft.pick([
        { type: "int64", text: (p) => `own.twice(${p}.cents)`, value: ofOne((cents) => cents * 2n), handled: false },
        {
          type: "int64",
          text: (p) => `own.twice(ok(${p}.cents) ? ${p}.cents : 1)`,
          value: ofOne((cents) => cents * 2n, 2n),
          handled: true,
        },
      ]),
      path,
      [SINGLE_ID],
    );
  },
  resolver: (draft) => {
    const name = draft.message();
    draft.messages.push(
      `message ${name} { option (bff.v1.message) = { let: ${draft.source.step} }; optional string resolved = 1 [(bff.v1.field) = ${RESOLVED}]; optional string mute = 2 [(bff.v1.field) = ${RESOLVED}]; }`,
    );
    const step = line(draft, name);
    draft.field(draft.pick([RESOLVED_NAME, MUTE]), step, [SINGLE_ID]);
  },
  "public rpc": (draft) => caller(draft),
  "limit key": (draft) => limit(draft),
  metadata: (draft) => metadata(draft),
};
const RESOLVED = `{ resolver: true reads: { step: ["item"] } }`;
/** Result of the resolver `resolved`, which has a value for an absent item, too. The resolver `mute` has none. */
export const resolved = (name: string | undefined): string => `resolved ${name ?? "nothing"}`;
const RESOLVED_NAME: Template = {
  type: "string",
  text: (p) => `${p}.resolved`,
  value: (items) => resolved(items(SINGLE_ID)?.name),
  handled: true,
};
const MUTE: Template = {
  type: "string",
  text: (p) => `${p}.mute`,
  value: (items) => items(SINGLE_ID)?.name ?? MISSING,
  handled: false,
};
const TWICE = `function: { name: "own.twice" param: ["int"] result: "int" }`;
function ofOne(of: (cents: bigint) => unknown, otherwise: unknown = MISSING): (items: Items) => unknown {
  return (items) => {
    const item = items(SINGLE_ID);
    return item === undefined ? otherwise : of(item.cents);
  };
}
export const PORTION = `message Portion { option (bff.v1.message).alias = "Line"; optional int64 cents = 2; optional string name = 5; }`;

export function addBorder(draft: Draft, border: Border): void {
  draft.used.add(border);
  MAKE[border](draft);
}

function argument(draft: Draft): void {
  const name = draft.message();
  const whole = draft.chance(0.5);
  const template = draft.pick(
    SINGLE.filter(({ type }) => !/^(repeated|map)/.test(type)).filter(({ text }) => whole || isOfCents(text("p"))),
  );
  const path = whole ? "args.line" : "args";
  const text = template.text(path);
  draft.messages.push(
    `message ${name} { option (bff.v1.message) = {}; optional ${template.type} shown = 1 [(bff.v1.field).by = "${text}"]; }`,
  );
  const step = line(draft);
  const passed = whole ? `{ name: "line" by: "${step}" }` : `{ name: "cents" by: "${step}.cents" }`;
  const inner = draft.name();
  draft.steps.push(`{ name: "${inner}" compose: { message: "${name}" args: ${passed} }${late(draft)} }`);
  draft.field({ ...template, text: (p) => `${p}.shown` }, inner, [SINGLE_ID]);
}
/** The argument `cents` is absent as a whole, so these templates read nothing else, and test it without `has`. */
const isOfCents = (text: string): boolean => /p\.cents/.test(text) && !/name|tags|attributes|size|has\(|\?/.test(text);

function item(draft: Draft): void {
  const list = lines(draft, "");
  const name = draft.name();
  const call = draft.chance(0.5);
  const source = call
    ? 'call: { method: "up.v1.OrderService/GetOrder" set: { name: "id" by: "l.name" } }'
    : 'by: "l.name"';
  draft.steps.push(
    `{ name: "${name}" supplementary: true each: { var: "l" in: "${list}" max: 10 ${source} }${late(draft)} }`,
  );
  draft.raw("repeated string", `by: "${name}${call ? ".map(o, o.id)" : ""}"`, (world) => {
    const value = IDS.flatMap((id) => draft.items(world)(id)?.name ?? []);
    return { value, effects: draft.recorded(world, IDS) ? ["EFFECT_INCOMPLETE", "EFFECT_MISSING"] : [] };
  });
}

function caller(draft: Draft): void {
  draft.identity = true;
  const [text, known, unknown] = draft.pick([
    ["'s' + principal.subject", "su1", MISSING],
    ["principal.subject", "u1", MISSING],
    ["ok(principal) ? principal.subject : 'nobody'", "u1", "nobody"],
    ["principal.?subject.orValue('nobody')", "u1", "nobody"],
    ["principal.realms.join(',')", "r", MISSING],
  ] as const);
  draft.raw("optional string", `by: "${text}"`, ({ anonymous }) => ({
    value: anonymous ? unknown : known,
    effects: [],
  }));
  if (draft.chance(0.4) && draft.mayWrite)
    write(draft, { by: "principal.subject", test: "ok(principal)" }, ({ anonymous }) => !anonymous);
}

function limit(draft: Draft): void {
  draft.identity = true;
  if (draft.limited !== undefined) return;
  const [rule, refuses] = draft.pick([
    [`key: "principal.subject" if: "ok(principal)"`, false],
    [`key: "ok(principal) ? principal.subject : peer.address"`, true],
    [`key: "principal.?subject.orValue(peer.address)"`, true],
    [`key: "principal.subject"`, undefined],
    [`key: "peer.address" cost: "size(principal.subject)"`, undefined],
  ] as const);
  if (refuses === undefined) draft.unsafe ??= { codes: ["limit"] };
  draft.limited = refuses ?? false;
  draft.methodOption = `rate_limit: { name: "own" rate: 1 per: "1h" ${rule} }`;
}

function metadata(draft: Draft): void {
  const path = line(draft);
  if (draft.chance(0.5) && draft.mayWrite) {
    write(
      draft,
      { by: `${path}.name`, test: `ok(${path}.name)` },
      (world) => draft.items(world)(SINGLE_ID) !== undefined,
    );
    return;
  }
  const name = draft.name();
  draft.steps.push(
    `{ name: "${name}" supplementary: true call: { method: "up.v1.OrderService/GetOrder" set: { name: "id" by: "'o'" } metadata: { name: "x-name" by: "${path}.name" } }${late(draft)} }`,
  );
  draft.field(
    {
      type: "string",
      text: (p) => `${p}.id`,
      value: (items) => (items(SINGLE_ID) === undefined ? MISSING : "o"),
      handled: false,
    },
    name,
    [SINGLE_ID],
  );
}

/** A call with side effects over a value that may be absent. */
function write(
  draft: Draft,
  input: { readonly by: string; readonly test: string },
  sent: (world: World) => boolean,
): void {
  draft.writes = true;
  const safe = draft.chance(0.7);
  const key = `{ name: "key" by: "${input.by}" }`;
  const [set, header] = draft.pick([
    [key, ""],
    [`{ name: "item_id" by: "'i'" }`, ` metadata: { name: "x-key" by: "${input.by}" }`],
    [`[{ name: "item_id" by: "'i'" }, { name: "key" by: "${input.by}" if: "args.flag" }]`, ""],
  ] as const);
  const condition = safe ? `if: "${input.test}" ` : draft.pick(["", `if: "!args.flag" `, "supplementary: true "]);
  const name = draft.name();
  draft.steps.push(
    `{ name: "${name}" ${condition}call: { method: "up.v1.OrderService/PlaceOrder" set: ${set}${header} } }`,
  );
  if (!safe) draft.unsafe ??= { codes: ["write"] };
  draft.calls.push((world) => (sent(world) ? ["placeOrder"] : []));
}
