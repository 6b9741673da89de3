// The fields of a composed message: whether each is there, and what touched it.
import type { FieldBehaviour, MemberBehaviour } from "../behaviour.ts";
import { asSoft, type Damage, entryOf, NO_LOCALS, type Result, type Taint, tainted } from "../values/results.ts";
import { isListValue, MapValue, MessageValue, OptionalValue, UNKNOWN, type Value } from "../values/values.ts";
import type { Composition } from "./composition.ts";

interface Composed {
  readonly fields: ReadonlyMap<string, Value>;
  /** Fields whose steps have no value. */
  readonly missing: ReadonlySet<string>;
  readonly entries: readonly Damage[];
  readonly results: readonly Result[];
}

export function composeFields(at: Composition): Composed {
  const fields = new Map<string, Value>();
  const entries: Damage[] = [];
  const results: Result[] = [];
  const missing = new Set<string>();
  for (const target of at.report.fields) {
    if ("oneof" in target) results.push(...setOneof(at, target.members, fields, entries));
    else {
      const result = at.evaluate(target.by);
      results.push(result);
      if (result.state === "absent") missing.add(target.field);
      if (result.state === "value" || result.state === "absent") {
        const present = put(target, result, fields);
        if (present !== false || !target.chosen) touch(at, target, present, result, entries);
      }
    }
  }
  return { fields, missing, entries, results };
}

/** Returns whether the field is then set. Undefined: it is unknown. */
function put(target: FieldBehaviour, result: Result, fields: Map<string, Value>): boolean | undefined {
  if (result.state !== "value") return false;
  if (result.unset && (target.presence || target.many)) return !target.presence;
  const value = result.value instanceof OptionalValue ? (result.value.value ?? null) : result.value;
  if (value === null) return target.presence !== true;
  fields.set(target.field, value);
  return value === UNKNOWN && target.presence && isOpen(target) ? undefined : true;
}
/** True if an unknown value may be unset. */
const isOpen = ({ by }: FieldBehaviour): boolean => "unpredictable" in by.tree || "name" in by.tree;

function touch(
  at: Composition,
  target: FieldBehaviour,
  present: boolean | undefined,
  result: Result,
  entries: Damage[],
): void {
  if (result.state !== "value" && result.state !== "absent") return;
  const composed = isBareComposed(at, target);
  const inner = result.state === "value" && !composed ? result.inner : [];
  const ofField = entryOf(target.field, present, [...result.taint, ...inner]);
  if (ofField !== undefined) entries.push(ofField);
  if (!composed || result.state !== "value") return;
  const add = (position: string, value: Value): void => {
    if (!(value instanceof MessageValue)) return;
    for (const entry of at.response.touched.get(value) ?? [])
      entries.push({ ...entry, path: `${target.field}${position}.${entry.path}` });
  };
  const { value } = result;
  if (isListValue(value)) value.forEach((item, i) => void add(`[${i}]`, item));
  else if (value instanceof MapValue) for (const [key, item] of value.entries) add(`[${keyText(key)}]`, item);
  else add("", value);
}
function keyText(key: Value): string {
  if (key === UNKNOWN) return "?";
  return typeof key === "string" ? JSON.stringify(key) : String(key);
}

/** True if a field is bound by the bare name of a step that composes. Its tainted fields then have separate paths. */
function isBareComposed(at: Composition, { by }: FieldBehaviour): boolean {
  if (!by.path || !("name" in by.tree)) return false;
  const { name } = by.tree;
  const step = at.named(name) ?? at.response.shared?.named(name);
  const source = step?.source.kind === "each" ? step.source.of : step?.source;
  return source?.kind === "compose";
}

/** Sets members in field order. `if` decides, or the presence of the value. The first match wins, else `default`. */
function* setOneof(
  at: Composition,
  members: readonly MemberBehaviour[],
  fields: Map<string, Value>,
  entries: Damage[],
): Iterable<Result> {
  let earlier: Taint[] = [];
  const ordered = [...members.filter((member) => !member.default), ...members.filter((member) => member.default)];
  for (const member of ordered) {
    let taint: Taint[] = [];
    if (member.if !== undefined) {
      const condition = at.condition(member.if, NO_LOCALS);
      if (condition.state === "dead" || condition.state === "failed") return yield condition;
      taint = [...condition.taint, ...(condition.state === "value" ? condition.inner : [])];
      if (condition.state === "absent" || condition.value !== true) {
        const missed = member.left ? undefined : entryOf(member.field, false, taint);
        if (missed !== undefined) entries.push(missed);
        earlier = [...earlier, ...taint];
        continue;
      }
    }
    const result = tainted(at.evaluate(member.by), taint);
    yield result;
    if (result.state === "dead" || result.state === "failed") return;
    const present = put({ ...member, presence: true }, result, member.left ? new Map() : fields);
    const chosen = present !== false || member.if !== undefined || member.default === true;
    if (!member.left) touch(at, member, present, chosen ? tainted(result, asSoft(earlier)) : result, entries);
    if (chosen) return;
    earlier = [...earlier, ...result.taint];
  }
}
