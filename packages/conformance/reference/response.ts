// The state of one response: its time, its globals, its guards, and its calls.
import type { CelInput } from "@bufbuild/cel";
import { type DescMessage, type DescMethod, type FileRegistry, type Message, toBinary } from "@bufbuild/protobuf";
import { isReflectMessage, type ReflectList, type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { Code } from "@connectrpc/connect";
import { Batches, itemsOf } from "./batches.ts";
import { type Answer, codeNamed, type MergedPolicy, policyOf, type Upstreams } from "./calls.ts";
import type { Composed } from "./compose.ts";
import { type Evaluator, failureValue, type Globals, type Scope } from "./evaluate.ts";
import type { Limits } from "./limits.ts";
import { absent, causeOf, invalid, present, Refusal, type Result, StepFailure, unique } from "./result.ts";
import type { Bind, Call, ErrorRule, Fail, Rules } from "./rules.ts";
import { branchOf, shardOf } from "./sides.ts";
import { holes } from "./syntax.ts";
import { Converter, celOf } from "./values.ts";

export interface Program {
  readonly registry: FileRegistry;
  readonly rules: Rules;
  readonly upstreams: Upstreams;
  readonly limits: Limits;
  readonly answers: Map<string, { readonly composed: Composed; readonly until: number }>;
  /** Variables of the environment. */
  readonly env: Readonly<Record<string, string>>;
}
/** Names, variables and package of an expression. */
export interface Place {
  readonly scope: Scope;
  readonly globals: Globals;
  readonly evaluator: Evaluator;
  /** The package of the rules. */
  readonly package: string;
}

export class Response {
  readonly program: Program;
  readonly headers: ReadonlyMap<string, string>;
  readonly deadline: number;
  readonly ending = new AbortController();
  /** Calls with side effects end with their own deadline. */
  readonly #never = new AbortController();
  readonly #equal = new Map<string, Promise<Answer>>();
  readonly #branches = new Map<string, Promise<string>>();
  readonly #batches = new Batches();
  readonly guards: Promise<Refusal | undefined>[] = [];
  caller: ReflectMessage | undefined;
  /** A call has been made. */
  called = false;

  constructor(program: Program, headers: ReadonlyMap<string, string>, deadline: number) {
    this.program = program;
    this.headers = headers;
    this.deadline = deadline;
  }

  principal(): Result {
    return this.caller === undefined ? absent() : present(this.caller);
  }
  methodOf(name: string): DescMethod {
    const [service = "", method] = name.split("/");
    const found = this.program.registry.getService(service)?.methods.find((candidate) => candidate.name === method);
    if (found === undefined) throw new Error(`no rpc ${name}`);
    return found;
  }
  hasEffects({ method }: Call): boolean {
    return this.methodOf(method).idempotency !== 1;
  }
  messageNamed(name: string, around: string): DescMessage {
    const { registry } = this.program;
    const found = registry.getMessage(`${around}.${name}`) ?? registry.getMessage(name);
    if (found === undefined) throw new Error(`no message ${name}`);
    return found;
  }
  /** `by` and `fallback` of copies are computed from `source` alone, and at once. */
  converter(place: Pick<Place, "evaluator">): Converter {
    return new Converter(this.program.rules, (rule, source) => {
      const text = rule.by ?? rule.fallback ?? "null";
      return place.evaluator.copied(text, source);
    });
  }

  // ---- the request of a call ----

  async #request(call: Call, place: Place) {
    const method = this.methodOf(call.method);
    const converter = this.converter(place);
    let message = reflect(method.input);
    const results: Result[] = [];
    if (call.request !== undefined) {
      const result = await place.evaluator.value(call.request, place.scope, place.globals);
      results.push(result);
      if (isReflectMessage(result.value))
        message =
          result.value.desc.typeName === method.input.typeName
            ? copyOf(result.value)
            : converter.writtenBack(method.input, result.value);
    }
    const entries = [...(call.set ?? [])].sort(
      (a, b) => Number(b.spread !== undefined) - Number(a.spread !== undefined),
    );
    for (const entry of entries) {
      const bound = await this.bound(entry, place);
      results.push(...bound.map(({ result }) => result));
      for (const { name, result, skip } of bound) {
        const path = name.split(".");
        if (entry.spread === undefined) clearOneof(message, path);
        const known = path.length > 1 || method.input.fields.some((field) => field.name === name);
        if (!skip && known && result.value !== undefined && !result.unset)
          converter.setPath(message, path, result.value, result.enum);
      }
    }
    return { method, message, results };
  }

  /** Evaluates an entry of `set`, `args` or `metadata`. A `spread` has a value for each field. */
  async bound(
    entry: Bind,
    place: Place,
  ): Promise<readonly { readonly name: string; readonly result: Result; readonly skip: boolean }[]> {
    const { evaluator, scope, globals } = place;
    if (entry.spread !== undefined) {
      const { value, causes } = await evaluator.value(entry.spread, scope, globals);
      if (!isReflectMessage(value)) return [{ name: "", result: absent(causes), skip: true }];
      return value.desc.fields.map((field) => {
        const unset = field.presence !== 2 && !value.isSet(field);
        const result = { value: celOf(value, field), causes, enum: field.enum, ...(unset && { unset: true as const }) };
        return { name: field.name, result, skip: false };
      });
    }
    const { name = "", by = "null" } = entry;
    const safe = evaluator.proved(entry.if);
    const test = entry.if === undefined ? undefined : await evaluator.holds(entry.if, scope, globals);
    if (test !== undefined && !test.is) {
      // The read of an absent value counts even so, unless the condition makes it safe.
      const result = await evaluator.reads(by, scope, safe);
      return [{ name, result: { ...result, causes: unique([...result.causes, ...test.result.causes]) }, skip: true }];
    }
    const result = await evaluator.value(by, scope, globals, true);
    return [
      { name, result: { ...result, causes: unique([...result.causes, ...(test?.result.causes ?? [])]) }, skip: false },
    ];
  }

  async #metadata(call: Call, place: Place) {
    const policy = policyOf(call, this.program.rules.upstreams.get(place.package) ?? []);
    const headers = new Map<string, string | Uint8Array>();
    for (const name of policy.forward ?? []) {
      const value = this.headers.get(name);
      if (value) headers.set(name, value);
    }
    const results: Result[] = [];
    for (const entry of policy.metadata ?? [])
      for (const { name, result, skip } of await this.bound(entry, place)) {
        results.push(result);
        if (!skip && result.value !== undefined && !result.unset) headers.set(name, checked(result.value));
      }
    return { policy, headers, results };
  }

  // ---- a call with its rules ----

  /** Runs a call. `ready` delays side effects. Throws `StepFailure` or `Refusal`. */
  async call(call: Call, place: Place, ready: () => Promise<void>): Promise<Result> {
    const [{ method, message, results }, sent] = await Promise.all([
      this.#request(call, place),
      this.#metadata(call, place),
    ]);
    const all = [...results, ...sent.results];
    const key = call.batch && (await place.evaluator.value(call.batch.by, place.scope, place.globals));
    if (key !== undefined) all.push(key);
    const causes = unique(all.flatMap((result) => result.causes));
    const missing = all.find(({ value, unset }) => value === undefined && !unset);
    if (missing !== undefined) return absent(causes, all.find(({ failure }) => failure)?.failure);
    await ready();
    this.called = true;
    const effect = this.hasEffects(call);
    const again = async (failure: StepFailure): Promise<boolean> => {
      const condition = sent.policy.retry?.if;
      if (condition === undefined) return true;
      return this.#holds(condition, failure, place);
    };
    const side = await this.#side(call, sent.policy, place, message);
    const limits = {
      side,
      deadline: this.deadline,
      signal: effect ? this.#never.signal : this.ending.signal,
      repeatable: method.idempotency !== 0 && method.idempotency !== undefined,
      again,
    };
    const send = (request: Message) => this.program.upstreams.call(method, request, sent.headers, sent.policy, limits);
    try {
      const group = this.program.upstreams.keyOf(method, message.message, sent.headers, side);
      if (call.batch !== undefined && key?.value !== undefined) {
        const found = await this.#batched(call.batch, { method, message }, group, key.value, send);
        return found === undefined ? absent(causes) : present(found, causes);
      }
      const answer = await (effect ? send(message.message) : this.#once(group, () => send(message.message)));
      return {
        ...present(reflect(method.output, answer.message), causes),
        headers: answer.headers,
        trailers: answer.trailers,
      };
    } catch (error) {
      if (!(error instanceof StepFailure)) throw error;
      return this.#recovered(error, sent.policy.onError, place, causes);
    }
  }

  /** Returns the request and the metadata of a call that opens a stream. */
  async opened(call: Call, place: Place) {
    const [{ method, message }, { headers }] = await Promise.all([
      this.#request(call, place),
      this.#metadata(call, place),
    ]);
    return { method, message: message.message, headers };
  }

  /** Returns the name of the shard or the branch that gets a call. All calls of a response to an upstream take one branch. */
  async #side(call: Call, policy: MergedPolicy, place: Place, message: ReflectMessage): Promise<string> {
    if (policy.shard.is) return shardOf(policy, place, message);
    if (policy.branch.length === 0) return "";
    const [service = ""] = call.method.split("/");
    const chosen = this.#branches.get(service) ?? branchOf(policy.branch, place);
    this.#branches.set(service, chosen);
    return chosen;
  }

  #once(key: string, send: () => Promise<Answer>): Promise<Answer> {
    const found = this.#equal.get(key) ?? send();
    this.#equal.set(key, found);
    return found;
  }

  /** Returns the item of a key. */
  #batched(
    { name, items, key, max = 100 }: NonNullable<Call["batch"]>,
    { method, message }: { readonly method: DescMethod; readonly message: ReflectMessage },
    group: string,
    value: CelInput,
    send: (request: Message) => Promise<Answer>,
  ) {
    return this.#batches.item(group, value, max, async (keys) => {
      const request = copyOf(message);
      const field = request.desc.fields.find((candidate) => candidate.name === name);
      if (field?.fieldKind === "list") for (const element of keys) (request.get(field) as ReflectList).add(element);
      const answer = await send(request.message);
      return itemsOf(reflect(method.output, answer.message), items, key);
    });
  }

  // ---- failures ----

  async #holds(condition: string, failure: StepFailure, place: Place): Promise<boolean> {
    try {
      return (await place.evaluator.value(condition, errorScope(failure, place.scope), place.globals)).value === true;
    } catch {
      return false;
    }
  }

  async #recovered(
    failure: StepFailure,
    rules: readonly ErrorRule[],
    place: Place,
    causes: Result["causes"],
  ): Promise<Result> {
    for (const rule of rules) {
      const matches =
        rule.on === undefined || rule.on.some((name) => name === "ANY" || codeNamed(name) === failure.original);
      if (!matches || (rule.if !== undefined && !(await this.#holds(rule.if, failure, place)))) continue;
      if (rule.ignore) return absent(causes, failure);
      if (rule.fallback !== undefined) {
        const { value } = await place.evaluator.value(rule.fallback, errorScope(failure, place.scope), place.globals);
        return { value, causes: unique([...causes, causeOf(failure)]), failure };
      }
      if (rule.fail !== undefined) throw await this.refusal(rule.fail, place, undefined, failure);
    }
    throw failure;
  }

  /** Returns the end of the response that a `fail` declares. */
  async refusal(
    fail: Fail,
    place: Place,
    rank: readonly number[] | undefined,
    failure?: StepFailure,
  ): Promise<Refusal> {
    const scope = failure === undefined ? place.scope : errorScope(failure, place.scope);
    const asIs = fail.asIs === true;
    let message = asIs ? (failure?.message ?? "") : "";
    if (fail.message !== undefined) {
      const texts = await Promise.all(
        holes(fail.message).map(async (part, at) =>
          at % 2 === 0 ? part : textOf((await place.evaluator.value(part, scope, place.globals)).value),
        ),
      );
      message = texts.join("");
    }
    const details = [...(asIs && fail.details === undefined ? (failure?.details ?? []) : [])];
    for (const source of fail.details ?? []) {
      const { value } = await place.evaluator.value(source, scope, place.globals);
      if (isReflectMessage(value)) details.push(packed(value));
    }
    const code = fail.code === undefined ? (failure?.original ?? Code.PermissionDenied) : codeNamed(fail.code);
    return new Refusal(code, message, details, rank);
  }
}

const errorScope =
  (failure: StepFailure, scope: Scope): Scope =>
  (name) =>
    name === "error" ? Promise.resolve({ value: failureValue(failure), causes: [], failure }) : scope(name);

function textOf(value: CelInput | undefined): string {
  return typeof value === "object" && value !== null && "value" in value ? String(value.value) : String(value ?? "");
}
function copyOf(message: ReflectMessage): ReflectMessage {
  const made = reflect(message.desc);
  for (const field of message.desc.fields) {
    if (!message.isSet(field)) continue;
    if (field.fieldKind === "list")
      for (const item of message.get(field) as Iterable<unknown>)
        (made.get(field) as { add: (item: unknown) => void }).add(item);
    else if (field.fieldKind !== "map") made.set(field, message.get(field) as never);
  }
  return made;
}
/** A named member of a oneof replaces a spread one, even if it stays unset. */
function clearOneof(message: ReflectMessage, path: readonly string[]): void {
  const field = path.length === 1 ? message.desc.fields.find(({ name }) => name === path[0]) : undefined;
  if (field === undefined) return;
  for (const member of field.oneof?.fields ?? [field]) message.clear(member);
}
function packed(value: ReflectMessage): Refusal["details"][number] {
  return { type: value.desc.typeName, value: binary(value) };
}
const binary = (value: ReflectMessage): Uint8Array => toBinary(value.desc, value.message);

/** Metadata is printable ASCII, or bytes. */
function checked(value: CelInput): string | Uint8Array {
  if (value instanceof Uint8Array) return value;
  const text = String(value);
  if (!/^[\x20-\x7e]*$/.test(text)) throw invalid("metadata outside of printable ASCII", Code.InvalidArgument);
  return text;
}
