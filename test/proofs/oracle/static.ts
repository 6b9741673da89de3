// Static properties of messages and steps: compositions, side effects, and failures of a response.
import type { DescMessage, DescMethod, DescService } from "@bufbuild/protobuf";
import type { Ir, IrEnum, IrFile, IrMessage } from "../../../plugin/src/ir/ir.ts";
import type { IrCall, IrErrorRule, IrSource, IrStep, IrUpstream } from "../../../plugin/src/ir/step.ts";
import { Evaluator } from "./cel/evaluator.ts";
import { BffFunctionTable } from "./cel/user-functions.ts";
import { Presence } from "./presence.ts";
import { aliasesOf, type Copies, neededPlace, wholePlace } from "./subsets.ts";

const NO_SIDE_EFFECTS = 1;
const IDEMPOTENT = 2;

export interface Place {
  readonly file: IrFile;
  readonly message: IrMessage;
  readonly evaluator: Evaluator;
  /** For a service's `let`: the names that messages read. */
  readonly shared?: ReadonlySet<string>;
  /** For a service's `let`: the rpcs that make a call of it. */
  readonly rpcs?: (call: IrCall) => readonly DescMethod[];
  /** For an opening: names that are read outside of it. For an alias: steps that start whatever reads them. */
  readonly elsewhere?: readonly string[];
  /** For an alias of a composed message: its fields, by those of the message. Others decide about members only. */
  readonly copies?: Copies;
}

export class Program {
  readonly ir: Ir;
  readonly presence: Presence;
  readonly functions: BffFunctionTable;
  readonly #places = new Map<string, Place>();
  readonly #reached = new Map<string, Set<DescMethod>>();
  readonly #composes = new Map<string, DescMessage>();
  readonly #methods = new WeakMap<IrCall, DescMethod>();
  readonly #entries = new Map<string, IrUpstream[]>();

  constructor(ir: Ir) {
    this.ir = ir;
    this.presence = new Presence(this);
    this.functions = new BffFunctionTable(ir);
    const enums = ir.files.flatMap((file) => file.enums);
    for (const file of ir.files) {
      const evaluator = new Evaluator(ir.registry, file.desc.proto.package, this.functions.funcs, enums);
      for (const message of file.messages)
        this.#places.set(message.desc.typeName, { file, message: withNames(message), evaluator });
    }
    const aliases = aliasesOf(ir);
    for (const message of ir.files.flatMap((file) => file.messages)) {
      const of = aliases.get(message.desc.typeName)?.message.desc;
      const place = of && this.#places.get(of.typeName);
      if (place !== undefined) this.#places.set(message.desc.typeName, wholePlace(message, place));
    }
    this.#reachAll(ir, enums);
    // Children first: their arguments decide what the others need.
    const done = new Set<string>();
    const leaveOut = (name: string): void => {
      const place = this.#places.get(name);
      if (done.has(name) || place?.copies === undefined) return;
      done.add(name);
      for (const { desc } of place.copies.values()) leaveOut(desc.message?.typeName ?? "");
      const isAlias = (child: string, whole: string): boolean => aliases.get(child)?.message.desc.typeName === whole;
      this.#places.set(name, neededPlace(this, place, isAlias));
    };
    for (const name of aliases.keys()) leaveOut(name);
    if (aliases.size > 0) this.#reached.clear();
    if (aliases.size > 0) this.#reachAll(ir, enums);
  }

  #reachAll(ir: Ir, enums: readonly IrEnum[]): void {
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

  /** Returns the message that an rpc composes: its `response`, else the declared one. */
  composes(rpc: DescMethod): DescMessage {
    return this.#composes.get(rpc.toString()) ?? rpc.output;
  }

  /** Returns the item that streams compose a message for, with its name there. */
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
    const method = this.#methods.get(call) ?? this.#methodOf(place, call);
    this.#methods.set(call, method);
    return method;
  }
  #methodOf(place: Place, call: IrCall): DescMethod {
    const [service = "", name] = (call.method?.value ?? "").split("/");
    const scopes = place.file.desc.proto.package.split(".");
    for (let depth = 0; depth <= scopes.length; depth++) {
      const desc: DescService | undefined = this.ir.registry.getService([...scopes.slice(0, depth), service].join("."));
      const method = desc?.methods.find((m) => m.name === name);
      if (method !== undefined) return method;
    }
    throw new Error(`no method ${call.method?.value}`);
  }

  /**
   * Reports whether a call has side effects: its rpc is not declared free of them, and neither `read_only` nor all rpcs
   * that reach it declare that.
   */
  hasEffect(place: Place, call: IrCall): boolean {
    const method = this.method(place, call);
    const { idempotency } = method;
    if (idempotency === NO_SIDE_EFFECTS) return false;
    if (idempotency === IDEMPOTENT) return true;
    const policies = [call.policy, ...this.entries(place, method).map((entry) => entry.policy)];
    const idempotent = policies.find((policy) => policy.idempotent !== undefined)?.idempotent?.value === true;
    if (!idempotent && policies.find((policy) => policy.readOnly !== undefined)?.readOnly?.value === true) return false;
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
    return below.message.steps.some((inner) => this.stepHasEffect(below, inner));
  }

  /**
   * Reports whether a supplementary step may still fail the response: by a rule of its call, or by the message that it
   * composes.
   */
  decides(place: Place, step: IrStep): boolean {
    const call = callOf(step.source);
    if (call !== undefined) return mayFail(this.errorRules(place, call));
    const child = composed(step.source);
    if (child === undefined) return false;
    const below = this.place(place.evaluator.message(child));
    const { resolver, fields, steps } = below.message;
    if (resolver !== undefined || fields.some((field) => field.resolver !== undefined)) return true;
    return steps.some((inner) => inner.source?.kind === "guard" || this.decides(below, inner));
  }

  /** Entries that govern a call, nearest first: those for its method, its service, and all upstreams. */
  entries(place: Place, method: DescMethod): IrUpstream[] {
    const name = `${method.parent.typeName}/${method.name}`;
    const key = `${place.file.desc.name} ${name}`;
    const found = this.#entries.get(key);
    if (found !== undefined) return found;
    const entries = this.#governing(place.file).flatMap((file) => file.upstreams);
    const governing = [
      ...entries.filter((e) => e.method?.value === name),
      ...entries.filter((e) => e.method === undefined && e.service?.value === method.parent.typeName),
      ...entries.filter((e) => e.method === undefined && e.service === undefined),
    ];
    this.#entries.set(key, governing);
    return governing;
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

/** Reports whether a rule with `fail` can apply: earlier rules do not take all its codes. */
function mayFail(rules: readonly IrErrorRule[]): boolean {
  const taken = new Set<number>();
  for (const { on, if: condition, then } of rules) {
    if (on.length > 0 && on.every(({ value }) => taken.has(value))) continue;
    if (then?.kind === "fail") return true;
    if (condition !== undefined) continue;
    if (on.length === 0) return false;
    for (const { value } of on) taken.add(value);
  }
  return false;
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

/** Reports whether a step's value consists of unchanged composed messages. */
export function isComposed(step: IrStep): boolean {
  return composed(step.source) !== undefined;
}

/** Reports whether a step is supplementary; a deferred step is. */
export const isSupplementary = ({ supplementary, defer }: IrStep): boolean =>
  supplementary?.value ?? defer !== undefined;

export function callOf(source: IrSource | undefined): IrCall | undefined {
  if (source?.kind === "call") return source;
  return source?.kind === "each" && source.source?.kind === "call" ? source.source : undefined;
}
