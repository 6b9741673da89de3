// The committed lock against this run: what upstreams have changed of what the BFF uses.
import type { DescEnum, DescMessage, DescService, Registry } from "@bufbuild/protobuf";
import {
  addedValues,
  changeInJson,
  changesOf,
  elementName,
  type Facts,
  factsOf,
  findElement,
  findParent,
  findRenamed,
  membersOf,
  type ParentElement,
  parentName,
  shortName,
  type UpstreamElement,
  withHttp,
} from "@protobff/messages/upstream-facts.js";
import { type Diagnostic, didYouMeanType, type Origin } from "../diagnostic/diagnostic.ts";
import { isError, type Severities, withSeverity } from "../diagnostic/severity.ts";
import type { DriftCode } from "./codes.ts";
import type { Locked } from "./document.ts";
import { isOfIdentity, type Options, type ProtoOption, SPREAD } from "./options.ts";
import { type ChangePlace, placeOfSelected, placeOfUnresolved, placeOfUse, placesOfGone } from "./place.ts";
import type { Used } from "./used-elements.ts";

export interface DriftContext {
  readonly registry: Registry;
  readonly options: Options;
  /** Returns the place of an upstream's element in its proto. */
  readonly locate: (element: UpstreamElement | ParentElement) => Origin;
  /** Errors of the run up to now: a removed element first causes errors for names that are not found. */
  readonly errors: readonly Diagnostic[];
  /** Names of the files with rules: nothing in them is an upstream's. */
  readonly bffFiles: ReadonlySet<string>;
}

/** A change, and the errors of the run that only follow from it. */
export interface Drift {
  readonly diagnostic: Diagnostic;
  readonly explains: readonly Diagnostic[];
  /** The type or service that is not there at all, so that nothing of it is. */
  readonly missing?: string;
}

/** A change of one element, and the elements that may already cover it. */
interface Found extends Drift {
  /** A removed element: the former type of this one, or its parent. */
  readonly within?: string;
  /** An element that has come: what this one was renamed to, or a value that is new. */
  readonly to?: string;
}

/** Returns the changes of the elements that one file used when the lock was written. */
export function driftOf(
  before: ReadonlyMap<string, Locked>,
  used: ReadonlyMap<string, Used>,
  around: DriftContext,
): readonly Drift[] {
  const implying = implyingIn(used, (path) => around.options.at(path));
  const uses = { before, used, implying, overHttp: exchangedOverHttp(used) };
  const all = [...before].flatMap(([name, locked]) =>
    driftOfElement(name, locked, uses, around).map((drift) => ({ name, ...drift })),
  );
  const gone = new Set(all.filter(isGone).map(({ name }) => name));
  // A request may have moved with its method. The options that fill its fields do not name it, so they need no
  // correction.
  const methods = new Map(
    [...gone].flatMap((name) => {
      const facts = before.get(name)?.facts;
      return facts?.kind === "method" ? [[facts.request, name] as const] : [];
    }),
  );
  const found = all.map((drift) => {
    const method = methods.get(drift.missing ?? "");
    const isField = before.get(drift.name)?.facts.kind === "field";
    return method === undefined || !isField || isIn(gone, drift.within) ? drift : { ...drift, within: method };
  });
  const renamed = new Set(
    found.flatMap(({ diagnostic, to }) => (diagnostic.code === "BFF912" && to !== undefined ? [to] : [])),
  );
  // A change that follows from another is covered by that one alone, and so are the errors that follow from it.
  return found
    .filter(({ diagnostic, within, to }) => !isIn(gone, within) && !(diagnostic.code === "BFF919" && isIn(renamed, to)))
    .map(({ name, diagnostic, explains, missing }) => ({
      diagnostic,
      ...(missing === undefined ? {} : { missing }),
      explains: [...explains, ...found.flatMap((other) => (other.within === name ? other.explains : []))],
    }));
}
const isIn = (names: ReadonlySet<string>, name: string | undefined): boolean => name !== undefined && names.has(name);
const isGone = ({ diagnostic: { code } }: Drift): boolean => code === "BFF911" || code === "BFF912";

/** The elements that one file used, and uses. */
interface FileUses {
  readonly before: ReadonlyMap<string, Locked>;
  readonly used: ReadonlyMap<string, Used>;
  readonly implying: Implying;
  readonly overHttp: ReadonlySet<string>;
}

function driftOfElement(
  name: string,
  { facts, usedBy }: Locked,
  { before, used, implying, overHttp }: FileUses,
  around: DriftContext,
): readonly Found[] {
  const now = findElement(around.registry, name, facts.kind);
  const use = used.get(name)?.uses[0];
  const options = usedBy.flatMap((path) => around.options.at(path) ?? []);
  if (now === undefined) {
    const found = placesOfGone(shortName(name), options, implying(name, options), around.errors).map((place) =>
      gone(name, facts, place, before, around),
    );
    // A missing type is one change, so that its members are not searched elsewhere.
    return found[0]?.missing === undefined ? found : found.slice(0, 1);
  }
  const isJson = usedBy.some((path) => isOfIdentity(path) || isShown(path)) || overHttp.has(name);
  const inJson = isJson ? changeInJson(now.name, facts, factsOf(now)) : undefined;
  const changed = [...changesOf(facts, withHttp(factsOf(now), used.get(name)?.http)), ...(inJson ? [inJson] : [])];
  const values = now.kind === "enum" && isMapped(name, usedBy, around.errors) ? now.values : [];
  const added =
    values.length === 0 ? [] : addedValues(facts, factsOf(now)).filter((value) => !used.has(`${name}.${value}`));
  // Most elements, whose places are not searched.
  if (changed.length === 0 && added.length === 0) return [];
  const place =
    use === undefined
      ? placeOfUnresolved(shortName(name), options, implying(name, options), around.errors)
      : placeOfUse(shortName(name), { at: use.at, option: around.options.at(use.option) }, options, around.errors);
  if (place === undefined) return []; // used no longer
  const label = labelOf(name, facts);
  const changes = changed.map(({ code, text, was }): Found => {
    const hint = hintFor(code, now);
    const see = { at: around.locate(now), message: "the current declaration" };
    return {
      ...drift(place, code, `upstream ${label} ${text}`, see, hint),
      ...(was === undefined ? {} : { within: was }),
    };
  });
  return [
    ...changes,
    ...added.map((value): Found => {
      const message = `upstream ${label} has a new value "${value}", which nothing maps: it becomes the default`;
      const declared = values.find((candidate) => candidate.name === value) ?? now;
      const see = { at: around.locate(declared), message: "the new value" };
      const hint = `add a value with [(bff.v1.enum_value).alias = "${value}"], or ${UPDATE} to map it to the default`;
      return { ...drift(place, "BFF919", message, see, hint), to: `${name}.${value}` };
    }),
  ];
}

/** Returns true for the option of fields that clients see under the upstream's names. */
const isShown = (path: string): boolean => path.endsWith(" type");

/** Returns the fields in requests and answers of methods that are called over HTTP. */
const exchangedOverHttp = (used: ReadonlyMap<string, Used>): ReadonlySet<string> =>
  new Set(
    [...used.values()].flatMap(({ http, exchange }) =>
      http === undefined || exchange === undefined ? [] : [...exchange.sets, ...exchange.reads],
    ),
  );

function hintFor(code: DriftCode, now: UpstreamElement): string {
  if (code === "BFF920") return `use its replacement, or ${UPDATE} to keep using it`;
  // A step needs a method with one response, and a stream a method that streams: this change cannot be accepted.
  if (code !== "BFF917" || now.kind !== "rpc") return ACCEPT;
  switch (now.methodKind) {
    case "unary":
      return "call it in a step of the response, or follow a method that returns a stream";
    case "server_streaming":
      return "call a unary method in its place, or follow it with `stream` on an rpc that returns a stream";
    default:
      return "call another method in its place";
  }
}

const UPDATE = "run once with `lock_mode=update`";
const ACCEPT = `check the effect on this BFF, then ${UPDATE} to accept the change`;

/**
 * Returns true for a mapping. An enum that is passed on unchanged takes any value. A mapping without default is already
 * reported.
 */
function isMapped(name: string, usedBy: readonly string[], errors: readonly Diagnostic[]): boolean {
  const reported = errors.some(({ code, message }) => code === "BFF406" && message.includes(`"${name}"`));
  return usedBy.some((path) => path.endsWith(" alias")) && !reported;
}

function gone(
  name: string,
  facts: Facts,
  place: ChangePlace,
  before: ReadonlyMap<string, Locked>,
  { registry, locate, bffFiles }: DriftContext,
): Found {
  const label = labelOf(name, facts);
  const within = { within: parentName(name) };
  const other = findRenamed(registry, name, facts, before);
  if (other !== undefined) {
    const to = elementName(other);
    const [from, now] = [shortName(name), shortName(to)];
    const see = { at: locate(other), message: "the new name" };
    const hint = place.implied
      ? `check that clients lose no data, then ${UPDATE} to accept the new name`
      : `write "${now}" in place of "${from}"`;
    return { ...drift(place, "BFF912", `upstream ${label} was renamed to "${now}"`, see, hint), ...within, to };
  }
  const parent = findParent(registry, name, facts.kind);
  if (parent !== undefined) {
    const see = { at: locate(parent), message: `"${shortName(name)}" was removed from here` };
    const hint = place.implied
      ? `check that clients lose no data, then ${UPDATE} to accept the removal`
      : "remove its uses, or have the upstream restore it";
    return { ...drift(place, "BFF911", `upstream ${label} was removed`, see, hint), ...within };
  }
  const isMember = facts.kind === "method" || facts.kind === "field" || facts.kind === "value";
  const missing = isMember ? parentName(name) : name;
  const noun = isMember ? `${facts.kind === "method" ? "service" : "type"} "${missing}"` : label;
  const like = successor(missing, candidates(registry, facts.kind === "method", bffFiles), before);
  const hint =
    like === undefined ? "use its replacement, or make its file visible to this run" : `did you mean "${like}"?`;
  const message = `upstream ${noun} was removed or renamed, or its file is not part of this run`;
  return { ...drift(place, "BFF911", message, undefined, hint), ...within, missing };
}

/**
 * Returns the name of the successor of a removed type or service. Among the candidates with all used members, it is the
 * one with a similar name, or the only service.
 */
function successor(
  name: string,
  candidates: readonly (DescService | DescMessage | DescEnum)[],
  before: ReadonlyMap<string, Locked>,
): string | undefined {
  const used = [...before.keys()].filter((other) => parentName(other) === name).map(shortName);
  const fit = candidates.filter((candidate) => {
    const has = new Set(membersOf(candidate).map((member) => member.name));
    return used.every((member) => has.has(member));
  });
  const like = didYouMeanType(
    name,
    fit.map(({ typeName }) => typeName),
  );
  const [only] = fit;
  return like ?? (used.length > 0 && fit.length === 1 && only?.kind === "service" ? only.typeName : undefined);
}

function candidates(registry: Registry, services: boolean, bffFiles: ReadonlySet<string>) {
  return [...registry].filter(
    (type) =>
      type.kind !== "extension" && (type.kind === "service") === services && !bffFiles.has(type.file.proto.name),
  ) as readonly (DescService | DescMessage | DescEnum)[];
}

function labelOf(name: string, { kind }: Facts): string {
  return `${kind === "value" ? "enum value" : kind} "${name}"`;
}

function drift(
  { at, explains }: ChangePlace,
  code: DriftCode,
  message: string,
  see: { readonly at: Origin; readonly message: string } | undefined,
  hint: string,
): Drift {
  const severity = code === "BFF919" || code === "BFF920" ? "warning" : "error";
  return { diagnostic: { code, severity, message, at, related: see === undefined ? [] : [see], hint }, explains };
}

/**
 * Returns the diagnostics of a run with changes of upstreams among them. A change that is an error replaces the errors
 * that it explains, and warnings at its place. A change that is a warning replaces nothing.
 */
export function mergeDrifts(
  found: readonly Diagnostic[],
  drifts: readonly Drift[],
  severities: Severities,
): readonly Diagnostic[] {
  const changes = drifts.flatMap(({ diagnostic, explains }) => {
    const adjusted = withSeverity(diagnostic, severities);
    return adjusted === undefined ? [] : [{ diagnostic: adjusted, explains }];
  });
  const errors = changes.filter(({ diagnostic }) => isError(diagnostic));
  const explained = new Set(errors.flatMap(({ explains }) => explains));
  const changed = new Set(errors.map(({ diagnostic }) => placeOf(diagnostic)));
  const follows = (diagnostic: Diagnostic): boolean =>
    explained.has(diagnostic) || (!isError(diagnostic) && changed.has(placeOf(diagnostic)));
  return [...found.filter((diagnostic) => !follows(diagnostic)), ...changes.map(({ diagnostic }) => diagnostic)];
}

const placeOf = ({ at }: Diagnostic): string => `${at.file}:${at.line}:${at.column}`;

// Options that use elements without naming them, and so cause no error when an upstream removes one.

/** Returns the first of an element's options that implies the element, if the author left the option as it is. */
type Implying = (name: string, options: readonly ProtoOption[]) => ProtoOption | undefined;

/**
 * Returns the test for one file.
 *
 * @param at returns the option of a path, if the file still has it
 */
function implyingIn(used: ReadonlyMap<string, Used>, at: (path: string) => ProtoOption | undefined): Implying {
  const byOption = new Map<string, Set<string>>();
  for (const [name, { uses }] of used)
    for (const { option } of uses) byOption.set(option, (byOption.get(option) ?? new Set()).add(name));
  const now = (option: ProtoOption): ReadonlySet<string> => byOption.get(option.path) ?? new Set();
  const hasSibling = (option: ProtoOption, name: string): boolean =>
    [...now(option)].some((other) => parentName(other) === parentName(name));
  const implies = (option: ProtoOption, name: string): boolean => {
    switch (option.implies) {
      case "spread":
        // A field that is set by its name is no part of the spread.
        if (at(option.path.slice(0, -SPREAD.length) + shortName(name)) !== undefined) return false;
        return placeOfSelected(option, shortName(name)) === undefined || hasSibling(option, name);
      case "name":
        return true;
      case "binding":
        return now(option).size > 0;
      default:
        // The messages and enums that clients see, and the enums whose values an expression may name, are used whole.
        return now(option).has(parentName(name));
    }
  };
  return (name, options) => options.find((option) => implies(option, name));
}
