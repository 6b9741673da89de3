// The fields of a composed message: their values, and what touched them.

import { type CelInput, isCelList, isCelMap } from "@bufbuild/cel";
import type { DescField } from "@bufbuild/protobuf";
import { isReflectMessage, type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import type { IrField } from "../../../plugin/src/ir/ir.ts";
import type { IrStep } from "../../../plugin/src/ir/step.ts";
import { expression } from "./cel/expression.ts";
import { canBeAbsent, hasPresence } from "./cel/field-value.ts";
import type { Composition } from "./compose.ts";
import { failed, type Result, tainted, value } from "./result.ts";
import { isComposed } from "./static.ts";
import type { Copies } from "./subsets.ts";
import { meets } from "./taints/inside.ts";
import { leaveMissing } from "./taints/missing.ts";
import { asItem, asLeftOut, type Entry, entry, nested, type Position, type Taint } from "./taints/taint.ts";

/** Sets every field of `target`; what touched one goes to `entries`. Gives what became of each. */
export function* composeFields(at: Composition, target: ReflectMessage, entries: Entry[]): Iterable<Result> {
  const done = new Set<DescField>();
  for (const field of at.place.message.fields) {
    if (done.has(field.desc)) continue;
    const { oneof } = field.desc;
    if (oneof !== undefined) {
      const members = at.place.message.fields.filter((other) => other.desc.oneof === oneof);
      for (const member of members) done.add(member.desc);
      yield* setOneof(at, target, members, entries);
    } else {
      yield setField(at, target, field, entries);
    }
  }
}

function setField(at: Composition, target: ReflectMessage, field: IrField, entries: Entry[]): Result {
  const by = field.resolver === undefined ? (field.by?.value ?? autobound(at, field.desc)) : "true";
  if (by === undefined) return value(null);
  const result = field.resolver === undefined ? at.evaluate(by) : at.supplied(field.desc);
  if (neverArrives(at, field, result)) return value(null);
  if (result.state === "dead" || result.state === "failed") return result;
  if (result.state === "absent") leaveMissing(target.message, field.desc.name);
  try {
    const present = assign(at, target, field.desc, result);
    touch(at, target, field.desc, by, present, result, entries);
  } catch (error) {
    return failed(error);
  }
  return result;
}

/**
 * Returns the paths that may arrive later: fields that read a deferred step, and later fields of a composed message
 * that is the unchanged value of a field.
 */
export function laterPaths(at: Composition, target: ReflectMessage): string[] {
  return at.place.message.fields.flatMap((field): string[] => {
    const desc = copyOf(at, field.desc);
    if (desc === undefined) return [];
    const value = desc.fieldKind === "message" && target.isSet(desc) ? target.get(desc) : undefined;
    const inside = isReflectMessage(value) ? (at.response.parts.get(value.message) ?? []) : [];
    return [...(isLater(at, field) ? [desc.name] : []), ...inside.map((path) => `${desc.name}.${path}`)];
  });
}
function isLater(at: Composition, { desc }: IrField): boolean {
  const { steps, fields } = at.place.message;
  const deferred = new Set(steps.flatMap(({ defer, name }) => (defer === undefined ? [] : (name?.value ?? []))));
  const rests = ({ by, if: condition }: IrField): boolean =>
    [by, condition].some((text) => text && expression(text.value).reads.some(({ name }) => deferred.has(name)));
  // The members of a oneof are in one part.
  return fields.some(
    (field) => (field.desc === desc || (desc.oneof && field.desc.oneof === desc.oneof)) && rests(field),
  );
}
/** A later field of a nested message is given up with the response if its value can never arrive. */
const neverArrives = (at: Composition, field: IrField, { state, ...rest }: Result): boolean =>
  state === "dead" && "missing" in rest && rest.missing.length === 0 && at.parent !== undefined && isLater(at, field);

/** Returns the entries of a message that a resolver supplies: the taint of the function reaches every field. */
export function suppliedEntries(target: ReflectMessage, taints: readonly Taint[]): Entry[] {
  return target.desc.fields.flatMap((field) => {
    if (field.message?.typeName === "bff.v1.Degradation") return [];
    if (field.oneof !== undefined && target.oneofCase(field.oneof) !== field) return [];
    return entry(field, hasPresence(field) ? target.isSet(field) : true, taints) ?? [];
  });
}

/** Assigns a result; returns whether the field is present afterwards. */
function assign(at: Composition, target: ReflectMessage, field: DescField, result: Result): boolean {
  const { copies } = at.place;
  return copies === undefined ? assigned(at, target, field, result) : assignCopy(at, target, field, result, copies);
}

/** Assigns to the field of an alias what the composed message has. A member that is not copied decides alone. */
function assignCopy(
  at: Composition,
  target: ReflectMessage,
  field: DescField,
  result: Result,
  copies: Copies,
): boolean {
  const copy = copies.get(field);
  const items = result.state === "value" ? messagesIn(result.value) : [];
  const inPlace = items.every((item) => isReflectMessage(item) && item.desc.typeName === copy?.desc.message?.typeName);
  if (copy !== undefined && items.length > 0 && inPlace) return assigned(at, target, copy.desc, result);
  const whole = reflect(field.parent);
  const present = assigned(at, whole, field, result);
  if (copy === undefined) return present;
  if (field.oneof === undefined || present) at.response.converter.copied(whole, field, target, copy);
  if (field.oneof !== undefined || copy.desc.fieldKind === "list" || copy.desc.fieldKind === "map") return present;
  return !hasPresence(copy.desc) || target.isSet(copy.desc);
}

function messagesIn(value: CelInput): readonly unknown[] {
  if (isCelList(value)) return [...value];
  // `values()` of a map in a message gives its keys in @bufbuild/cel 0.6.
  return isCelMap(value) ? [...value].map(([, item]) => item) : [value];
}

function assigned(at: Composition, target: ReflectMessage, field: DescField, result: Result): boolean {
  if (result.state !== "value") return false;
  if (result.unset && canBeAbsent(field)) return !hasPresence(field);
  at.response.converter.set(target, field, result.value, result.enum());
  return hasPresence(field) ? target.isSet(field) : true;
}

function touch(
  at: Composition,
  target: ReflectMessage,
  source: DescField,
  by: string,
  present: boolean,
  result: Result,
  entries: Entry[],
): void {
  const field = copyOf(at, source);
  if (result.state === "dead" || field === undefined) return;
  const { path } = expression(by);
  const name = path?.length === 1 ? (path[0] ?? "") : "";
  const step = at.named(name) ?? at.response.shared?.named(name);
  const composed = step !== undefined && isComposed(step);
  const fieldEntry = entry(field, present, [...result.taint, ...innerOf(at, source, result, composed)]);
  const open = fieldEntry ?? openEntry(at, source, field, result);
  if (open !== undefined) entries.push(open);
  if (!composed || !present) return;
  const add = (position: Position, of: unknown) => {
    if (!isReflectMessage(of)) return;
    for (const touched of at.response.touched.get(of.message) ?? []) entries.push(nested(field, position, touched));
  };
  if (field.fieldKind === "message") add(undefined, target.get(field));
  if (field.fieldKind === "list") [...target.get(field)].forEach((item, position) => void add(position, item));
  if (field.fieldKind === "map")
    for (const [key, item] of target.get(field)) add(typeof key === "string" ? key : { key: String(key) }, item);
}

/** A copy of a composed message in the copy of a page: what its other fields lack may be named. */
function openEntry({ place }: Composition, source: DescField, field: DescField, result: Result): Entry | undefined {
  if (place.copies === undefined || source.message === field.message || result.state !== "value") return undefined;
  const found = entry(field, true, asItem(asLeftOut(result.inner)));
  return found && { ...found, optional: true };
}

/**
 * Returns the taint inside of a value that is the field's own: all of it, unless the value is composed for the field.
 * A copy has that of its fields, and lacks them if it copies a composed value.
 */
function innerOf(
  { response: { converter } }: Composition,
  { message: to }: DescField,
  result: Result,
  composed: boolean,
) {
  if (result.state !== "value" || result.inner.length === 0) return [];
  const { inner, value: of } = result;
  const from = messagesIn(of).find((item) => isReflectMessage(item))?.desc;
  if (to === undefined || from === undefined || to.typeName === from.typeName) return composed ? [] : inner;
  const reads = converter.readsOf(to, from);
  const met = inner.filter((taint) => reads.some((read) => meets(of, read, taint)));
  return composed ? asLeftOut(met) : met;
}

/** The field that clients receive. */
const copyOf = ({ place }: Composition, field: DescField): DescField | undefined =>
  place.copies === undefined ? field : place.copies.get(field)?.desc;

/** Members in field order; `if` decides, or the presence of the value; the first wins, else `default`. */
function* setOneof(
  at: Composition,
  target: ReflectMessage,
  members: readonly IrField[],
  entries: Entry[],
): Iterable<Result> {
  const missing: IrField[] = [];
  yield* setMember(at, target, members, entries, missing);
  const oneofs = members.flatMap(({ desc }) => copyOf(at, desc)?.oneof ?? []);
  if (oneofs.every((oneof) => target.oneofCase(oneof) === undefined))
    for (const { desc } of missing) leaveMissing(target.message, desc.name);
}

/** @param missing receives the members whose `if` or value lacks a step */
function* setMember(
  at: Composition,
  target: ReflectMessage,
  members: readonly IrField[],
  entries: Entry[],
  missing: IrField[],
): Iterable<Result> {
  let earlier: Taint[] = [];
  const ordered = [
    ...members.filter((m) => m.default?.value !== true),
    ...members.filter((m) => m.default?.value === true),
  ];
  for (const member of ordered) {
    const decides = member.if !== undefined && copyOf(at, member.desc) === undefined;
    const by = member.resolver === undefined && !decides ? (member.by?.value ?? autobound(at, member.desc)) : "true";
    if (by === undefined) continue;
    let taint: Taint[] = [];
    if (member.if !== undefined) {
      const condition = at.evaluate(member.if.value);
      if (neverArrives(at, member, condition)) return;
      if (condition.state === "dead" || condition.state === "failed") return yield condition;
      const isDecided = expression(member.if.value).reads.every(({ name }) => isThere(at, name));
      if (condition.state === "absent" || !isDecided) missing.push(member);
      taint = [...condition.taint, ...(condition.state === "value" ? condition.inner : [])];
      if (condition.state === "absent" || condition.value !== true) {
        const field = copyOf(at, member.desc);
        const missed = field && entry(field, false, taint);
        if (missed !== undefined) entries.push(missed);
        earlier = [...earlier, ...taint];
        continue;
      }
    }
    if (decides) return;
    const result = tainted(member.resolver === undefined ? at.evaluate(by) : at.supplied(member.desc), taint);
    if (neverArrives(at, member, result)) return;
    if (result.state === "dead" || result.state === "failed") return yield result;
    if (result.state === "absent") missing.push(member);
    let present: boolean;
    try {
      present = assign(at, target, member.desc, result);
    } catch (error) {
      return yield failed(error);
    }
    // The inputs of earlier members influence the choice. language.md leaves open whether these inputs alone touch the
    // chosen one.
    const chosen = present || member.if !== undefined || member.default?.value === true;
    const more = chosen ? asItem(earlier) : [];
    touch(at, target, member.desc, by, present, tainted(result, more), entries);
    if (chosen) return;
    earlier = [...earlier, ...result.taint];
  }
}

function isThere(at: Composition, name: string): boolean {
  const result = at.read(name, new Map());
  return result === undefined || result.state === "value";
}

function autobound(at: Composition, field: DescField): string | undefined {
  const { converter } = at.response;
  for (const step of at.place.message.steps) {
    if (step.autobind?.value !== true || step.name === undefined) continue;
    const source = stepType(at, step)?.fields.find((f) => f.name === field.name);
    if (source === undefined || source.fieldKind !== field.fieldKind || source.presence !== field.presence) continue;
    const fits =
      source.message !== undefined && field.message !== undefined
        ? converter.fits(source.message.typeName, field.message.typeName)
        : source.enum !== undefined && field.enum !== undefined
          ? converter.enumFits(source.enum.typeName, field.enum.typeName)
          : source.scalar === field.scalar;
    if (fits) return `${step.name.value}.\`${field.name}\``;
  }
  return undefined;
}

/** The message type of a step's value, as far as it shows without running it. */
function stepType(at: Composition, step: IrStep): DescField["message"] {
  const source = step.source;
  if (source?.kind === "compose") return at.place.evaluator.message(source.message?.value ?? "");
  if (source?.kind === "call") {
    const { output } = at.response.program.method(at.place, source);
    if (source.batch === undefined) return output;
    const field = output.fields.find((f) => f.name === source.batch?.items?.value);
    return field?.message;
  }
  if (source?.kind === "by") {
    const [first = "", ...rest] = expression(source.by.value).path ?? [];
    const from = at.named(first);
    let type = from && stepType(at, from);
    for (const name of rest) type = type?.fields.find((f) => f.name === name)?.message;
    if (type !== undefined) return type;
  }
  const result = at.step(step);
  return result.state === "value" && isReflectMessage(result.value) ? result.value.desc : undefined;
}
