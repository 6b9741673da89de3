// What can be said about messages and steps without running them: who reads whom, which steps only one case reads, what has side effects.
import type { DescMessage, DescMethod, DescService } from "@bufbuild/protobuf";
import type { Ir, IrField, IrFile, IrMessage } from "../../plugin/src/ir.ts";
import type {
  IrBind,
  IrCall,
  IrEach,
  IrErrorRule,
  IrFailure,
  IrSource,
  IrStep,
  IrUpstream,
} from "../../plugin/src/ir-step.ts";
import { Evaluator } from "./evaluator.ts";
import { expression } from "./expression.ts";
import { once } from "./once.ts";
import { OwnFunctionTable } from "./own-functions.ts";
import { Presence } from "./presence.ts";

const NO_SIDE_EFFECTS = 1;
const IDEMPOTENT = 2;

export interface Place {
  readonly file: IrFile;
  readonly message: IrMessage;
  readonly evaluator: Evaluator;
  /** Of a service's `let`: the names that messages read. */
  readonly shared?: ReadonlySet<string>;
  /** Of a service's `let`: the rpcs that make a call of it. */
  readonly rpcs?: (call: IrCall) => readonly DescMethod[];
}

export class Program {
  readonly ir: Ir;
  readonly presence: Presence;
  readonly functions: OwnFunctionTable;
  readonly #places = new Map<string, Place>();
  readonly #reached = new Map<string, Set<DescMethod>>();
  readonly #composes = new Map<string, DescMessage>();

  constructor(ir: Ir) {
    this.ir = ir;
    this.presence = new Presence(this);
    this.functions = new OwnFunctionTable(ir);
    const enums = ir.files.flatMap((file) => file.enums);
    for (const file of ir.files) {
      const evaluator = new Evaluator(ir.registry, file.desc.proto.package, this.functions.funcs, enums);
      for (const message of file.messages)
        this.#places.set(message.desc.typeName, { file, message: withNames(message), evaluator });
    }
    for (const file of ir.files) {
      for (const service of file.services) {
        const evaluator = new Evaluator(ir.registry, file.desc.proto.package, this.functions.funcs, enums);
        for (const { desc, response } of service.methods) {
          if (response !== undefined) this.#composes.set(desc.toString(), evaluator.message(response.value));
          this.#reach(desc, this.composes(desc));
          for (const child of service.steps.flatMap((step) => composed(step.source) ?? []))
            this.#reach(desc, evaluator.message(child));
        }
      }
    }
  }

  /** All that has steps: messages, and the `let`s of services, which stand as messages without fields. */
  holders(): readonly Place[] {
    const services = this.ir.files.flatMap((file) => file.services.map((service) => ({ file, service })));
    const lets = services.flatMap(({ file, service }): Place[] => {
      const [first] = service.methods;
      const base = first && this.#places.get(this.composes(first.desc).typeName);
      return base === undefined || service.steps.length === 0
        ? []
        : [{ ...base, file, message: { ...base.message, steps: service.steps, fields: [] } }];
    });
    return [...this.#places.values(), ...lets];
  }

  place(desc: DescMessage): Place {
    const place = this.#places.get(desc.typeName);
    if (place === undefined) throw new Error(`${desc.typeName} is not composed`);
    return place;
  }

  /** What an rpc composes: its `response`, else the declared one. */
  composes(rpc: DescMethod): DescMessage {
    return this.#composes.get(rpc.toString()) ?? rpc.output;
  }

  /** What a message is composed for by streams, as it is called there. */
  itemOf(desc: DescMessage): { readonly name: string; readonly type: DescMessage | undefined } | undefined {
    for (const { methods, topics } of this.ir.files.flatMap((file) => file.services))
      for (const { desc: rpc, stream } of methods) {
        if (stream === undefined || this.composes(rpc).typeName !== desc.typeName) continue;
        const { source } = stream;
        const topic =
          source?.kind === "follow" ? topics.find(({ name }) => name.value === source.topic?.value) : undefined;
        const call = source?.kind === "call" ? source : topic?.call;
        return { name: stream.var?.value ?? "", type: call && this.method(this.place(desc), call).output };
      }
    return undefined;
  }

  #reach(rpc: DescMethod, desc: DescMessage): void {
    const place = this.#places.get(desc.typeName);
    if (place === undefined) return;
    const reached = this.#reached.get(desc.typeName) ?? new Set();
    this.#reached.set(desc.typeName, reached);
    if (reached.has(rpc)) return;
    reached.add(rpc);
    for (const step of place.message.steps) {
      const child = composed(step.source);
      if (child !== undefined) this.#reach(rpc, place.evaluator.message(child));
    }
  }

  method(place: Place, call: IrCall): DescMethod {
    const [service = "", name] = (call.method?.value ?? "").split("/");
    const scopes = place.file.desc.proto.package.split(".");
    for (let depth = 0; depth <= scopes.length; depth++) {
      const desc: DescService | undefined = this.ir.registry.getService([...scopes.slice(0, depth), service].join("."));
      const method = desc?.methods.find((m) => m.name === name);
      if (method !== undefined) return method;
    }
    throw new Error(`no method ${call.method?.value}`);
  }

  /** Whether a call has side effects: its rpc is not declared free of them, nor do `read_only` or all rpcs that reach it vouch for it. */
  hasEffect(place: Place, call: IrCall): boolean {
    const method = this.method(place, call);
    const { idempotency } = method;
    if (idempotency === NO_SIDE_EFFECTS) return false;
    if (idempotency === IDEMPOTENT) return true;
    const said = [call.policy, ...this.entries(place, method).map((entry) => entry.policy)];
    const idempotent = said.find((policy) => policy.idempotent !== undefined)?.idempotent?.value === true;
    if (!idempotent && said.find((policy) => policy.readOnly !== undefined)?.readOnly?.value === true) return false;
    const rpcs = place.rpcs?.(call) ?? [...(this.#reached.get(place.message.desc.typeName) ?? [])];
    return !(rpcs.length > 0 && rpcs.every((rpc) => rpc.idempotency === NO_SIDE_EFFECTS));
  }

  /** The same of a step: of its call, or of what it composes. */
  stepHasEffect(place: Place, step: IrStep): boolean {
    const call = callOf(step.source);
    if (call !== undefined) return this.hasEffect(place, call);
    const child = composed(step.source);
    if (child === undefined) return false;
    const below = this.place(place.evaluator.message(child));
    return below.message.steps.some((one) => this.stepHasEffect(below, one));
  }

  /** Entries that govern a call, nearest first: those for its method, its service, and all upstreams. */
  entries(place: Place, method: DescMethod): IrUpstream[] {
    const name = `${method.parent.typeName}/${method.name}`;
    const entries = this.#governing(place.file).flatMap((file) => file.upstreams);
    return [
      ...entries.filter((e) => e.method?.value === name),
      ...entries.filter((e) => e.method === undefined && e.service?.value === method.parent.typeName),
      ...entries.filter((e) => e.method === undefined && e.service === undefined),
    ];
  }

  /** `on_error` rules, nearest first: the call's, then those of the entries. */
  errorRules(place: Place, call: IrCall): IrErrorRule[] {
    const entries = this.entries(place, this.method(place, call));
    return [...call.policy.onError, ...entries.flatMap((entry) => entry.policy.onError)];
  }

  /** The files of the package, and what they import. */
  #governing(file: IrFile): IrFile[] {
    const names = new Set<string>();
    const visit = (desc: IrFile["desc"]) => {
      if (names.has(desc.name)) return;
      names.add(desc.name);
      for (const dependency of desc.dependencies) visit(dependency);
    };
    for (const other of this.ir.files) if (other.desc.proto.package === file.desc.proto.package) visit(other.desc);
    return this.ir.files.filter((f) => names.has(f.desc.name));
  }
}

/** Steps that only fill fields have names that nothing else can mean. */
function withNames(message: IrMessage): IrMessage {
  const steps = message.steps.map((step): IrStep => {
    const { name, autobind } = step;
    if (name !== undefined || autobind?.value !== true) return step;
    return { ...step, name: { value: `autobind_${step.index}`, at: autobind.at, place: () => autobind.at } };
  });
  return { ...message, steps };
}

function composed(source: IrSource | undefined): string | undefined {
  if (source?.kind === "compose") return source.message?.value;
  if (source?.kind === "each" && source.source?.kind === "compose") return source.source.message?.value;
  return undefined;
}

export const composedName = composed;

/** Whether a step's value is made of composed messages as they are. */
export function isComposed(step: IrStep): boolean {
  return composed(step.source) !== undefined;
}

/** What is deferred is supplementary. */
export const isSupplementary = ({ supplementary, defer }: IrStep): boolean =>
  supplementary?.value ?? defer !== undefined;

export function callOf(source: IrSource | undefined): IrCall | undefined {
  if (source?.kind === "call") return source;
  return source?.kind === "each" && source.source?.kind === "call" ? source.source : undefined;
}

// ---- who reads whom ----

interface StepRead {
  readonly name: string;
  /** The case of the step's own switch that reads it; "" for anywhere else. */
  readonly by: string;
}

/** Names that a step reads. */
export const readsOfStep = once((step: IrStep): readonly StepRead[] => [
  ...readsOfText(step.if),
  ...readsOfText(step.fallback),
  ...step.after.map((name) => ({ name: name.value, by: "" })),
  ...readsOfSource(step.source),
]);

function readsOfText(text: { readonly value: string } | undefined, by = ""): StepRead[] {
  return text === undefined ? [] : expression(text.value).reads.map(({ name }) => ({ name, by }));
}

function readsOfSource(source: IrSource | undefined): StepRead[] {
  switch (source?.kind) {
    case "by":
      return readsOfText(source.by);
    case "compose":
      return readsOfBinds(source.args);
    case "call":
      return [
        ...readsOfBinds([...source.set, ...source.policy.metadata]),
        ...readsOfText(source.request),
        ...readsOfText(source.batch?.by),
        ...source.policy.onError.flatMap((rule) => [
          ...readsOfText(rule.if),
          ...(rule.then?.kind === "fallback" ? readsOfText(rule.then.by) : []),
          ...(rule.then?.kind === "fail" ? readsOfFailure(rule.then.fail) : []),
        ]),
      ];
    case "each": {
      return [...readsOfText(source.in), ...readsOfItems(source)];
    }
    case "switch":
      return [
        ...source.cases.flatMap((one, i) => [...readsOfText(one.if), ...readsOfText(one.by, String(i))]),
        ...readsOfText(source.default, "default"),
      ];
    case "guard":
      return [...readsOfText(source.if), ...readsOfFailure(source.fail)];
    case "latest":
      return readsOfText(source.key);
    case undefined:
      return [];
  }
}

function readsOfBinds(binds: readonly IrBind[]): StepRead[] {
  return binds.flatMap((bind) => [...readsOfText(bind.by), ...readsOfText(bind.if), ...readsOfText(bind.spread)]);
}

/** What the text and the details of a `fail` read. */
export function readsOfFailure(fail: IrFailure | undefined): StepRead[] {
  const inMessage = holes(fail?.message?.value ?? "").filter((part) => part.hole);
  return [
    ...inMessage.flatMap((part) => readsOfText({ value: part.text })),
    ...(fail?.details ?? []).flatMap((d) => readsOfText(d)),
  ];
}

/** Whether a composed message reads an argument, or all of them. */
export function readsArgument({ message }: Place, name: string): boolean {
  if ([message, ...message.fields].some(({ resolver }) => resolver !== undefined)) return true;
  const fields = message.fields.flatMap((field) => [...readsOfText(field.by), ...readsOfText(field.if)]);
  const reads = [...message.steps.flatMap(readsOfStep), ...fields];
  return reads.some((read) => read.name === "args" || read.name === `args.${name}`);
}

/** What is read for each item of an `each`, its variable aside. */
function readsOfItems(each: IrEach): StepRead[] {
  const all = [...readsOfText(each.if), ...readsOfText(each.key), ...readsOfSource(each.source)];
  return all.filter((read) => read.name !== each.var?.value);
}
/** The same, without what only arguments read that nobody reads. */
export function waitedForByItems(program: Program, place: Place, each: IrEach): StepRead[] {
  const { source } = each;
  if (source?.kind !== "compose") return readsOfItems(each);
  const child = program.place(place.evaluator.message(source.message?.value ?? ""));
  const args = source.args.filter(({ name }) => name === undefined || readsArgument(child, name.value));
  return readsOfItems({ ...each, source: { ...source, args } });
}

/** Steps that `step` has to wait for, directly or not, and whether it does for `on`. */
export function restsOn(message: IrMessage, step: IrStep, on: IrStep, seen = new Set<IrStep>()): boolean {
  if (seen.has(step)) return false;
  seen.add(step);
  const names = new Set(readsOfStep(step).map((read) => read.name));
  return message.steps.some(
    (other) =>
      other.name !== undefined && names.has(other.name.value) && (other === on || restsOn(message, other, on, seen)),
  );
}

/** "one": read by one case of one switch and nothing else; "through": only by such steps of one case. */
export const caseOnly = once(({ message, shared = new Set() }: Place): ReadonlyMap<IrStep, "one" | "through"> => {
  // A resolver that says nothing is given every step.
  const supplied = [message, ...message.fields].filter(({ resolver }) => resolver !== undefined);
  if (supplied.some(({ reads }) => reads === undefined)) return new Map();
  const fields = new Set([
    ...shared,
    ...supplied.flatMap(({ reads }) => reads?.steps.map((name) => name.value) ?? []),
    ...message.fields.flatMap((field) =>
      [field.by, field.if].flatMap((text) =>
        text === undefined ? [] : expression(text.value).reads.map((r) => r.name),
      ),
    ),
  ]);
  const owner = new Map<IrStep, string>();
  const kinds = new Map<IrStep, "one" | "through">();
  for (let changed = true; changed; ) {
    changed = false;
    for (const step of message.steps) {
      const name = step.name?.value;
      if (name === undefined || owner.has(step) || fields.has(name) || step.autobind?.value === true) continue;
      const readers = message.steps.flatMap((reader) =>
        readsOfStep(reader)
          .filter((read) => read.name === name)
          .map((read) => ({
            case: read.by === "" ? owner.get(reader) : `${reader.index}:${read.by}`,
            direct: read.by !== "",
          })),
      );
      const cases = new Set(readers.map((reader) => reader.case));
      const [only] = cases;
      if (cases.size !== 1 || only === undefined) continue;
      owner.set(step, only);
      kinds.set(step, readers.every((reader) => reader.direct) ? "one" : "through");
      changed = true;
    }
  }
  return kinds;
});

/** Steps that only values of members of one oneof read, through other such steps too, with these members. */
export const oneofOnly = once(({ message }: Place): ReadonlyMap<IrStep, ReadonlySet<IrField>> => {
  const found = new Map<IrStep, ReadonlySet<IrField>>();
  const { fields, steps } = message;
  // A resolver that says nothing is given every step.
  if ([message, ...fields].some((of) => of.resolver !== undefined && of.reads === undefined)) return found;
  const given = (of: IrMessage | IrField, name: string): boolean =>
    of.resolver !== undefined && of.reads?.steps.some((step) => step.value === name) === true;
  const reads = (text: IrField["by"], name: string): boolean => readsOfText(text).some((read) => read.name === name);
  for (let changed = true; changed; ) {
    changed = false;
    for (const step of steps) {
      const name = step.name?.value;
      if (name === undefined || found.has(step) || step.autobind?.value === true) continue;
      if (given(message, name) || fields.some((field) => reads(field.if, name))) continue;
      const members = fields.filter((field) => reads(field.by, name) || given(field, name));
      if (steps.some(({ after }) => after.some((other) => other.value === name))) continue;
      const readers = steps.filter((other) => readsOfStep(other).some((read) => read.name === name));
      const through = readers.map((reader) => found.get(reader));
      if (through.includes(undefined)) continue;
      const all = new Set([...members, ...through.flatMap((of) => [...(of ?? [])])]);
      const oneofs = new Set([...all].map(({ desc }) => desc.oneof));
      if (all.size === 0 || oneofs.size !== 1 || oneofs.has(undefined)) continue;
      found.set(step, all);
      changed = true;
    }
  }
  return found;
});

/** Text with CEL in braces; `{{` is a brace. */
export function holes(text: string): { hole: boolean; text: string }[] {
  const parts: { hole: boolean; text: string }[] = [];
  let plain = "";
  for (let i = 0; i < text.length; i++) {
    if (text[i] !== "{") {
      plain += text[i];
    } else if (text[i + 1] === "{") {
      plain += "{";
      i++;
    } else {
      const end = endOfHole(text, i + 1);
      parts.push({ hole: false, text: plain }, { hole: true, text: text.slice(i + 1, end) });
      plain = "";
      i = end;
    }
  }
  return [...parts, { hole: false, text: plain }].filter((part) => part.text !== "");
}

function endOfHole(text: string, from: number): number {
  let depth = 0;
  let quote = "";
  for (let i = from; i < text.length; i++) {
    const char = text[i] ?? "";
    if (quote !== "") {
      if (char === "\\") i++;
      else if (char === quote) quote = "";
    } else if (char === "'" || char === '"') quote = char;
    else if (char === "{") depth++;
    else if (char === "}" && depth-- === 0) return i;
  }
  return text.length;
}
