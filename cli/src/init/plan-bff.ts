// Plans a new BFF: one RPC that composes the chosen ones, with its steps and the fields of its request and response.
import type { DescField, DescMessage, DescMethod, DescOneof } from "@bufbuild/protobuf";
import { isKeyword, isLibraryName, isReservedName } from "protoc-gen-bff/compiler";
import { type BatchProposal, isBatched, proposeBatch } from "./batches.ts";
import type { ChosenRpc } from "./choose-rpcs.ts";
import { Copies, isRequired, isWellKnown, withheldOf } from "./copies.ts";
import { NameScope, pascalCase, snakeCase } from "./names.ts";
import { isPrivateName, type PrivateField, privateReason, privateType } from "./private-fields.ts";

export interface BegunBff {
  /** `shop.v1` */
  readonly package: string;
  /** `ShopService` */
  readonly service: string;
  readonly rpc: string;
  readonly request: string;
  readonly response: string;
  /** True if the rpc is declared NO_SIDE_EFFECTS. */
  readonly readOnly: boolean;
  readonly steps: readonly BegunStep[];
  readonly requestFields: readonly RequestField[];
  readonly responseFields: readonly ResponseField[];
  readonly copies: Copies;
  /** The upstream's stream that the rpc follows, without steps. */
  readonly stream: BegunStream | undefined;
}
export interface BegunStream extends Pick<BegunStep, "method" | "set" | "unset" | "leftOut" | "withheld"> {
  /** Name of the item: a field of the response reads `args.event`. */
  readonly item: string;
}
export interface BegunStep extends ChosenRpc {
  readonly name: string;
  /** All but the first call are. */
  readonly supplementary: boolean;
  /** The step that it waits for: of calls with side effects each waits for the one before. */
  readonly after: string | undefined;
  /**
   * True if the call declares that it reads: its RPC is unmarked, and the BFF's RPC is not declared NO_SIDE_EFFECTS.
   */
  readonly readOnly: boolean;
  /** `spread`: all fields that both have by name; else each field by a separate name. */
  readonly set: "nothing" | "spread" | readonly SetField[];
  /** Fields of its request that the BFF's request does not have. */
  readonly unset: readonly DescField[];
  /** Fields of its answer that the BFF's response does not have. */
  readonly leftOut: readonly DescField[];
  /** Fields of its request and of its answer that look private: the BFF has none of them. */
  readonly withheld: { readonly request: readonly PrivateField[]; readonly answer: readonly PrivateField[] };
  /** Its rpc takes many ids, and another answer has one. */
  readonly batch: BatchProposal | undefined;
  /** True if the batch is the step; otherwise it is a comment above a step with the whole request. */
  readonly joined: boolean;
}
interface SetField {
  readonly upstream: string;
  readonly name: string;
  /** A member of a oneof is set where the client has set it. */
  readonly ifSet: boolean;
}
export interface RequestField {
  readonly name: string;
  readonly field: DescField;
  /** Oneof of the field in the BFF. */
  readonly oneof: string | undefined;
}
/** `by` names the field's value; `field`: of which upstream field it has the type, a message as a whole, or a bool. */
export interface ResponseField {
  readonly name: string;
  readonly by: string;
  readonly type: DescField | DescMessage | "bool";
  readonly mayBeAbsent: boolean;
  /** True for a list of messages. */
  readonly repeated?: boolean;
}

/** The package and the service that get an rpc. */
interface Target {
  readonly package: string;
  readonly service: string;
  readonly rpc: string;
  /** Taken names of messages and enums of the package. */
  readonly types: NameScope;
  readonly copies: Copies;
  /** True to join the calls of rpcs that take many ids from other answers; otherwise this is a comment. */
  readonly joins: boolean;
}

/** Behind a dot none of these is a name. */
const NO_SELECTOR = new Set(["in", "true", "false", "null"]);
const WRAPPER = /(Response|Reply|Result|Resp|Rsp)$/;
const READ_VERB = /^(batch_)?(get|list|search|find|query|count|fetch|lookup|look_up|read|describe)_/;

/** @param name what the BFF is called, as in `shop` @param taken packages of the upstreams */
export function planBff(name: string, rpcs: readonly ChosenRpc[], taken: ReadonlySet<string>): BegunBff {
  const segment = packageSegment(name, taken);
  const types = new NameScope();
  const service = types.take(`${pascalCase(segment)}Service`);
  const copies = new Copies(types, new NameScope());
  return planRpc({ package: `${segment}.v1`, service, rpc: rpcNameOf(rpcs), types, copies, joins: false }, rpcs);
}

/** Plans an rpc that composes the chosen ones. */
export function planRpc(target: Target, rpcs: readonly ChosenRpc[]): BegunBff {
  const readOnly = rpcs.every(({ kind }) => kind !== "writes");
  const { rpc, types, copies } = target;
  const request = types.take(`${rpc}Request`);
  const response = types.take(`${rpc}Response`);
  const names = new NameScope();
  const named = target.joins ? withBatches(rpcs, names) : rpcs.map((chosen) => ({ ...chosen, batch: undefined }));
  for (const { method, batch } of named) {
    if (batch !== undefined) copies.takeMessage(batch.item);
    else if (isWhole(method)) copies.takeMessage(method.output);
    else copies.take(publicAnswer(method), 0);
    if (batch === undefined && !isWellKnown(method.input)) copies.take(publicRequest(method), 1);
  }
  const [only] = rpcs;
  const fields =
    only?.method.methodKind === "server_streaming"
      ? streamOf(only.method, copies)
      : { ...stepsOf(named, names, readOnly, copies), stream: undefined };
  return { package: target.package, service: target.service, rpc, request, response, readOnly, copies, ...fields };
}

/**
 * Returns true if the response becomes one field. A response that wraps others, or whose name is private, is replaced
 * by its fields.
 */
function isWhole({ name, output }: DescMethod): boolean {
  if (isWellKnown(output)) return true;
  return !WRAPPER.test(output.name) && !isPrivateName(name) && privateType(output) === undefined;
}
const EMPTY = "google.protobuf.Empty";

function publicAnswer({ output }: DescMethod): readonly DescField[] {
  return output.fields.filter((field) => privateReason(field, "answer") === undefined);
}
/** Without a required field there is no request. */
function publicRequest({ input }: DescMethod): readonly DescField[] {
  return input.fields.filter((field) => isRequired(field) || privateReason(field, "request") === undefined);
}

function packageSegment(name: string, taken: ReadonlySet<string>): string {
  const plain = snakeCase(name).replaceAll("_", "");
  const names = [plain, `${plain}web`];
  const first = new Set([...taken].map((segment) => segment.split(".")[0] ?? ""));
  const free = (segment: string): boolean =>
    !first.has(segment) && !["bff", "google", "buf"].includes(segment) && !isTaken(segment);
  for (let i = 2; ; i++) {
    const found = names.find(free);
    if (found !== undefined) return found;
    names.push(`${plain}web${i}`);
  }
}

/** `createTestBff` gives these beside the rpcs. */
const OF_TESTS = new Set(["Mocks", "Clock", "Close"]);

/** Returns the name of an rpc that composes these. */
export function rpcNameOf(rpcs: readonly ChosenRpc[]): string {
  const [first] = rpcs;
  if (first !== undefined && rpcs.length === 1) {
    const name = pascalCase(first.method.name);
    return OF_TESTS.has(name) ? `Ask${name}` : name;
  }
  return rpcs.every(({ kind }) => kind !== "writes") ? "GetPage" : "RunSteps";
}

type Fields = Pick<BegunBff, "steps" | "requestFields" | "responseFields">;

/** An rpc of which the calls may join, with the name of the step. */
interface NamedRpc extends ChosenRpc {
  readonly batch: BatchProposal | undefined;
}

/** Finds the rpcs that take many ids from the answers of the others. */
function withBatches(rpcs: readonly ChosenRpc[], names: NameScope): readonly NamedRpc[] {
  const isBatch = ({ method }: ChosenRpc): boolean => isBatched(method);
  const scope = new NameScope();
  const answers = rpcs.filter((rpc) => !isBatch(rpc)).map(({ method }) => ({ step: stepName(method, scope), method }));
  return rpcs.map((rpc) => {
    const found = rpc.kind !== "writes" && isBatch(rpc) ? proposeBatch(rpc.method, answers, [names, scope]) : undefined;
    return { ...rpc, batch: found };
  });
}

function stepsOf(rpcs: readonly NamedRpc[], names: NameScope, readOnly: boolean, copies: Copies): Fields {
  const requestFields = new RequestFields();
  const responseNames = new NameScope();
  responseNames.take("degraded");
  for (const { batch } of rpcs) if (batch !== undefined) responseNames.take(batch.name);
  const responseFields: ResponseField[] = [];
  const steps: BegunStep[] = [];
  let wrote: string | undefined;
  for (const [i, rpc] of rpcs.entries()) {
    const { method, batch } = rpc;
    const policy = { supplementary: i > 0, readOnly: rpc.kind === "named" && !readOnly };
    if (batch !== undefined) {
      steps.push({ ...rpc, ...policy, ...NO_FIELDS, name: batch.name, after: undefined, joined: true });
      const isList = typeof batch.by !== "string";
      responseFields.push({ name: batch.name, by: batch.name, type: batch.item, mayBeAbsent: true, repeated: isList });
      continue;
    }
    const name = stepName(method, names);
    // A field that two rpcs have is called after its step, but by no private name.
    const prefix = isPrivateName(name) ? `step${i + 1}` : name;
    const answer = answered({ method, step: name, prefix, mayBeAbsent: i > 0 }, copies, responseNames);
    responseFields.push(...answer);
    const after = rpc.kind === "writes" ? wrote : undefined;
    const called = calledFields(method, prefix, answer, requestFields, copies);
    steps.push({ ...rpc, ...policy, ...called, name, after, joined: false });
    if (rpc.kind === "writes") wrote = name;
  }
  const answers = steps.map(({ name, method }) => ({ step: name, method }));
  const proposed = steps.map((step): BegunStep => {
    if (step.joined || step.kind === "writes") return step;
    const others = answers.filter(({ method }) => method !== step.method);
    const batch = proposeBatch(step.method, others, [names, responseNames]);
    return { ...step, batch: batch !== undefined && copies.has(batch.item) ? batch : undefined };
  });
  return { steps: proposed, requestFields: requestFields.all, responseFields };
}

type CalledFields = Pick<BegunStep, "set" | "unset" | "leftOut" | "withheld">;
const NO_FIELDS: CalledFields = { set: "nothing", unset: [], leftOut: [], withheld: { request: [], answer: [] } };

/** Adds the fields of a call's request, and returns those that are set, and those that the BFF does not have. */
function calledFields(
  method: DescMethod,
  prefix: string,
  answer: readonly ResponseField[],
  requestFields: RequestFields,
  copies: Copies,
): CalledFields {
  const inputs = isWellKnown(method.input) ? [] : publicRequest(method);
  const used = inputs.filter((field) => copies.holds(field));
  const whole = isWhole(method);
  return {
    set: requestFields.add(prefix, used),
    unset: inputs.filter((field) => !used.includes(field)),
    leftOut: whole ? [] : publicAnswer(method).filter((field) => !answer.some(({ type }) => type === field)),
    withheld: {
      request: withheldOf(method.input.fields, "request").filter(({ field }) => !inputs.includes(field)),
      answer: whole ? [] : withheldOf(method.output.fields, "answer"),
    },
  };
}

/** Plans an rpc that follows an upstream's stream: its response has the fields of one item. */
function streamOf(method: DescMethod, copies: Copies): Fields & { readonly stream: BegunStream } {
  const requestFields = new RequestFields();
  const responseNames = new NameScope();
  responseNames.take("degraded");
  const taken = new Set(method.input.fields.map(({ name }) => snakeCase(name)));
  const item = ["event", "item", "followed"].find((name) => !taken.has(name)) ?? "stream_item";
  const place = { method, step: `args.${item}`, prefix: item, mayBeAbsent: false };
  const responseFields = answered(place, copies, responseNames);
  const called = calledFields(method, item, responseFields, requestFields, copies);
  return { steps: [], requestFields: requestFields.all, responseFields, stream: { method, item, ...called } };
}

function stepName({ name, parent }: DescMethod, names: NameScope): string {
  const full = snakeCase(name);
  const short = full.replace(READ_VERB, "");
  const withService = `${snakeCase(parent.name)}_${full}`;
  const all = [short, full, withService].filter((candidate) => !isTaken(candidate));
  return names.take(all[0] ?? withService, ...all.slice(1));
}

/** Returns true for a name that has a meaning in expressions, or will have one with an identity. */
function isTaken(name: string): boolean {
  return isReservedName(name) || isKeyword(name) || isLibraryName(name) || name === "peer";
}

interface AnsweringStep {
  readonly method: DescMethod;
  readonly step: string;
  /** Prefix of names, where there is already another one. */
  readonly prefix: string;
  readonly mayBeAbsent: boolean;
}

function answered(
  { method, step, prefix, mayBeAbsent }: AnsweringStep,
  copies: Copies,
  names: NameScope,
): readonly ResponseField[] {
  const { output } = method;
  if (isWhole(method) && output.typeName !== EMPTY)
    return [{ name: names.take(prefix, `${prefix}_answer`), by: step, type: output, mayBeAbsent }];
  const fields = publicAnswer(method).filter((field) => copies.holds(field) && !NO_SELECTOR.has(field.name));
  if (fields.length === 0)
    return [
      {
        name: names.take(`${prefix}_done`),
        by: mayBeAbsent ? `ok(${step})` : "true",
        type: "bool",
        mayBeAbsent: false,
      },
    ];
  return fields.map((field) => ({
    name: names.take(snakeCase(field.name), `${prefix}_${snakeCase(field.name)}`),
    by: `${step}.${field.name}`,
    type: field,
    mayBeAbsent: mayBeAbsent || field.oneof !== undefined,
  }));
}

/** Fields of the request: those of all chosen rpcs. Fields of equal names and types are one field. */
class RequestFields {
  readonly all: RequestField[] = [];
  readonly #names = new NameScope();
  readonly #byName = new Map<string, DescField>();

  /** Adds the fields of a step's request, and returns the fields that the step sets. */
  add(step: string, fields: readonly DescField[]): BegunStep["set"] {
    const oneofs = new Map<DescOneof, string>();
    const added = fields.flatMap((field) => {
      const { oneof } = field;
      // Members stand together or not at all: half of a oneof would be another one.
      if (oneof !== undefined && !oneofs.has(oneof))
        oneofs.set(oneof, this.#names.take(snakeCase(oneof.name), `${step}_${snakeCase(oneof.name)}`));
      const name = this.#fieldName(step, field, oneof === undefined ? undefined : oneofs.get(oneof));
      return name === undefined ? [] : [{ upstream: field.name, name, ifSet: oneof !== undefined }];
    });
    if (added.length === 0) return "nothing";
    return added.every(({ upstream, name }) => upstream === name) ? "spread" : added;
  }

  #fieldName(step: string, field: DescField, oneof: string | undefined): string | undefined {
    const plain = snakeCase(field.name);
    const known = this.#byName.get(plain);
    if (known !== undefined && oneof === undefined && isAlike(known, field)) return plain;
    const renamed = this.#names.has(plain);
    // An expression would have to name it.
    if (renamed && NO_SELECTOR.has(plain)) return undefined;
    const name = this.#names.take(plain, `${step}_${plain}`);
    if (!renamed && oneof === undefined) this.#byName.set(name, field);
    this.all.push({ name, field, oneof });
    return name;
  }
}

function isAlike(field: DescField, other: DescField): boolean {
  return (
    field.fieldKind === other.fieldKind &&
    field.scalar === other.scalar &&
    field.message === other.message &&
    field.enum === other.enum &&
    field.presence === other.presence &&
    (field.fieldKind !== "list" || other.fieldKind !== "list" || field.listKind === other.listKind) &&
    (field.fieldKind !== "map" || other.fieldKind !== "map" || field.mapKey === other.mapKey)
  );
}
