// Compares a contract with the protos of an upstream: changes that break the consumer, and changes that it may want to
// notice. Pure.
import { type DescMethod, getOption, hasOption, type Message, type Registry } from "@bufbuild/protobuf";
import { jsonOf } from "@protobff/runtime/internal/json/write-json";
import {
  addedValues,
  type Change,
  changeInJson,
  changesOf,
  elementName,
  type Facts,
  factsOf,
  findElement,
  findParent,
  findRenamed,
  lostReliances,
  parentName,
  shortName,
  type UpstreamElement,
  unsetRequired,
  withHttp,
} from "protoc-gen-bff/compiler";
import { INSTEAD } from "./alternatives.ts";
import type { Contract } from "./document.ts";
import type { ContractElement, ContractMethod } from "./elements.ts";
import type { Finding } from "./finding.ts";
import { placeOf } from "./place.ts";
import { findRemovals, typeIn } from "./removals.ts";
import { reliancesInWords, useInWords } from "./words.ts";

/**
 * Returns the findings in the order of the contract: methods, then elements. A removed package, service or type covers
 * its contents.
 */
export function checkContract(contract: Contract, registry: Registry): readonly Finding[] {
  const { findings, covers } = findRemovals(contract, registry);
  const before = new Map<string, ContractElement>([...contract.methods, ...contract.elements]);
  const rest = [...before].filter(([name]) => !covers(name));
  const found = rest.flatMap(([name, element]) => checkElement(name, element, before, contract, registry));
  // A removed type is reported once, and not again for each field of that type.
  const separate = found.filter(({ was }) => was === undefined || !covers(typeIn(was)));
  return [...findings, ...separate.map(({ finding }) => finding), ...newRequired(contract, registry)];
}

interface ElementFinding {
  readonly finding: Finding;
  /** Former type, if the type has changed. */
  readonly was?: string | undefined;
}

function checkElement(
  name: string,
  element: ContractElement,
  before: ReadonlyMap<string, ContractElement>,
  contract: Contract,
  registry: Registry,
): readonly ElementFinding[] {
  const { facts, usedBy } = element;
  const now = findElement(registry, name, facts.kind);
  const uses = usesInWords(name, usedBy, contract);
  const label = labelOf(name, facts);
  if (now === undefined) {
    const other = findRenamed(registry, name, facts, before);
    const parent = findParent(registry, name, facts.kind);
    const finding: Finding = {
      severity: "break",
      code: other === undefined ? "BFF911" : "BFF912",
      element: name,
      uses,
      message:
        other === undefined
          ? `${label} is removed${reservedNote(name, facts, registry)}`
          : `${label} is called "${shortName(elementName(other))}" now`,
      instead: other === undefined ? INSTEAD.gone(contract.consumer) : INSTEAD.renamed(shortName(name)),
      at: other !== undefined ? placeOf(other) : parent && placeOf(parent),
    };
    return [{ finding }];
  }
  const at = placeOf(now);
  const changes = changesBetween(name, element, now, contract, registry);
  const findings = changes.map(({ change, severity, more = [] }): ElementFinding => {
    const instead = severity === "note" ? undefined : INSTEAD.change(change.code, facts, contract.consumer);
    const base = { severity, code: change.code, element: name, message: `${label} ${change.text}`, instead, at };
    return { finding: { ...base, uses: [...uses, ...more] }, was: change.was };
  });
  return [...findings, ...newValues(name, facts, now, before, uses)];
}

interface ChangeSeverity {
  readonly change: Change;
  readonly severity: Finding["severity"];
  /** Other behaviour of the consumer that the change affects. */
  readonly more?: readonly string[];
}

function changesBetween(
  name: string,
  { facts }: ContractElement,
  now: UpstreamElement,
  contract: Contract,
  registry: Registry,
): readonly ChangeSeverity[] {
  const method = contract.methods.get(name);
  const current = withHttp(factsOf(now), method && now.kind === "rpc" ? httpNow(method, now, registry) : undefined);
  const found = changesOf(facts, current).flatMap((change): readonly ChangeSeverity[] => {
    if (change.code === "BFF918") return method ? checkIdempotency(change, method, current, contract.consumer) : [];
    return [{ change, severity: change.code === "BFF920" ? "note" : "break" }];
  });
  const inJson = changeInJson(shortName(name), facts, current);
  const overHttp = [...contract.methods.values()].some((method) => "http" in method.facts);
  return inJson === undefined ? found : [...found, { change: inJson, severity: overHttp ? "break" : "note" }];
}

/** Returns the HTTP path in the contract, if the method still has it, or else the method's first one. */
function httpNow({ facts }: ContractMethod, now: UpstreamElement, registry: Registry): string | undefined {
  if (now.kind !== "rpc" || facts.kind !== "method" || facts.http === undefined) return undefined;
  const paths = httpPathsOf(now, registry);
  return paths.includes(facts.http) ? facts.http : (paths[0] ?? "no path at all");
}

function newValues(
  name: string,
  facts: Facts,
  now: UpstreamElement,
  before: ReadonlyMap<string, ContractElement>,
  uses: readonly string[],
): readonly ElementFinding[] {
  if (now.kind !== "enum") return [];
  return addedValues(facts, factsOf(now))
    .filter((value) => !before.has(`${name}.${value}`) && !isRenamed(value, facts, now))
    .map((value) => {
      const declared = now.values.find((candidate) => candidate.name === value) ?? now;
      const message = `enum "${name}" has a new value "${value}", which is unknown to the consumer`;
      const base = { severity: "note", code: "BFF919", element: name, instead: undefined } as const;
      return { finding: { ...base, message, uses, at: placeOf(declared) } };
    });
}
/** Returns true for a renamed value, because the rename is reported at the value itself if the consumer uses it. */
const isRenamed = (value: string, old: Facts, now: UpstreamElement): boolean =>
  old.kind === "enum" &&
  now.kind === "enum" &&
  Object.values(old.values).includes(now.values.find(({ name }) => name === value)?.number ?? Number.NaN);

/** A field or value that is reserved was taken out on purpose. */
function reservedNote(name: string, facts: Facts, registry: Registry): string {
  const parent = findParent(registry, name, facts.kind);
  if (parent === undefined || parent.kind === "service" || !("number" in facts)) return "";
  const { reservedName, reservedRange } = parent.proto;
  // The end of a range is part of it in an enum alone.
  const last = parent.kind === "enum" ? 0 : 1;
  const isNumber = reservedRange.some(({ start, end }) => facts.number >= start && facts.number <= end - last);
  const isName = reservedName.includes(shortName(name));
  return isName || isNumber ? `, and its ${isName ? "name" : "number"} is reserved` : "";
}

const LABELS: Readonly<Record<Facts["kind"], string>> = {
  method: "method",
  message: "message",
  field: "field",
  extension: "extension",
  enum: "enum",
  value: "enum value",
};
const labelOf = (name: string, { kind }: Facts): string => `${LABELS[kind]} "${name}"`;

/** Describes the calls that contain the element, and the uses of the element. */
function usesInWords(name: string, usedBy: readonly string[], { methods }: Contract): readonly string[] {
  const calls = (of: "sets" | "reads"): string =>
    [...methods]
      .flatMap(([method, uses]) =>
        uses[of].includes(name) ? [`${shortName(parentName(method))}/${shortName(method)}`] : [],
      )
      .join(", ");
  const [sent, read] = [calls("sets"), calls("reads")];
  return [
    ...(sent === "" ? [] : [`in requests of ${sent}`]),
    ...(read === "" ? [] : [`in answers of ${read}`]),
    ...new Set(usedBy.map(useInWords)),
  ];
}

// Compares idempotency levels. A change breaks a consumer only if it revokes a level that the consumer depends on.

function checkIdempotency(
  change: Change,
  { facts, reliesOn, vouchedBy }: ContractMethod,
  now: Facts,
  consumer: string,
): readonly { change: Change; severity: "break" | "note"; more: readonly string[] }[] {
  const lost = lostReliances(facts, now, reliesOn, vouchedBy.length > 0);
  const breaks = lost.length > 0;
  return [{ change, severity: breaks ? "break" : "note", more: breaks ? reliancesInWords(lost, consumer) : [] }];
}

// Fields of requests (proto2) that are newly required and that the consumer never sets.

function newRequired({ methods, consumer }: Contract, registry: Registry): readonly Finding[] {
  const found = [...methods].flatMap(([method, { facts, sets }]) => {
    const fields = facts.kind === "method" ? unsetRequired(registry, facts.request, new Set(sets)) : [];
    return fields.map((field) => [field, method] as const);
  });
  // A message of several methods is reported for the first.
  const first = new Map(found.toReversed());
  return [...first].toReversed().map(([field, method]): Finding => {
    const call = `${shortName(parentName(method))}/${shortName(method)}`;
    return {
      severity: "break",
      code: "BFF916",
      element: field.parent.typeName,
      message: `field "${elementName(field)}" is required, and ${consumer} does not set it`,
      uses: [`in requests of ${call}`],
      instead: "make it `optional`, and decide in the server what its absence means",
      at: placeOf(field),
    };
  });
}

// HTTP paths of a method: its google.api.http, in the notation of the lock.

interface HttpRule {
  readonly body?: string;
  readonly responseBody?: string;
  readonly custom?: { readonly kind?: string; readonly path?: string };
  readonly additionalBindings?: readonly HttpRule[];
}
const VERBS = ["get", "put", "post", "delete", "patch"] as const;

/** Returns the HTTP paths of a method, such as "GET /v1/{name}", with " body x" and " response_body x" if declared. */
function httpPathsOf(method: DescMethod, registry: Registry): readonly string[] {
  const extension = registry.getExtension("google.api.http");
  if (extension?.message === undefined || !hasOption(method, extension)) return [];
  const rule = jsonOf(extension.message, getOption(method, extension) as Message, registry) as HttpRule;
  return [rule, ...(rule.additionalBindings ?? [])].flatMap((binding) => pathOf(binding) ?? []);
}

function pathOf(rule: HttpRule & Partial<Record<(typeof VERBS)[number], string>>): string | undefined {
  const verb = VERBS.find((name) => rule[name] !== undefined);
  const [kind, path] = verb === undefined ? [rule.custom?.kind, rule.custom?.path] : [verb.toUpperCase(), rule[verb]];
  if (path === undefined) return undefined;
  const suffixes = [
    rule.body === undefined ? "" : ` body ${rule.body}`,
    rule.responseBody === undefined ? "" : ` response_body ${rule.responseBody}`,
  ];
  return `${kind} ${path}${suffixes.join("")}`;
}
