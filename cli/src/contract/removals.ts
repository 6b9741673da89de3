// Finds removed packages, services and types. Each is reported once and covers all its contents.
import type { Registry } from "@bufbuild/protobuf";
import {
  elementName,
  type Facts,
  factsOf,
  findElement,
  findRenamed,
  parentName,
  shortName,
} from "protoc-gen-bff/compiler";
import { INSTEAD } from "./alternatives.ts";
import type { Contract } from "./document.ts";
import type { ContractElement } from "./elements.ts";
import type { Finding } from "./finding.ts";
import { placeOf } from "./place.ts";
import { useInWords } from "./words.ts";

interface Removals {
  readonly findings: readonly Finding[];
  /** Returns true for an element inside a reported one, and for a reported type. */
  readonly covers: (name: string) => boolean;
}

export function findRemovals(contract: Contract, registry: Registry): Removals {
  const packages = new Set([...registry].map((type) => type.file.proto.package));
  const all = new Map<string, ContractElement>([...contract.methods, ...contract.elements]);
  const gonePackages = new Set(contract.services.map(parentName).filter((name) => !packages.has(name)));
  const inPackage = (name: string): boolean => [...gonePackages].some((parent) => name.startsWith(`${parent}.`));
  const services = contract.services.filter((name) => !inPackage(name) && registry.getService(name) === undefined);
  const types = typesOf(all).filter(
    ([name, kind]) =>
      !inPackage(name) && (kind === "enum" ? registry.getEnum(name) : registry.getMessage(name)) === undefined,
  );
  const goneTypes = new Set(types.map(([name]) => name));
  const cx: Served = { contract, registry, all };
  const replaced = replacements(all, registry);
  const covers = (name: string): boolean =>
    inPackage(name) || goneTypes.has(name) || goneTypes.has(parentName(name)) || services.includes(parentName(name));
  return {
    findings: [
      ...[...gonePackages].map((name) => gonePackage(name, cx)),
      ...services.map((name) => goneService(name, cx)),
      ...types.map(([name, kind]) => goneType(name, kind, replaced.get(name), cx)),
    ],
    covers,
  };
}

/** A contract, and the protos that are served now. */
interface Served {
  readonly contract: Contract;
  readonly registry: Registry;
  /** All elements of the contract by their names. */
  readonly all: ReadonlyMap<string, ContractElement>;
}

/** The uses of the elements whose names pass, each once. */
function usesIn({ all }: Served, within: (name: string) => boolean): readonly string[] {
  return [...new Set([...all].flatMap(([name, { usedBy }]) => (within(name) ? usedBy.map(useInWords) : [])))];
}

function gonePackage(name: string, cx: Served): Finding {
  const { contract, registry } = cx;
  const moved = movedTo(name, contract, registry);
  return {
    severity: "break",
    at: undefined,
    code: moved === undefined ? "BFF911" : "BFF912",
    element: name,
    message: `package "${name}" is removed${moved === undefined ? "" : `; its services are in "${moved}" now`}`,
    uses: usesIn(cx, (element) => element.startsWith(`${name}.`)),
    instead: `serve both packages side by side until no contract of ${contract.consumer} has "${name}": the package is part of every method's path`,
  };
}

function goneService(name: string, cx: Served): Finding {
  const { contract, registry } = cx;
  const other = serviceLike(name, contract, registry);
  return {
    severity: "break",
    at: other && placeOf(other),
    code: other === undefined ? "BFF911" : "BFF912",
    element: name,
    message: `service "${name}" ${other === undefined ? "is removed" : `is called "${other.typeName}" now`}`,
    uses: usesIn(cx, (element) => parentName(element) === name),
    instead: `keep it, if necessary beside another one, until no contract of ${contract.consumer} has it: its name is part of every method's path`,
  };
}

/** @param replaced the types of what was of this type */
function goneType(
  name: string,
  kind: "message" | "enum",
  replaced: ReadonlySet<string> | undefined,
  cx: Served,
): Finding {
  const { contract, registry, all } = cx;
  const facts: Facts = kind === "enum" ? (all.get(name)?.facts ?? NO_VALUES) : { kind };
  const other = findRenamed(registry, name, facts, all);
  const [only, more] = replaced ?? [];
  const inPlace = only === undefined || more !== undefined ? "" : `, and "${only}" replaces it`;
  return {
    severity: "break",
    at: other && placeOf(other),
    code: other === undefined ? "BFF911" : "BFF912",
    element: name,
    message: `${kind} "${name}" ${other === undefined ? `is removed${inPlace}` : `is called "${elementName(other)}" now`}`,
    uses: usesIn(cx, (element) => element === name || parentName(element) === name),
    instead: other === undefined ? INSTEAD.gone(contract.consumer) : INSTEAD.renamed(shortName(name)),
  };
}

/** Facts of an enum of which the contract has only values: they match no other enum. */
const NO_VALUES: Facts = { kind: "enum", values: { "": Number.NaN } };

/** Returns messages and enums that are elements themselves, or that contain used elements. */
function typesOf(all: ReadonlyMap<string, ContractElement>): [string, "message" | "enum"][] {
  const found = new Map<string, "message" | "enum">();
  for (const [name, { facts }] of all) {
    if (facts.kind === "message" || facts.kind === "enum") found.set(name, facts.kind);
    if (facts.kind === "field") found.set(parentName(name), "message");
    if (facts.kind === "value") found.set(parentName(name), "enum");
  }
  return [...found];
}

/** New types of fields and methods, by the name of their old type. */
function replacements(
  all: ReadonlyMap<string, ContractElement>,
  registry: Registry,
): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const [name, { facts }] of all) {
    const element = findElement(registry, name, facts.kind);
    const now = element && factsOf(element);
    for (const slot of ["type", "request", "response"] as const) {
      const [was, is] = [facts, now].map((side) => (side as Readonly<Record<string, unknown>> | undefined)?.[slot]);
      if (typeof was !== "string" || typeof is !== "string" || was === is) continue;
      found.set(typeIn(was), (found.get(typeIn(was)) ?? new Set()).add(typeIn(is)));
    }
  }
  return found;
}
/** Without what maps and groups have around it. */
export const typeIn = (type: string): string => type.replace(/^map<\w+, (.*)>$|^group (.*)$/, "$1$2");

/** The only other package with services of the same names and methods. */
function movedTo(gone: string, contract: Contract, registry: Registry): string | undefined {
  const names = contract.services.filter((name) => parentName(name) === gone).map(shortName);
  const others = new Set([...registry].map((type) => type.file.proto.package));
  const alike = [...others].filter((other) => names.every((name) => registry.getService(`${other}.${name}`)));
  return alike.length === 1 ? alike[0] : undefined;
}

/** The only other service of the package that has all methods that are called. */
function serviceLike(gone: string, { services, methods }: Contract, registry: Registry) {
  const names = [...methods.keys()].filter((name) => parentName(name) === gone).map(shortName);
  const alike = [...registry].flatMap((type) =>
    type.kind === "service" &&
    parentName(type.typeName) === parentName(gone) &&
    !services.includes(type.typeName) &&
    names.every((name) => type.methods.some((method) => method.name === name))
      ? [type]
      : [],
  );
  return alike.length === 1 ? alike[0] : undefined;
}
