// Arguments of composed messages: the values that each composing place provides, and the resulting `args`.

import type { DescField, DescMessage } from "@bufbuild/protobuf";
import {
  type CelType,
  declaredDefault,
  fieldType,
  type Proto,
  presenceOf,
  sameType,
  unsetIsNull,
  type Variable,
} from "../../cel/index.ts";
import { didYouMean, fault, type Origin, type Report, type Text } from "../../diagnostic/diagnostic.ts";
import type { IrMessage } from "../../ir/ir.ts";
import { protoOf } from "../../model/proto-of.ts";
import { distinctTypeNames, formName, sameForm } from "../conversions/same-form.ts";
import type { Arg, Args } from "../model/model.ts";

/** One argument of one place. */
export interface Argument {
  readonly type: CelType;
  readonly proto: Proto | undefined;
  readonly absent: boolean;
  readonly absentByFailure: boolean;
  readonly tainted: boolean;
  /** True if it is received from a client or an upstream. */
  readonly complete: boolean;
  /** The field with presence that provides it: a field of a request, or the last one of a path. */
  readonly presence: DescField | undefined;
  /** The oneof and its owner as text, if that field is a member of a oneof. */
  readonly choice: string | undefined;
  readonly at: Origin;
  /** The place that determines the type, if it is another one. */
  readonly typedAt?: Origin | undefined;
  /** The expression; undefined for a field of a request. */
  readonly written: string | undefined;
}
/** One place where a message is composed. */
export interface ComposePlace {
  /** Place of the message's name, or of the RPC. */
  readonly at: Origin;
  /** For a diagnostic: "rpc GetDashboard", "step cards of Dashboard". */
  readonly what: string;
  /** The request's message, when an rpc composes it. */
  readonly request: DescMessage | undefined;
  readonly members: ReadonlyMap<string, Argument>;
  /** Places at which arguments are named, with or without a fault. */
  readonly named: ReadonlyMap<string, Origin>;
  /** The names that had a fault at this place. */
  readonly broken: ReadonlySet<string>;
  /** Name of an item of the stream, which is an argument besides the request's fields. */
  readonly item?: string | undefined;
}

/**
 * @param item the item of a stream, which is an argument besides the request; `desc` is undefined if its message is
 * unknown
 */
export function requestPlace(
  request: DescMessage,
  what: string,
  at: Origin,
  item?: { readonly name: Text; readonly desc: DescMessage | undefined },
): ComposePlace {
  const members = new Map<string, Argument>();
  for (const field of request.fields) {
    const sure = { absent: false, absentByFailure: false, tainted: false, complete: true };
    const presence = presenceOf(field) === "implicit" ? undefined : field;
    const choice = field.oneof && `${field.oneof}`;
    members.set(field.name, { ...fieldType(field), ...sure, presence, choice, at, written: undefined });
  }
  const place = { at, what, request, members, named: new Map(), broken: new Set<string>() };
  if (item === undefined) return place;
  const { name, desc } = item;
  const none = { presence: undefined, choice: undefined, written: undefined };
  const form = desc && ({ kind: "message", desc } as const);
  if (form === undefined) place.broken.add(name.value);
  else
    members.set(name.value, {
      type: form,
      proto: form,
      absent: false,
      absentByFailure: false,
      tainted: false,
      complete: true,
      at: name.at,
      ...none,
    });
  return { ...place, item: name.value };
}

/** Reads of arguments in a message. */
interface ArgReads {
  readonly used: ReadonlySet<string>;
  readonly spreadable: ReadonlySet<string>;
  /** Returns the place at which the message reads an argument. */
  readonly readOf: (name: string) => Origin | undefined;
}

/** Joins the arguments of all places for the names in use. */
export function argsFor(
  message: IrMessage,
  places: readonly ComposePlace[],
  reads: ArgReads,
  report: Report,
): { args: Args; broken: Set<string> } {
  const [first] = places;
  const request = first?.request;
  const whole = places.every((place) => place.item === undefined && place.request?.typeName === request?.typeName);
  if (request !== undefined && whole) {
    const variable: Variable = {
      name: "args",
      role: "args",
      type: { kind: "message", desc: request },
      proto: { kind: "message", desc: request },
      absent: false,
      complete: true,
    };
    return { args: { message: request, variable, members: [] }, broken: new Set() };
  }
  const broken = new Set<string>();
  const members: Arg[] = [];
  const { used, spreadable } = reads;
  const offered = [...spreadable].filter(
    (name) => !used.has(name) && places.length > 0 && places.every((place) => place.members.has(name)),
  );
  for (const name of [...used, ...offered]) {
    const member = join(message, name, places, reads, report);
    if (member === undefined) broken.add(name);
    else members.push(member);
  }
  const type: CelType = { kind: "struct", members: new Map(members.map((member) => [member.name, member.variable])) };
  const variable: Variable = { name: "args", role: "args", type, proto: undefined, absent: false };
  return { args: { message: undefined, variable, members }, broken };
}

/** One argument of all places. */
function join(
  message: IrMessage,
  name: string,
  places: readonly ComposePlace[],
  reads: ArgReads,
  report: Report,
): Arg | undefined {
  if (places.some((place) => place.broken.has(name))) return undefined;
  const entries = places.map((place) => ({ place, value: place.members.get(name) }));
  // No place provides it. The reading expression is reported, with a did-you-mean among the provided names.
  const some = entries.find(({ value }) => value !== undefined);
  if (some?.value === undefined) return undefinedArg(message, name, places, reads, report);
  const first = { place: some.place, value: some.value };
  const values: Argument[] = [];
  for (const { place, value } of entries) {
    if (value === undefined) {
      report({
        code: "BFF338",
        severity: "error",
        message: `${place.what} composes "${message.desc.name}" without the argument "${name}"`,
        ...howToGive(place, name, reads.used),
        related: [{ at: first.value.at, message: `${first.place.what} passes it` }],
      });
      return undefined;
    }
    if (!isAlike(message, name, first, { place, value }, report)) return undefined;
    values.push(value);
  }
  return {
    name,
    variable: argVariable(name, places, first.value, values),
    absentByFailure: values.some((value) => value.absentByFailure),
    tainted: values.some((value) => value.tainted),
    ofRequest: fieldsOf(name, places).length === places.length && places.every(({ item }) => item !== name),
  };
}

interface ArgumentAt {
  readonly place: ComposePlace;
  readonly value: Argument;
}

/** Returns true if two places provide an argument of one type, or reports the difference. */
function isAlike(
  message: IrMessage,
  name: string,
  first: ArgumentAt,
  { place, value }: ArgumentAt,
  report: Report,
): boolean {
  if (sameType(value.type, first.value.type) && sameForm(value.proto, first.value.proto)) return true;
  const [firstName, otherName] = distinctTypeNames(first.value, value);
  fault(report, "BFF337", value.at, {
    message: `argument "${name}" of "${message.desc.name}" is ${firstName} in one place, but ${otherName} in another`,
    related: [{ at: first.value.at, message: `${first.place.what} passes ${firstName}` }],
    hint: howToAgree([first.place, place], name, [first.value, value]),
  });
  return false;
}

function argVariable(
  name: string,
  places: readonly ComposePlace[],
  { type, proto, at, typedAt }: Argument,
  values: readonly Argument[],
): Variable {
  const absent = values.some((value) => value.absent);
  const fields = fieldsOf(name, places);
  const presences = values.flatMap((value) => value.presence ?? []);
  const presence = absent || presences.length < places.length ? undefined : agreed(presences);
  const unset = presence ?? (absent ? undefined : agreed(fields));
  return {
    name,
    role: "arg",
    type,
    proto,
    absent,
    complete: values.every(({ complete }) => complete),
    presence,
    choice: presence && oneChoice(values),
    unset: unset && unsetIsNull(fieldType(unset)) ? undefined : unset,
    unsetBy: fields.find((field) => presenceOf(field) !== "implicit"),
    typedAt: typedAt ?? at,
  };
}

/** Returns the request fields that provide an argument. */
function fieldsOf(name: string, places: readonly ComposePlace[]): DescField[] {
  return places.flatMap(({ request }) => request?.fields.find((field) => field.name === name) ?? []);
}

/**
 * Returns the first field that may leave an argument unset. Undefined if the fields have different defaults, which each
 * place then passes on.
 */
function agreed(fields: readonly DescField[]): DescField | undefined {
  const first = fields.find((field) => presenceOf(field) !== "implicit");
  return first !== undefined && fields.every((field) => presetOf(field) === presetOf(first)) ? first : undefined;
}

/** Returns the oneofs of all places, if each place provides a member of one. */
function oneChoice(values: readonly Argument[]): string | undefined {
  const choices = values.map(({ choice }) => choice);
  return choices.includes(undefined) ? undefined : choices.join(", ");
}

function presetOf(field: DescField): unknown {
  const preset = field.fieldKind === "enum" ? field.getDefaultValue() : declaredDefault(field);
  return preset instanceof Uint8Array ? preset.join() : preset;
}

function undefinedArg(
  message: IrMessage,
  name: string,
  places: readonly ComposePlace[],
  { used, readOf }: ArgReads,
  report: Report,
): undefined {
  const [place] = places;
  if (place === undefined) return undefined;
  report({
    code: "BFF338",
    severity: "error",
    message: `"${message.desc.name}" reads args.${name}, but no place that composes it passes this argument`,
    ...howToGive(place, name, used),
    related: [{ at: readOf(name) ?? message.at, message: `"${message.desc.name}" reads it here` }],
  });
  return undefined;
}

/** Returns the place of a fault and a hint. An unread name at the place may be a misspelling of the missing one. */
export function howToGive(
  place: ComposePlace,
  name: string,
  used: ReadonlySet<string>,
): { readonly at: Origin; readonly hint: string } {
  const { request, members, named } = place;
  const like = didYouMean(
    name,
    [...members.keys(), ...named.keys()].filter((candidate) => !used.has(candidate)),
  );
  const at = named.get(like ?? "") ?? place.at;
  if (request !== undefined) {
    const add = `add a field "${name}" to "${request.typeName}"`;
    return { at, hint: like === undefined ? add : `${add}, or read its args.${like}` };
  }
  return {
    at,
    hint:
      like === undefined
        ? `add { name: "${name}" by: "…" } to its args`
        : `it passes "${like}", which is never read: did you mean "${name}"?`,
  };
}

/**
 * Returns the hint for arguments of different types. Numbers, and values that can be converted to text, agree in the
 * widest type.
 */
function howToAgree(places: readonly ComposePlace[], name: string, values: readonly Argument[]): string {
  const kinds = new Set(values.map(({ type }) => type.kind));
  const kind = WIDEST.find((candidate) => kinds.has(candidate));
  if (kind === undefined || kinds.difference(new Set(WIDEST)).size > 0) return "give both the same type";
  if (values.every(({ proto }) => proto?.kind === "enum")) return "give both the same enum";
  const wide = { type: { kind }, proto: protoOf({ kind }) } as const;
  const todo = places.flatMap(({ what, request, named }, i) => {
    const value = values[i];
    if (value === undefined || (value.type.kind === kind && sameForm(value.proto, wide.proto))) return [];
    if (request !== undefined) return [`declare "${name}" of "${request.typeName}" as ${formName(wide.proto)}`];
    const widened = `${kind}(${value.written})`;
    return [named.has(name) ? `write ${widened}` : `add { name: "${name}" by: "${widened}" } to the args of ${what}`];
  });
  return `give both the same type: ${todo.join(", and ")}`;
}
const WIDEST = ["string", "double", "int", "uint"] as const;
