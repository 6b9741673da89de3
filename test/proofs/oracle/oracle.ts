// The oracle: the response that language.md requires, given the ends of its calls. A separate, slow interpreter of the
// IR that shares nothing with the compiler after `readIr`, nor with the runtime.

import { type CelInput, celList, celMap, celUint } from "@bufbuild/cel";
import { type DescMessage, type DescMethod, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { Ir } from "../../../plugin/src/ir/ir.ts";
import { Converter } from "./cel/convert.ts";
import type { BffFunctions } from "./cel/user-functions.ts";
import { Composition } from "./compose.ts";
import { type LoggedCall, type Outcomes, outcomesOf } from "./outcomes.ts";
import { refusalOf } from "./permits.ts";
import type { Computed, Resolvers, Response, Status } from "./response.ts";
import { dead, type Result } from "./result.ts";
import { sharedPlace } from "./service-steps.ts";
import { Program } from "./static.ts";
import { degradedHeader, type Entry, inOrder, ofDeclared } from "./taints/taint.ts";
import { type Acceptable, degradedField, type Got, mismatch, partsField, type Verdict } from "./verdict.ts";

const programs = new WeakMap<Ir, { program: Program; converter: Converter }>();

/**
 * Returns the acceptable responses to `request`. `headers`: lower-case names; `env`: values as in CEL (ints as bigint).
 * `principal`: the identified caller; undefined: an anonymous one.
 * Throws only on input that generation would have refused.
 */
export function oracle(
  ir: Ir,
  method: DescMethod,
  request: Message,
  headers: ReadonlyMap<string, string>,
  env: Readonly<Record<string, unknown>>,
  now: Timestamp | undefined,
  outcomes: Outcomes,
  resolvers: Resolvers = new Map(),
  functions: BffFunctions = new Map(),
  computed: Computed = "service",
  principal?: ReflectMessage,
): Verdict {
  const { program, converter } = prepared(ir);
  program.functions.current = functions;
  const rpc = ir.registry.getService(method.parent.typeName)?.methods.find((m) => m.name === method.name);
  if (rpc === undefined) throw new Error(`no rpc ${method.parent.typeName}/${method.name}`);
  const variables = globals(ir, headers, env, now);
  const response = responding(program, converter, outcomes, variables, resolvers, computed, principal);
  const args = reflect(rpc.input, fromBinary(rpc.input, toBinary(method.input, request)));
  const composes = program.composes(rpc);
  const place = sharedPlace(program, rpc, composes);
  if (place !== undefined) response.shared = new Composition(response, place, { kind: "request", message: args });
  const composition = new Composition(response, program.place(composes), { kind: "request", message: args });
  const refusal = refusalOf(ir, rpc, composition);
  if (refusal !== undefined)
    return {
      schema: rpc.output,
      acceptable: [{ kind: "status", ...refusal }],
      missing: [],
      unasked: outcomes.unasked(),
    };
  const { root, started } = composed(composition, response);
  return concluded(response, rpc.output, composes, root, started);
}

/** Creates the initial state of a response's compositions. */
export function responding(
  program: Program,
  converter: Converter,
  outcomes: Outcomes,
  globals: Response["globals"],
  resolvers: Resolvers,
  computed: Computed = "service",
  principal?: ReflectMessage,
): Response {
  return {
    resolvers,
    computed,
    program,
    converter,
    outcomes,
    globals,
    principal,
    guards: [],
    pending: [],
    refusals: [],
    touched: new Map(),
    parts: new Map(),
    shared: undefined,
    early: false,
  };
}

/** Steps of a service or of an opening that have started and must end well. */
export type Started = ReturnType<Composition["runShared"]>;

/** Returns the end of a response after its compositions have run. */
export function concluded(
  response: Response,
  schema: DescMessage,
  composes: DescMessage,
  root: Result,
  started: Started,
): Verdict {
  const { outcomes, converter } = response;
  const failures = [...started.failures, ...(root.state === "failed" ? root.failures : [])].map(({ status }) => status);
  const first = Math.min(...response.guards.flatMap((guard) => guard.rank ?? []));
  const held = response.guards.filter((guard) => guard.rank === undefined || guard.rank === first);
  // A guard of the root message decides before anything else, once that has begun. One further in may not have been reached.
  const statuses: Status[] = Number.isFinite(first)
    ? held.map((guard) => guard.status)
    : [...held.map((guard) => guard.status), ...response.refusals, ...failures];
  if (statuses.length > 0) {
    // After a failure no side effect begins, even if a guard waits for it.
    const before = response.early ? [] : response.pending.filter((guard) => guard.rank < first);
    const missing = before.flatMap((guard) => guard.missing).filter(({ effect }) => !effect);
    return {
      schema,
      acceptable: unique(statuses).map((status) => ({ kind: "status", ...status })),
      missing,
      unasked: outcomes.unasked(),
    };
  }
  const guarded = response.pending.flatMap((guard) => guard.missing);
  if (root.state === "dead" || started.stuck || guarded.length > 0) {
    const missing = unique([...started.missing, ...(root.state === "dead" ? root.missing : []), ...guarded]);
    return { schema, acceptable: [], missing, unasked: outcomes.unasked() };
  }
  if (root.state !== "value") throw new Error(`the root message is ${root.state} without a cause`);

  const made = root.value as ReturnType<typeof reflect>;
  const touched = response.touched.get(made.message) ?? [];
  const same = composes.typeName === schema.typeName;
  const { message } = same ? made : converter.declared(made, schema);
  const entries = same ? touched : inOrder(touched.flatMap((entry) => ofDeclared(schema, entry) ?? []));
  fill(schema, message, entries);
  fillParts(schema, message, response.parts.get(made.message) ?? []);
  const header = degradedHeader(entries.filter((entry) => !entry.optional).map((entry) => entry.path));
  const answer: Acceptable = { kind: "answer", message, entries, degradedHeader: header };
  return { schema, acceptable: [answer], missing: [], unasked: outcomes.unasked() };
}

/** Guards over what is there at once first, those of the service before those of the message; then whatever takes calls. */
function composed(composition: Composition, response: Response) {
  const nothing = { failures: [], missing: [], stuck: false };
  const { shared } = response;
  if (shared !== undefined && !shared.admits()) return { root: dead, started: nothing };
  if (!composition.admits()) return { root: dead, started: nothing };
  const started = shared?.runShared() ?? nothing;
  response.early = response.guards.some(({ rank }) => rank === undefined);
  return { root: composition.run(), started };
}

/** Compares an answer with the log of its calls; undefined if it is right for some order of equal calls. */
export function checkAnswer(
  ir: Ir,
  method: DescMethod,
  request: Message,
  headers: ReadonlyMap<string, string>,
  env: Readonly<Record<string, unknown>>,
  now: Timestamp | undefined,
  log: readonly LoggedCall[],
  got: Got,
  resolvers: Resolvers = new Map(),
  functions: BffFunctions = new Map(),
  principal?: ReflectMessage,
): string | undefined {
  const faults: string[] = [];
  for (const outcomes of outcomesOf(log)) {
    const verdict = oracle(
      ir,
      method,
      request,
      headers,
      env,
      now,
      outcomes,
      resolvers,
      functions,
      "service",
      principal,
    );
    const fault = mismatch(verdict, got);
    if (fault === undefined) return undefined;
    faults.push(fault);
  }
  return faults.length > 1 ? `${faults[0]}\n(and ${faults.length - 1} other orders of equal calls)` : faults[0];
}

/** Returns the program of an IR, created once. */
export function prepared(ir: Ir) {
  let found = programs.get(ir);
  if (found === undefined) {
    found = { program: new Program(ir), converter: new Converter(ir) };
    programs.set(ir, found);
  }
  return found;
}

/** Returns the variables of every expression of a response. */
export function globals(
  ir: Ir,
  headers: ReadonlyMap<string, string>,
  env: Readonly<Record<string, unknown>>,
  now: Timestamp | undefined,
): Record<string, CelInput> {
  const declared = ir.files.flatMap((file) => [...file.env, ...file.services.flatMap((service) => service.env)]);
  const shapes = new Map(declared.map((variable) => [variable.name.value, variable.shape]));
  const values = new Map<string, CelInput>();
  for (const [name, value] of Object.entries(env)) {
    const shape = shapes.get(name);
    const item = (of: unknown): CelInput => {
      if (shape?.item === "uint") return celUint(BigInt(of as number));
      return shape?.item === "int" ? BigInt(of as number) : (of as CelInput);
    };
    if (Array.isArray(value)) values.set(name, celList(value.map(item)));
    else if (shape?.of === "map")
      values.set(name, celMap(new Map(Object.entries(value as object).map(([key, of]) => [key, item(of)]))));
    else values.set(name, item(value));
  }
  const visible = [...headers].filter(([name]) => !name.endsWith("-bin"));
  return { headers: celMap(new Map(visible)), env: celMap(values), ...(now && { now }) };
}

function unique<T>(list: readonly T[]): T[] {
  return [...new Map(list.map((item) => [JSON.stringify(item), item])).values()];
}

function fillParts(schema: Verdict["schema"], message: Message, paths: readonly string[]): void {
  const field = partsField(schema);
  const [name] = field?.message.fields ?? [];
  if (field === undefined || name === undefined) return;
  const list = reflect(schema, message).get(field);
  for (const path of paths) {
    const part = reflect(field.message);
    part.set(name, path);
    list.add(part);
  }
}

function fill(schema: Verdict["schema"], message: Message, entries: readonly Entry[]): void {
  const field = degradedField(schema);
  if (field?.message === undefined) return;
  const list = reflect(schema, message).get(field);
  for (const entry of entries) {
    if (entry.optional) continue;
    const made = reflect(field.message);
    const values = {
      path: entry.path,
      effect: entry.effects[0],
      reason: entry.causes[0]?.reason,
      upstream: entry.causes[0]?.upstream,
    };
    for (const [name, value] of Object.entries(values)) {
      const of = field.message.fields.find((f) => f.name === name);
      if (of !== undefined) made.set(of, value);
    }
    list.add(made);
  }
}
