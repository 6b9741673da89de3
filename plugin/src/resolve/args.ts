// What each place that composes a message hands to it, and what the message sees as `args`.
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import {
  type CelType,
  fieldType,
  type Proto,
  presenceOf,
  sameType,
  typeName,
  unsetIsNull,
  type Variable,
} from "../cel/index.ts";
import type { Report } from "../diagnostic/diagnostic.ts";
import { didYouMean } from "../diagnostic/did-you-mean.ts";
import type { IrMessage } from "../ir.ts";
import type { Origin } from "../origin.ts";
import type { Arg, Args } from "./model.ts";
import { sameForm } from "./same-form.ts";

/** One argument as one place gives it. */
export interface Given {
  readonly type: CelType;
  readonly proto: Proto | undefined;
  readonly absent: boolean;
  readonly absentByFailure: boolean;
  readonly tainted: boolean;
  readonly at: Origin;
}
/** One place where a message is composed. */
export interface Place {
  readonly at: Origin;
  /** For a diagnostic: "rpc GetDashboard", "step cards of Dashboard". */
  readonly what: string;
  /** The request's message, when an rpc composes it. */
  readonly request: DescMessage | undefined;
  readonly members: ReadonlyMap<string, Given>;
  /** The names that had a fault at this place. */
  readonly broken: ReadonlySet<string>;
}

export function requestPlace(request: DescMessage, what: string, at: Origin): Place {
  const members = new Map<string, Given>();
  for (const field of request.fields) {
    members.set(field.name, { ...fieldType(field), absent: false, absentByFailure: false, tainted: false, at });
  }
  return { at, what, request, members, broken: new Set() };
}

/** Joins what the places give for the names in use. */
export function argsFor(
  message: IrMessage,
  places: readonly Place[],
  used: ReadonlySet<string>,
  welcome: ReadonlySet<string>,
  report: Report,
): { args: Args; broken: Set<string> } {
  const [first] = places;
  const request = first?.request;
  if (request !== undefined && places.every((place) => place.request?.typeName === request.typeName)) {
    const variable: Variable = {
      name: "args",
      role: "args",
      type: { kind: "message", desc: request },
      proto: { kind: "message", desc: request },
      absent: false,
    };
    return { args: { message: request, variable, members: [] }, broken: new Set() };
  }
  const broken = new Set<string>();
  const members: Arg[] = [];
  const offered = [...welcome].filter(
    (name) => !used.has(name) && places.length > 0 && places.every((place) => place.members.has(name)),
  );
  for (const name of [...used, ...offered]) {
    const member = join(message, name, places, used, report);
    if (member === undefined) broken.add(name);
    else members.push(member);
  }
  const type: CelType = { kind: "struct", members: new Map(members.map((member) => [member.name, member.variable])) };
  const variable: Variable = { name: "args", role: "args", type, proto: undefined, absent: false };
  return { args: { message: undefined, variable, members }, broken };
}

function join(
  message: IrMessage,
  name: string,
  places: readonly Place[],
  used: ReadonlySet<string>,
  report: Report,
): Arg | undefined {
  if (places.some((place) => place.broken.has(name))) return undefined;
  const given = places.map((place) => ({ place, value: place.members.get(name) }));
  // Nobody gives it: the expression that reads it says so, with a did-you-mean among what is given.
  const some = given.find(({ value }) => value !== undefined);
  if (some?.value === undefined) return undefinedArg(message, name, places, used, report);
  let absent = false;
  let absentByFailure = false;
  let tainted = false;
  for (const { place, value } of given) {
    if (value === undefined) {
      report({
        code: "BFF338",
        severity: "error",
        message: `${place.what} composes "${message.desc.name}" without the argument "${name}"`,
        at: place.at,
        related: [{ at: some.value.at, message: `${some.place.what} gives it` }],
        hint: howToGive(place, name, used),
      });
      return undefined;
    }
    if (!sameType(value.type, some.value.type) || !sameForm(value.proto, some.value.proto)) {
      report({
        code: "BFF337",
        severity: "error",
        message: `argument "${name}" of "${message.desc.name}" is ${typeName(some.value.type)} in one place and ${typeName(value.type)} in another`,
        at: value.at,
        related: [{ at: some.value.at, message: `${some.place.what} gives ${typeName(some.value.type)}` }],
        hint: "give both the same type",
      });
      return undefined;
    }
    absent ||= value.absent;
    absentByFailure ||= value.absentByFailure;
    tainted ||= value.tainted;
  }
  const { type, proto } = some.value;
  const unset = absent ? undefined : unsetBy(name, places);
  return { name, variable: { name, role: "arg", type, proto, absent, unset }, absentByFailure, tainted };
}

/** The field of requests that may leave an argument unset: where several have another default each hands on its own. */
function unsetBy(name: string, places: readonly Place[]): DescField | undefined {
  const fields = places.flatMap(({ request }) => request?.fields.find((field) => field.name === name) ?? []);
  const first = fields.find((field) => presenceOf(field) !== "implicit" && !unsetIsNull(fieldType(field)));
  return first !== undefined && fields.every((field) => presetOf(field) === presetOf(first)) ? first : undefined;
}
function presetOf(field: DescField): unknown {
  return "getDefaultValue" in field ? field.getDefaultValue() : undefined;
}

function undefinedArg(
  message: IrMessage,
  name: string,
  places: readonly Place[],
  used: ReadonlySet<string>,
  report: Report,
): undefined {
  const [place] = places;
  if (place === undefined) return undefined;
  report({
    code: "BFF338",
    severity: "error",
    message: `"${message.desc.name}" reads args.${name}, which no place that composes it gives`,
    at: place.at,
    related: [{ at: message.at, message: "the message that reads it" }],
    hint: howToGive(place, name, used),
  });
  return undefined;
}

/** What a place gives and nobody reads may be a misspelling of what it lacks. */
function howToGive({ request, members, broken }: Place, name: string, used: ReadonlySet<string>): string {
  const like = didYouMean(
    name,
    [...members.keys(), ...broken].filter((given) => !used.has(given)),
  );
  if (request !== undefined)
    return like === undefined
      ? `add a field "${name}" to "${request.typeName}"`
      : `add a field "${name}" to "${request.typeName}", or read its args.${like}`;
  return like === undefined
    ? `add { name: "${name}" by: "…" } to its args`
    : `it gives "${like}", which nothing reads: did you mean "${name}"?`;
}
