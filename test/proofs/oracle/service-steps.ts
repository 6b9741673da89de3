// The `let` of a service: which of its steps an rpc starts, and the place where they are evaluated.
import type { DescMessage, DescMethod } from "@bufbuild/protobuf";
import type { IrService } from "../../../plugin/src/ir/ir.ts";
import type { IrBind, IrCall, IrStep } from "../../../plugin/src/ir/step.ts";
import { expression } from "./cel/expression.ts";
import { once } from "./once.ts";
import { holes, readsOfStep } from "./reads.ts";
import { callOf, composedName, type Place, type Program } from "./static.ts";

/** Declared before every step of a message. */
export const BEFORE = -1_000;

const places = once((_: Program) => new Map<string, Place | undefined>());

/** The steps of a service as if they were those of a message; undefined when the rpc starts none. */
export function sharedPlace(program: Program, rpc: DescMethod, composes: DescMessage): Place | undefined {
  const known = places(program);
  const key = `${rpc} ${composes}`;
  if (!known.has(key)) known.set(key, startedPlace(program, rpc, composes));
  return known.get(key);
}

function startedPlace(program: Program, rpc: DescMethod, composes: DescMessage): Place | undefined {
  const found = program.ir.files
    .flatMap((file) => file.services.map((service) => ({ file, service })))
    .find(({ service }) => service.desc.typeName === rpc.parent.typeName);
  if (found === undefined || found.service.steps.length === 0) return undefined;
  const { file, service } = found;
  const base = program.place(composes);
  const rpcs = (call: IrCall): DescMethod[] => {
    const all = service.methods.map(({ desc }) => desc);
    const callers = all.filter((method) =>
      [...startedBy(program, method, service, whole)].some((step) => callOf(step.source) === call),
    );
    return callers.length === 0 ? all : callers;
  };
  const message = { ...base.message, steps: service.steps, fields: [], resolver: undefined };
  const whole: Place = { ...base, file, rpcs, message };
  const read = new Set<string>();
  namesBelow(program, program.place(composes), read, new Set());
  const starts = closure(program, whole, (step) => step.name === undefined || read.has(step.name.value));
  const others = service.desc.methods.filter((method) => method !== rpc);
  const readAnywhere = new Set([
    ...starts,
    ...others.flatMap((method) => [...startedBy(program, method, service, whole)]),
  ]);
  // A step without a reader runs for its effect, if it has one.
  const effects = closure(program, whole, (step) => {
    const call = callOf(step.source);
    return !readAnywhere.has(step) && call !== undefined && program.hasEffect(whole, call);
  });
  const steps = service.steps.filter((step) => starts.has(step) || effects.has(step));
  if (steps.length === 0) return undefined;
  // Rpcs that start the same steps share the code that starts them: a name that one of them reads is read.
  const shared = new Set(read);
  for (const method of others) {
    const theirs = startedBy(program, method, service, whole);
    if (theirs.symmetricDifference(starts).size === 0)
      namesBelow(program, program.place(program.composes(methodOf(service, method))), shared, new Set());
  }
  return { ...whole, message: { ...whole.message, steps }, shared };
}

const methodOf = ({ methods }: IrService, rpc: DescMethod): DescMethod =>
  methods.find(({ desc }) => desc.name === rpc.name)?.desc ?? rpc;

function startedBy(program: Program, rpc: DescMethod, service: IrService, whole: Place): ReadonlySet<IrStep> {
  const method = service.methods.find(({ desc }) => desc.name === rpc.name);
  if (method === undefined) return new Set();
  const read = new Set<string>();
  namesBelow(program, program.place(program.composes(method.desc)), read, new Set());
  return closure(program, whole, (step) => step.name === undefined || read.has(step.name.value));
}

/** The steps that are wanted, with those that they wait for. */
function closure(program: Program, place: Place, selects: (step: IrStep) => boolean): ReadonlySet<IrStep> {
  const found = new Set<IrStep>();
  const add = (step: IrStep): void => {
    if (found.has(step)) return;
    found.add(step);
    const names = namesOfStep(program, place, step);
    for (const other of place.message.steps) if (other.name !== undefined && names.has(other.name.value)) add(other);
  };
  for (const step of place.message.steps) if (selects(step)) add(step);
  return found;
}

/**
 * Returns the names that a step reads itself, through the upstream entries for its call, and in the message that it
 * composes.
 */
function namesOfStep(program: Program, place: Place, step: IrStep): Set<string> {
  const names = new Set(readsOfStep(step).map(({ name }) => name));
  const call = callOf(step.source);
  if (call !== undefined) {
    const { policy } = call;
    const entries = program.entries(place, program.method(place, call)).map((entry) => entry.policy);
    for (const text of [policy.retry?.if, ...entries.flatMap((entry) => entryTexts(entry))])
      if (text !== undefined) for (const { name } of expression(text.value).reads) names.add(name);
  }
  const child = composedName(step.source);
  if (child !== undefined) namesBelow(program, program.place(place.evaluator.message(child)), names, new Set());
  return names;
}

type Policy = NonNullable<ReturnType<typeof callOf>>["policy"];
function entryTexts(policy: Policy): ({ readonly value: string } | undefined)[] {
  return [
    policy.retry?.if,
    ...policy.metadata.flatMap((bind: IrBind) => [bind.by, bind.if]),
    ...policy.onError.flatMap(({ if: condition, then }) => [
      condition,
      ...(then?.kind === "fallback" ? [then.by] : []),
      ...(then?.kind === "fail"
        ? [
            ...holes(then.fail.message?.value ?? "").flatMap((part) => (part.hole ? [{ value: part.text }] : [])),
            ...then.fail.details,
          ]
        : []),
    ]),
  ];
}

/** Every name that a message and what it composes read; its own steps' names do no harm: no step of the service has them. */
function namesBelow(program: Program, place: Place, names: Set<string>, seen: Set<string>): void {
  if (seen.has(place.message.desc.typeName)) return;
  seen.add(place.message.desc.typeName);
  for (const step of place.message.steps) for (const name of namesOfStep(program, place, step)) names.add(name);
  for (const { reads } of [place.message, ...place.message.fields])
    for (const step of reads?.steps ?? []) names.add(step.value);
  for (const text of place.message.fields.flatMap((field) => [field.by, field.if]))
    if (text !== undefined) for (const { name } of expression(text.value).reads) names.add(name);
}
