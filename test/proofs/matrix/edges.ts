// The rows of the matrix: the calls of a BFF, each as one step makes it for one item or key.
import {
  type DescMethod,
  type DescMethodUnary,
  equals,
  fromBinary,
  fromJsonString,
  type Message,
  toBinary,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { Ir } from "../../../plugin/src/ir/ir.ts";
import type { IrStep } from "../../../plugin/src/ir/step.ts";
import { isUnary } from "../../bffs/second/registry.ts";
import type { BffRequest } from "../load/bff.ts";
import { oracle, prepared } from "../oracle/oracle.ts";
import { type Asker, methodName, type Outcomes } from "../oracle/outcomes.ts";
import { policyOf } from "../oracle/policy.ts";
import type { Resolvers } from "../oracle/response.ts";
import { callOf } from "../oracle/static.ts";

export interface MatrixBff {
  readonly name: string;
  /** All protos but bff/v1, by name. */
  readonly protos: Readonly<Record<string, string>>;
  /** The files that declare it. */
  readonly targets: readonly string[];
  /** Values of its environment variables as CEL has them, ints as bigint. */
  readonly env: Readonly<Record<string, unknown>>;
  /** Functions of its resolvers: for the generated code, and for the oracle. */
  readonly resolvers?: { readonly functions: object; readonly oracle: Resolvers };
  /** Returns the answer of its upstreams without a fault: the same for the same request. */
  answer(method: DescMethodUnary, request: Uint8Array): Message;
  /** The header that names the caller, in base64url and JSON, and its type. Requests are sent with it and without it. */
  readonly caller?: { readonly header: string; readonly type: string };
  /** Requests to choose from; those are taken that reach a step which none before has reached. */
  candidates(ir: Ir): Iterable<BffRequest>;
}

export interface Edge {
  readonly name: string;
  readonly request: BffRequest;
  /** "pkg.Service/Method" */
  readonly method: string;
  readonly asker: Asker;
  /** The call; for a batch one that requests only this key. */
  readonly alone: { readonly method: string; readonly message: Uint8Array };
  /** Its answer is in the cache and past its time when the fault begins. */
  readonly remembered: boolean;
  /** Reports whether a message on the wire is this call; for a batch: whether it contains this key. */
  is(message: Uint8Array): boolean;
}

export interface Edges {
  readonly edges: readonly Edge[];
  /** Requests of known and anonymous callers that make no new call, or are refused; empty for a BFF without callers. */
  readonly others: readonly BffRequest[];
  /** Steps with a call that no candidate reaches. */
  readonly unreached: readonly string[];
}

interface EdgeCall {
  readonly method: DescMethod;
  readonly message: Message;
  readonly asker: Asker;
  readonly batched: boolean;
}

/** Returns the edges of a BFF: for each step and kind of caller at most the first and the last call of a request. */
export function edgesOf(bff: MatrixBff, ir: Ir, now: Timestamp): Edges {
  const reached = new Set<string>();
  const edges: Edge[] = [];
  const others: BffRequest[] = [];
  for (const request of requestsOf(bff, ir)) {
    const calls = healthy(bff, ir, request, now) ?? [];
    const isAnonymous = bff.caller !== undefined && request.headers[bff.caller.header] === undefined;
    const suffix = isAnonymous ? ANONYMOUS : "";
    if (calls.every(({ asker }) => reached.has(positionOf(asker) + suffix))) {
      if (bff.caller !== undefined) others.push(request);
      continue;
    }
    const byStep = new Map<string, EdgeCall[]>();
    for (const call of calls) {
      const position = positionOf(call.asker) + suffix;
      byStep.set(position, [...(byStep.get(position) ?? []), call]);
    }
    for (const [position, all] of byStep) {
      // A step that an earlier request has reached is skipped.
      if (reached.has(position)) continue;
      reached.add(position);
      const last = all.length - 1;
      const ends = last > 0 && !same(all[0]!, all[last]!) ? [0, last] : [0];
      for (const at of ends) {
        const cold = edge(request, all[at]!, `${position}${last > 0 ? `[${at}]` : ""}`);
        edges.push(cold);
        const { place, call } = cold.asker;
        if (policyOf(prepared(ir).program, place, call).cache === undefined) continue;
        edges.push({ ...cold, name: `${cold.name}, remembered`, remembered: true });
      }
    }
  }
  const isReached = (position: string) => reached.has(position) || reached.has(position + ANONYMOUS);
  return { edges, others, unreached: positions(ir).filter((position) => !isReached(position)) };
}

/** Follows the position of a call that an anonymous caller's request makes. */
const ANONYMOUS = ", anonymous";

function* requestsOf(bff: MatrixBff, ir: Ir): Iterable<BffRequest> {
  for (const request of bff.candidates(ir)) {
    yield request;
    if (bff.caller === undefined) continue;
    const { [bff.caller.header]: _, ...headers } = request.headers;
    yield { ...request, headers };
  }
}

/** Returns the caller of a request; undefined: an anonymous one. */
export function principalOf({ caller }: MatrixBff, ir: Ir, { headers }: BffRequest): ReflectMessage | undefined {
  const text = caller && headers[caller.header];
  const desc = caller && ir.registry.getMessage(caller.type);
  if (text === undefined || desc === undefined) return undefined;
  return reflect(desc, fromJsonString(desc, Buffer.from(text, "base64url").toString()));
}

/** The calls of a request when all goes well; undefined when a guard refuses it even so. */
function healthy(bff: MatrixBff, ir: Ir, request: BffRequest, now: Timestamp): EdgeCall[] | undefined {
  const calls: EdgeCall[] = [];
  const answer = (method: DescMethod, message: Message, asker: Asker, batched: boolean) => {
    calls.push({ method, message, asker, batched });
    if (!isUnary(method)) throw new Error(`${methodName(method)} is not unary`);
    return { ok: toBinary(method.output, bff.answer(method, toBinary(method.input, message))) };
  };
  const outcomes: Outcomes = {
    call: (method, message, asker) => answer(method, message, asker, false),
    batch: (method, alone, _, asker) => answer(method, alone, asker, true),
    unasked: () => [],
  };
  const headers = new Map(Object.entries(request.headers));
  const { acceptable } = oracle(
    ir,
    request.method,
    request.message,
    headers,
    bff.env,
    now,
    outcomes,
    bff.resolvers?.oracle,
    undefined,
    undefined,
    principalOf(bff, ir, request),
  );
  return acceptable.some((option) => option.kind === "answer") ? calls : undefined;
}

function positionOf({ place, step }: Asker): string {
  const service = place.file.services.find((candidate) => candidate.steps.includes(step));
  return `${(service ?? place.message).desc.name}.${step.name?.value ?? step.index}`;
}

function positions(ir: Ir): string[] {
  const of = (name: string, steps: readonly IrStep[]) =>
    steps.filter((step) => callOf(step.source)).map((step) => `${name}.${step.name?.value ?? step.index}`);
  return ir.files
    .filter((file) => file.target)
    .flatMap((file) => [
      ...file.services.flatMap(({ desc, steps }) => of(desc.name, steps)),
      ...file.messages.flatMap(({ desc, steps }) => of(desc.name, steps)),
    ]);
}

function same(a: EdgeCall, b: EdgeCall): boolean {
  return a.method === b.method && equals(a.method.input, a.message, b.message);
}

function edge(request: BffRequest, { method, message, asker, batched }: EdgeCall, name: string): Edge {
  const { input } = method;
  const keys = batched ? input.fields.find((field) => field.name === asker.call.batch?.name?.value) : undefined;
  const split = (of: Message) => {
    const rest = reflect(input, fromBinary(input, toBinary(input, of)));
    if (keys?.fieldKind !== "list") return { keys: [], rest: rest.message };
    const texts = [...rest.get(keys)].map(String);
    rest.clear(keys);
    return { keys: texts, rest: rest.message };
  };
  const expected = split(message);
  return {
    name: `${request.method.name} ${name}`,
    request,
    method: methodName(method),
    asker,
    alone: { method: methodName(method), message: toBinary(input, message) },
    remembered: false,
    is(bytes) {
      const got = split(fromBinary(input, bytes));
      return equals(input, got.rest, expected.rest) && expected.keys.every((key) => got.keys.includes(key));
    },
  };
}
