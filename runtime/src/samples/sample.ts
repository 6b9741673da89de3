// Samples: one fixed message of each type, with a value in every field, made from its descriptor alone.
import {
  clone,
  create,
  type DescField,
  type DescMessage,
  type DescOneof,
  type Message,
  type MessageShape,
  ScalarType,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { FeatureSet_FieldPresence as Presence } from "@bufbuild/protobuf/wkt";
import { type Candidates, choose } from "./candidates.ts";
import { durations, enums, KNOWN, LIST, MAP, scalars, timestamps } from "./value-candidates.ts";
import { FIELD, rulesOf, type Scalar, ValueRules, type WireRules } from "./wire-rules.ts";

/** Maximum number of messages in one sample. Further ones are left unset. */
const MOST = 500;
/**
 * Bounds for required messages, which are kept beyond `MOST`. Beyond these bounds they are left out, and the message
 * cannot be encoded.
 */
const MAX_REQUIRED = 5_000;
const DEEPEST_REQUIRED = 50;
/** Maximum depth of messages within a sample. */
const DEEPEST = 8;

/** Maximum number of entries of a list or a map. */
const MAX_ITEMS = 100;
const SECOND = 1_000_000_000n;

/**
 * Returns a message of this type, always the same. Texts are the field's name and 1 (`id-1`), numbers 1, enums their
 * first value that is not 0. Lists and maps have one entry, and a oneof has its first member. Rules of buf.validate
 * take precedence, unless they are in CEL or a value is hard to find. A message within one of the same type is left
 * out. So are messages nested more than 8 deep, and those after the first 500. Required ones are kept if their nesting
 * is finite. A Degradation is left out, because nothing is degraded, and so are page tokens.
 *
 * @example
 * const run = sample(RunSchema); // { id: "id-1", task: "task-1" }
 */
export function sample<Desc extends DescMessage>(desc: Desc): MessageShape<Desc> {
  const found = made.get(desc) ?? new Sampling().of(desc, []).message;
  made.set(desc, found);
  return clone(desc, found as MessageShape<Desc>);
}
/** Samples by their types. */
const made = new WeakMap<DescMessage, Message>();

/**
 * Reports whether a sample of the type is known to satisfy all rules of buf.validate.
 *
 * @example
 * isSure(RunSchema); // true, because it has no rules
 */
export function isSure(desc: DescMessage): boolean {
  const sampling = new Sampling();
  sampling.of(desc, []);
  return sampling.sure;
}

/**
 * Sets required fields that are unset to samples, also in nested messages, and returns the message. Without them the
 * message could not be encoded.
 *
 * @example
 * const bytes = toBinary(PageSchema, completed(PageSchema, create(PageSchema)));
 */
export function completed<Desc extends DescMessage>(desc: Desc, message: MessageShape<Desc>): MessageShape<Desc> {
  complete(reflect(desc, message), new Sampling());
  return message;
}

class Sampling {
  #left = MOST;
  /** True if the sample is known to satisfy all its rules. */
  sure = true;

  /** @param around the types that it is in */
  of(desc: DescMessage, around: readonly DescMessage[], rules?: WireRules): ReflectMessage {
    this.#left--;
    const into = reflect(desc, create(desc));
    if (this.#known(desc, into, rules)) return into;
    const inside = [...around, desc];
    const groups = groupsOf(desc);
    if (hasCel(desc) || (rules !== undefined && new ValueRules(rules, undefined).more)) this.sure = false;
    for (const member of desc.members) {
      const field = member.kind === "oneof" ? this.#memberOf(member, inside) : member;
      if (field !== undefined && !isTaken(field, groups, into)) this.put(field, into, inside);
    }
    for (const { required, fields } of groups)
      if (required && !fields.some((field) => into.isSet(field))) this.sure = false;
    for (const field of desc.fields) if (isRequired(field) && !into.isSet(field)) this.sure = false;
    return into;
  }
  #memberOf(oneof: DescOneof, inside: readonly DescMessage[]): DescField | undefined {
    const fit = oneof.fields.filter((field) => field.message === undefined || this.#fits(field.message, inside));
    const found = fit.find(isRequired) ?? fit[0];
    if (found === undefined && (rulesOf(oneof)?.flag(REQUIRED) ?? false)) this.sure = false;
    return found;
  }
  #fits(desc: DescMessage, around: readonly DescMessage[], required = false): boolean {
    if (required) return this.#left > MOST - MAX_REQUIRED && around.length < DEEPEST_REQUIRED;
    return this.#left > 0 && around.length < DEEPEST && !around.includes(desc);
  }

  /** Sets a field of the message, unless it is to be left out. */
  put(field: DescField, into: ReflectMessage, around: readonly DescMessage[]): void {
    // A token that no server has made opens nowhere (https://google.aip.dev/158).
    if (field.message?.typeName === "bff.v1.Degradation" || /(^|_)page_token$/.test(field.name)) return;
    const required = field.presence === Presence.LEGACY_REQUIRED;
    if (field.message !== undefined && !this.#fits(field.message, around, required)) return;
    const rules = rulesOf(field);
    switch (field.fieldKind) {
      case "list": {
        const { kindRules, count, unique } = this.#many(rules, LIST);
        for (const value of this.#some(field, kindRules?.message(LIST.items), around, count, unique))
          into.get(field).add(value);
        break;
      }
      case "map": {
        const { kindRules, count } = this.#many(rules, MAP);
        const keys = this.#keys(field.mapKey, kindRules?.message(MAP.keys), count);
        const values = this.#some(field, kindRules?.message(MAP.values), around, keys.length, false);
        for (const [i, key] of keys.entries()) into.get(field).set(key as MapKey, values[i]);
        break;
      }
      default: {
        const [value] = this.#some(field, rules, around, 1, false);
        if (into.set(field, value) !== undefined) this.sure = false;
      }
    }
  }
  /** Returns the number of entries of a list or a map. */
  #many(rules: WireRules | undefined, of: typeof LIST | typeof MAP) {
    const { kindRules, more, required } = new ValueRules(rules, of.kind);
    const most = kindRules?.count(of.max) ?? MAX_ITEMS;
    const least = kindRules?.count(of.min) ?? 0;
    const count = Math.min(Math.max(1, least), most, MAX_ITEMS);
    const unknown = kindRules?.numbers.some((no) => no > of.max + 3) ?? false;
    if (more || unknown || count < least || (required && count === 0)) this.sure = false;
    return { kindRules, count, unique: of.kind === LIST.kind && (kindRules?.flag(LIST.unique) ?? false) };
  }
  #keys(scalar: ScalarType, rules: WireRules | undefined, count: number): readonly Scalar[] {
    return this.#chosen(scalars(scalar, "key", rules), count, true);
  }
  /** Returns `count` values of a field's type, or fewer if the bounds leave no room. */
  #some(
    field: DescField,
    rules: WireRules | undefined,
    around: readonly DescMessage[],
    count: number,
    unique: boolean,
  ): readonly unknown[] {
    const { message } = field;
    const isSingle = field.fieldKind !== "list" && field.fieldKind !== "map";
    const nonzero = isSingle && field.presence === Presence.IMPLICIT && isRequired(field);
    if (message === undefined) {
      if (field.enum !== undefined) return this.#chosen(enums(field.enum, rules, nonzero), count, unique);
      return this.#chosen(scalars(field.scalar ?? ScalarType.STRING, field.name, rules, nonzero), count, unique);
    }
    const made: unknown[] = [];
    // The first is always made: the caller has checked that it fits.
    while (made.length < count && (made.length === 0 || this.#fits(message, around)))
      made.push(this.of(message, around, rules));
    if (made.length < count) this.sure = false;
    return made;
  }
  #chosen<T>(of: Candidates<T>, count: number, distinct: boolean): readonly T[] {
    const { values, sure } = choose(of, count, distinct);
    if (!sure || values.length < count) this.sure = false;
    return values;
  }

  /** A mask without paths satisfies every rule but `const`. */
  #mask(into: ReflectMessage, { kindRules, more }: ValueRules): void {
    const [paths] = into.fields;
    const only = kindRules?.message(MASK.const);
    const others =
      kindRules?.numbers.some((no) => no > MASK.last || (only !== undefined && no !== MASK.const)) ?? false;
    if (more || others) this.sure = false;
    if (paths?.fieldKind !== "list") return;
    for (const path of only?.all(1, ScalarType.STRING) ?? []) into.get(paths).add(path);
  }

  /** Sets messages of google.protobuf whose fields depend on each other. */
  #known(desc: DescMessage, into: ReflectMessage, rules: WireRules | undefined): boolean {
    const put = (name: string, value: unknown): true => {
      const field = desc.fields.find((candidate) => candidate.name === name);
      if (field !== undefined) into.set(field, value);
      return true;
    };
    const time = (of: Candidates<bigint>): true => {
      const [nanoseconds = 0n] = this.#chosen(of, 1, false);
      put("seconds", floor(nanoseconds, desc));
      return put("nanos", Number(nanoseconds - floor(nanoseconds, desc) * SECOND));
    };
    switch (desc.typeName) {
      case "google.protobuf.Timestamp":
        return time(timestamps(rules));
      case "google.protobuf.Duration":
        return time(durations(rules));
      case "google.protobuf.Value":
        return put("string_value", "value-1");
      case "google.protobuf.Any": // of which type nobody knows
      case "google.protobuf.Struct":
      case "google.protobuf.ListValue":
        if (hasPositive(new ValueRules(rules, KNOWN[desc.typeName]))) this.sure = false;
        return true;
      case "google.protobuf.FieldMask":
        this.#mask(into, new ValueRules(rules, KNOWN[desc.typeName]));
        return true;
    }
    const [value] = desc.fields;
    if (!WRAPPER.test(desc.typeName) || value?.fieldKind !== "scalar") return false;
    const [only] = this.#chosen(scalars(value.scalar, value.name, rules), 1, false);
    return put(value.name, only);
  }
}
/** Numbers of `const`, `in`, `not_in` and `example` in FieldMaskRules. */
const MASK = { const: 1, last: 4 } as const;
const WRAPPER = /^google\.protobuf\.(Bool|Bytes|Double|Float|Int32|Int64|String|UInt32|UInt64)Value$/;
type MapKey = string | number | bigint | boolean;

/** Seconds of a moment are those before it, of a span of time those nearer to zero. */
function floor(nanoseconds: bigint, { name }: DescMessage): bigint {
  const seconds = nanoseconds / SECOND;
  return name === "Timestamp" && seconds * SECOND > nanoseconds ? seconds - 1n : seconds;
}
/** True if an empty Any may break its rules: all but `not_in`. */
const hasPositive = ({ kindRules, more }: ValueRules): boolean =>
  more || (kindRules?.numbers.some((no) => no !== 3) ?? false);

// ---- rules of messages ----

/** Field number in OneofRules. */
const REQUIRED = 1;
const isRequired = (field: DescField): boolean => rulesOf(field)?.flag(FIELD.required) ?? false;
/** MessageRules: `cel`, `cel_expression`, and what is not known here. */
const hasCel = (desc: DescMessage): boolean => rulesOf(desc)?.numbers.some((no) => no !== ONE_OF) ?? false;
const ONE_OF = 4;

/** Fields of which at most one may be set. */
interface Group {
  readonly fields: readonly DescField[];
  readonly required: boolean;
}
function groupsOf(desc: DescMessage): readonly Group[] {
  const groups = rulesOf(desc)?.messages(ONE_OF) ?? [];
  return groups.map((group) => {
    const names = group.all(1, ScalarType.STRING);
    return { fields: desc.fields.filter(({ name }) => names.includes(name)), required: group.flag(2) };
  });
}
/** True if another field of its group is set, or must be. */
function isTaken(field: DescField, groups: readonly Group[], into: ReflectMessage): boolean {
  return groups.some(
    ({ fields }) =>
      fields.includes(field) &&
      fields.some(
        (candidate) => candidate !== field && (into.isSet(candidate) || (isRequired(candidate) && !isRequired(field))),
      ),
  );
}

function complete(message: ReflectMessage, samples: Sampling): void {
  for (const field of message.desc.fields) {
    if (field.presence === Presence.LEGACY_REQUIRED && !message.isSet(field))
      samples.put(field, message, [message.desc]);
    if (field.message === undefined || !message.isSet(field)) continue;
    if (field.fieldKind === "message") complete(message.get(field), samples);
    else if (field.fieldKind === "list") each(message.get(field), samples);
    else if (field.fieldKind === "map") each(message.get(field).values(), samples);
  }
}
function each(values: Iterable<unknown>, samples: Sampling): void {
  for (const value of values) complete(value as ReflectMessage, samples);
}
