// Evaluates a call of a step: its request, its end in the log, and the result of the step.

import { type CelInput, celList, celMap } from "@bufbuild/cel";
import {
  clone,
  type DescField,
  type DescMethod,
  type DescOneof,
  equals,
  fromBinary,
  type Message,
  toBinary,
} from "@bufbuild/protobuf";
import { isReflectMessage, type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import type { IrBatch, IrBind, IrCall, IrStep } from "../../../plugin/src/ir/step.ts";
import { expression } from "./cel/expression.ts";
import { canBeAbsent, fieldValue } from "./cel/field-value.ts";
import type { Composition } from "./compose.ts";
import { senseless } from "./faults.ts";
import { statusOf } from "./guards.ts";
import { Invalid } from "./invalid.ts";
import { type Asker, type CallFailure, type CallOutcome, methodName, shown } from "./outcomes.ts";
import { policyOf } from "./policy.ts";
import { failed, type Locals, type Result, tainted, type Value, value, type Why } from "./result.ts";
import { asBeside, Reason, type Taint } from "./taints/taint.ts";

/** Returns the result of a call for its step. */
export function callResult(at: Composition, step: IrStep, call: IrCall, locals: Locals): Result {
  const { program, outcomes } = at.response;
  const method = program.method(at.place, call);
  const request = requestOf(at, call, method, locals);
  const needed = [...textsOf(call), ...metadataBinds(at, call).flatMap(textsOfBind)];
  // Several missing values may prevent the call; the first declared one is the reason.
  if (request.state === "absent")
    return { ...request, taint: touching(at, needed, locals), why: at.wanting(needed, locals) };
  if (request.state !== "value") return request;
  const metadata = metadataOf(at, call, locals);
  if (metadata.state === "failed" || metadata.state === "dead") return metadata;
  if (metadata.state === "absent")
    return { ...metadata, taint: [...request.taint, ...metadata.taint], why: at.wanting(needed, locals) };
  const taint: readonly Taint[] = [...request.taint, ...metadata.taint];
  const { message } = request;

  const effect = program.hasEffect(at.place, call);
  if (effect && at.blocked(step)) return { state: "dead", missing: [] };

  const key = call.batch && at.evaluate(call.batch.by?.value ?? "", locals);
  if (key !== undefined && key.state !== "value") return tainted(key, taint);
  const all = key === undefined ? [...taint] : [...taint, ...key.taint, ...key.inner];
  const asker: Asker = { place: at.place, step, call, effect, way: wayTo(at) };
  let ended: { outcome: CallOutcome | undefined; requestText: string; key: unknown };
  try {
    ended =
      call.batch === undefined || key === undefined
        ? {
            outcome: outcomes.call(method, message, asker),
            requestText: shown(method.input, message),
            key: undefined,
          }
        : callBatch(at, call.batch, method, message, key, asker);
  } catch (error) {
    return failed(error, all);
  }
  const { outcome, requestText } = ended;
  if (outcome === undefined)
    return { state: "dead", missing: [{ method: methodName(method), request: requestText, effect }] };
  if ("cancelled" in outcome) return { state: "dead", missing: [] };
  if ("failed" in outcome) return afterFailure(at, step, call, outcome.failed, locals, all);
  if (outcome.stale !== undefined) {
    const { reason, upstream } = outcome.stale;
    all.push({ cause: { reason, upstream, stale: true }, rank: step.index, leftOut: false, soft: false });
  }
  const response = reflect(method.output, fromBinary(method.output, outcome.ok));
  // language.md, "Fields": a response that is a Struct is a message with a map.
  const [fields] = method.output.fields;
  if (method.output.typeName === "google.protobuf.Struct" && fields !== undefined)
    return value(celMap(new Map([[fields.name, fieldValue(response, fields)]])), all, { beside: outcome.beside });
  return call.batch === undefined
    ? value(response, all, { beside: outcome.beside })
    : item(at, call.batch, response, ended.key, all);
}

/** Returns the taint of all values that these texts read, evaluated or not. */
function touching(at: Composition, texts: readonly string[], locals: Locals): Taint[] {
  return texts.flatMap((text) => {
    const result = at.evaluate(text, locals);
    if (result.state === "absent") return [...result.taint];
    return result.state === "value" ? asBeside([...result.taint, ...result.inner]) : [];
  });
}

/** Returns the expressions that must have a value before a call is sent, without metadata. */
function textsOf({ request, set, batch }: IrCall): string[] {
  return [...[request, batch?.by].flatMap((text) => text?.value ?? []), ...set.flatMap(textsOfBind)];
}
const textsOfBind = (bind: IrBind): string[] => [bind.if, bind.by, bind.spread].flatMap((text) => text?.value ?? []);

type Request =
  | { readonly state: "value"; readonly message: Message; readonly taint: readonly Taint[] }
  | Exclude<Result, Value>;

/** A request: what `request` gives, every spread, then the fields set by name. Absent when a part that is needed is. */
export function requestOf(at: Composition, call: IrCall, method: DescMethod, locals: Locals): Request {
  const taint: Taint[] = [];
  let made = reflect(method.input);
  if (call.request !== undefined) {
    const base = at.evaluate(call.request.value, locals);
    if (base.state !== "value") return base;
    taint.push(...base.taint, ...base.inner);
    if (isReflectMessage(base.value)) {
      const copy = base.value.desc.typeName !== method.input.typeName;
      const { message } = copy ? at.response.converter.alias(base.value, method.input) : base.value;
      made = reflect(method.input, clone(method.input, message));
    }
  }
  const set = [
    ...call.set.filter((bind) => bind.spread !== undefined),
    ...call.set.filter((bind) => bind.spread === undefined),
  ];
  for (const bind of set) {
    if (bind.if !== undefined) {
      const condition = at.evaluate(bind.if.value, locals);
      if (condition.state !== "value") return tainted(condition, taint) as Request;
      taint.push(...condition.taint, ...condition.inner);
      if (condition.value !== true) {
        // The inputs of the value must still be present, except those that the `if` tests.
        const conditionNames = new Set(expression(bind.if.value).reads.map(({ name }) => name));
        const { reads } = expression((bind.spread ?? bind.by)?.value ?? "");
        for (const { name, safe } of reads) {
          const there = safe || conditionNames.has(name) ? undefined : at.evaluate(name, locals);
          if (there !== undefined && there.state !== "value") return tainted(there, taint) as Request;
        }
        continue;
      }
    }
    const from = at.evaluate((bind.spread ?? bind.by)?.value ?? "", locals);
    if (from.state !== "value") return tainted(from, taint) as Request;
    taint.push(...from.taint, ...from.inner);
    try {
      if (bind.spread === undefined) assign(at, made, (bind.name?.value ?? "").split("."), from);
      else
        spread(
          at,
          made,
          from,
          at.spread(bind, from),
          new Set(set.flatMap(({ name }) => oneofOf(method, name?.value) ?? [])),
        );
    } catch (error) {
      return failed(error, taint) as Request;
    }
  }
  return { state: "value", message: made.message, taint };
}

function assign(at: Composition, target: ReflectMessage, path: readonly string[], from: Value): void {
  const [name, ...rest] = path;
  const field = target.desc.fields.find((f) => f.name === name);
  if (field === undefined) throw new Error(`no field ${name} in ${target.desc.typeName}`);
  if (rest.length === 0) {
    if (!(from.unset && canBeAbsent(field))) at.response.converter.set(target, field, from.value, from.enum());
    return;
  }
  if (field.fieldKind !== "message") throw new Error(`${field} is not a message`);
  const child = target.get(field);
  // A message on the way of something unset is not there either.
  if (from.unset && canBeAbsent(last(field, rest))) return;
  assign(at, child, rest, from);
  target.set(field, child);
}

function last(field: DescField, path: readonly string[]): DescField {
  const [name, ...rest] = path;
  const next = field.message?.fields.find((f) => f.name === name);
  if (next === undefined) throw new Error(`no field ${name} in ${field}`);
  return rest.length === 0 ? next : last(next, rest);
}

/** Returns the oneof that contains a field named by `set`: the field wins over all of a spread's members there. */
function oneofOf({ input }: DescMethod, name: string | undefined): DescOneof | undefined {
  return input.fields.find((field) => field.name === name)?.oneof;
}

/** Every field that the request has too, with the same name and type. */
function spread(
  at: Composition,
  target: ReflectMessage,
  from: Value,
  brings: readonly (readonly [string, Value])[],
  named: ReadonlySet<DescOneof>,
): void {
  const source = isReflectMessage(from.value) ? from.value.desc : undefined;
  for (const [name, member] of brings) {
    const field = target.desc.fields.find((f) => f.name === name);
    const other = source?.fields.find((f) => f.name === name);
    if (field === undefined || (other !== undefined && !fits(at, field, other))) continue;
    if (field.oneof !== undefined && named.has(field.oneof)) continue;
    if (!(member.unset && canBeAbsent(field))) at.response.converter.set(target, field, member.value, member.enum());
  }
}

/** Reports whether a field can be assigned to another unchanged, or as a copy. */
function fits({ response: { converter } }: Composition, a: DescField, b: DescField): boolean {
  const enums = a.enum !== undefined && b.enum !== undefined;
  const messages = a.message !== undefined && b.message !== undefined;
  return (
    a.fieldKind === b.fieldKind &&
    (enums
      ? a.enum.typeName === b.enum.typeName || converter.enumFits(b.enum.typeName, a.enum.typeName)
      : messages
        ? a.message.typeName === b.message.typeName || converter.fits(b.message.typeName, a.message.typeName)
        : a.scalar === b.scalar && a.message === undefined && b.message === undefined) &&
    (a.fieldKind === "map" ? a.mapKey : undefined) === (b.fieldKind === "map" ? b.mapKey : undefined)
  );
}

/** Returns the metadata of the call and of the entries that govern it; the nearest entry of a key wins. */
function metadataBinds(at: Composition, call: IrCall): IrBind[] {
  const { program } = at.response;
  const entries = program.entries(at.place, program.method(at.place, call));
  const found: IrBind[] = [];
  for (const { metadata } of [call.policy, ...entries.map((entry) => entry.policy)]) {
    const taken = new Set(found.map((bind) => bind.name?.value));
    found.push(...metadata.filter((bind) => !taken.has(bind.name?.value)));
  }
  return found;
}

/** Returns the taint of the call's metadata; the runtime computes the values. */
function metadataOf(at: Composition, call: IrCall, locals: Locals): Result {
  const taint: Taint[] = [];
  let absent = false;
  for (const bind of metadataBinds(at, call)) {
    const result = at.bound(bind, bind.by?.value ?? "", locals);
    if (result.state === "failed" || result.state === "dead") return result;
    taint.push(...result.taint, ...(result.state === "value" ? result.inner : []));
    // One left out by its own `if` is no absence.
    if (result.state === "absent" && bind.if === undefined) absent = true;
  }
  const { retryIf, attempts } = policyOf(at.response.program, at.place, call);
  const readsStep = retryIf !== undefined && attempts > 1 && at.readsStep(retryIf);
  if (readsStep) {
    // The author of the log decides about a retry; the oracle only requires that the condition's inputs are present.
    const error = celMap(
      new Map<string, CelInput>([
        ["code", 0n],
        ["message", ""],
      ]),
    );
    const condition = at.evaluate(retryIf, new Map([["error", value(error)]]));
    if (condition.state === "dead") return condition;
    if (condition.state === "absent") absent = true;
    taint.push(...(condition.state === "failed" ? [] : condition.taint));
  }
  return absent ? { state: "absent", taint } : value(null, taint);
}

// ---- failures ----

function afterFailure(
  at: Composition,
  step: IrStep,
  call: IrCall,
  failure: CallFailure,
  outer: Locals,
  taint: readonly Taint[],
): Result {
  const error = celMap(
    new Map<string, CelInput>([
      ["code", BigInt(failure.code)],
      ["message", failure.message ?? ""],
    ]),
  );
  const locals: Locals = new Map([...outer, ["error", value(error)]]);
  const cause = { reason: failure.reason, upstream: failure.upstream };
  const why: Why = { code: failure.code, message: failure.message ?? "", unsaid: failure.unsaid, ...cause };
  for (const rule of at.response.program.errorRules(at.place, call)) {
    if (rule.on.length > 0 && !rule.on.some((code) => code.value === failure.code)) continue;
    if (rule.if !== undefined) {
      const condition = at.evaluate(rule.if.value, locals);
      if (condition.state !== "value" || condition.value !== true) continue;
    }
    switch (rule.then?.kind) {
      case "ignore":
        return { state: "absent", taint: asBeside(taint), why };
      case "fallback": {
        const failureTaint: Taint = { cause, rank: step.index, leftOut: false, soft: false };
        const instead = tainted(at.evaluate(rule.then.by.value, locals), [...taint, failureTaint]);
        return instead.state === "value" ? { ...instead, why } : instead;
      }
      case "fail":
        at.response.refusals.push(statusOf(at, rule.then.fail, failure, locals));
        return { state: "dead", missing: [] };
      default:
        throw new Error("on_error rule without effect");
    }
  }
  const pushback = failure.reason === Reason.BREAKER_OPEN || failure.reason === Reason.LIMITED;
  return {
    state: "failed",
    failures: [{ status: { code: failure.clientCode, message: undefined, pushback }, cause, why }],
    taint,
  };
}

// ---- batches ----

function wayTo({ parent }: Composition): string {
  return parent === undefined ? "" : `${wayTo(parent.composition)}/${parent.step.index}`;
}

/** Returns the logged call that contains this key with the same rest of the request. */
function callBatch(at: Composition, batch: IrBatch, method: DescMethod, rest: Message, key: Value, asker: Asker) {
  const name = batch.name?.value ?? "";
  const field = method.input.fields.find((f) => f.name === name);
  if (field?.fieldKind !== "list") throw new Error(`no list ${name} in ${method.input.typeName}`);
  const probe = reflect(method.input);
  const element = batch.wrap === undefined ? key : at.evaluate(batch.wrap.value, new Map([["key", key]]));
  // Such a key fails as a call does, independent of the other keys.
  if (element.state !== "value")
    return { outcome: { failed: { ...senseless, upstream: "" } }, requestText: "", key: undefined };
  at.response.converter.set(probe, field, celList([element.value]), element.enum());
  const [keyValue] = probe.get(field);
  const alike = (logged: Message) => {
    const request = reflect(method.input, clone(method.input, logged));
    if (![...request.get(field)].some((entry) => keyText(entry) === keyText(keyValue))) return false;
    request.clear(field);
    const remainder = reflect(method.input, clone(method.input, rest));
    remainder.clear(field);
    return equals(method.input, request.message, remainder.message);
  };
  const alone = reflect(method.input, clone(method.input, rest));
  at.response.converter.set(alone, field, celList([element.value]), element.enum());
  const outcome = at.response.outcomes.batch(method, alone.message, alike, asker);
  return {
    outcome,
    requestText: shown(method.input, alone.message),
    key: batch.wrap === undefined ? keyValue : key.value,
  };
}

/** The item for a key; a missing one is absent without cause, or with `many` an empty list. */
function item(
  at: Composition,
  batch: IrBatch,
  response: ReflectMessage,
  key: unknown,
  taint: readonly Taint[],
): Result {
  const field = response.desc.fields.find((f) => f.name === batch.items?.value);
  if (field === undefined) throw new Error(`no ${batch.items?.value} in ${response.desc.typeName}`);
  const found: CelInput[] = [];
  if (field.fieldKind === "map") {
    for (const [of, element] of celMap(response.get(field)).entries())
      if (keyText(of) === keyText(key)) found.push(element);
  } else if (field.fieldKind === "list" && field.listKind === "message") {
    for (const element of response.get(field)) {
      if (!isReflectMessage(element)) continue;
      if (batch.keyBy !== undefined) {
        const itemKey = at.evaluate(batch.keyBy.value, new Map([["item", value(element)]]));
        if (itemKey.state !== "value") throw new Invalid(`key_by: ${itemKey.state}`);
        if (keyText(itemKey.value) === keyText(key)) found.push(element);
        continue;
      }
      const keyField = element.desc.fields.find((f) => f.name === batch.key?.value);
      if (keyField === undefined) throw new Invalid(`no key ${batch.key?.value}`);
      if (keyText(fieldValue(element, keyField)) === keyText(key)) found.push(element);
    }
  } else {
    throw new Error(`${field} holds no items`);
  }
  const more = { enum: () => field.enum };
  if (batch.many?.value === true) return value(celList(found), taint, more);
  const [first] = found;
  return first === undefined ? { state: "absent", taint: asBeside(taint) } : value(first, taint, more);
}

/** Equal for equal keys: messages by their bytes. */
function keyText(key: unknown): string {
  if (isReflectMessage(key)) return Buffer.from(toBinary(key.desc, key.message)).toString("base64");
  if (key instanceof Uint8Array) return Buffer.from(key).toString("base64");
  return String(typeof key === "object" && key !== null && "value" in key ? key.value : key);
}
