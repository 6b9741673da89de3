// From names in the lock back to descriptors, also to what an element may be called now.
import type { DescEnum, DescMessage, DescService, Registry } from "@bufbuild/protobuf";
import { elementName, type Facts, factsOf, type UpstreamElement } from "./facts.ts";

/** An element that has members. */
export type ParentElement = DescService | DescMessage | DescEnum;

/**
 * Returns the last part of a name in the lock.
 *
 * @example
 * shortName("agent.v1.AgentService/GetSummary"); // "GetSummary"
 */
export const shortName = (name: string): string =>
  name.slice(Math.max(name.lastIndexOf("."), name.lastIndexOf("/")) + 1);
/**
 * Returns a name in the lock without its last part; empty if it has one part.
 *
 * @example
 * parentName("agent.v1.Summary.id"); // "agent.v1.Summary"
 */
export const parentName = (name: string): string =>
  name.slice(0, Math.max(0, name.includes("/") ? name.lastIndexOf("/") : name.lastIndexOf(".")));

/**
 * Returns the element of a name in the lock, or undefined if the registry has none of this kind.
 *
 * @example
 * const field = findElement(registry, "agent.v1.Summary.id", "field");
 */
export function findElement(registry: Registry, name: string, kind: Facts["kind"]): UpstreamElement | undefined {
  if (kind === "message") return registry.getMessage(name);
  if (kind === "enum") return registry.getEnum(name);
  if (kind === "extension") return registry.getExtension(name);
  return membersOf(findParent(registry, name, kind)).find((member) => member.name === shortName(name));
}

/**
 * Returns the service, message or enum of a member; undefined for types, and if the parent is removed, too.
 *
 * @example
 * const service = findParent(registry, "agent.v1.AgentService/GetSummary", "method");
 */
export function findParent(registry: Registry, name: string, kind: Facts["kind"]): ParentElement | undefined {
  switch (kind) {
    case "method":
      return registry.getService(parentName(name));
    case "field":
      return registry.getMessage(parentName(name));
    case "value":
      return registry.getEnum(parentName(name));
    default:
      return undefined;
  }
}

/**
 * Returns the members of an element; none for undefined.
 *
 * @example
 * const names = membersOf(service).map(({ name }) => name);
 */
export function membersOf(parent: ParentElement | undefined): readonly UpstreamElement[] {
  switch (parent?.kind) {
    case "service":
      return parent.methods;
    case "message":
      return parent.fields;
    case "enum":
      return parent.values;
    default:
      return [];
  }
}

/** Elements of the former run: the names in the lock, with their facts. */
type Before = ReadonlyMap<string, { readonly facts: Facts }>;

/**
 * Returns the element to which a removed one was renamed: the only similar one that is not in the lock. Similar are a
 * member of the same number and type, a method of the same request and response, a message with the used fields.
 *
 * @example
 * const renamed = findRenamed(registry, "agent.v1.Summary.id", facts, before);
 */
export function findRenamed(
  registry: Registry,
  name: string,
  facts: Facts,
  before: Before,
): UpstreamElement | undefined {
  const candidates =
    facts.kind === "message" || facts.kind === "enum"
      ? types(registry, name, facts.kind)
      : membersOf(findParent(registry, name, facts.kind));
  const alike = candidates.filter(
    (candidate) => !before.has(elementName(candidate)) && isLike(factsOf(candidate), candidate, name, facts, before),
  );
  return alike.length === 1 ? alike[0] : undefined;
}

function isLike(now: Facts, candidate: UpstreamElement, name: string, old: Facts, before: Before): boolean {
  switch (old.kind) {
    case "field":
      return (
        now.kind === "field" &&
        now.number === old.number &&
        now.type === old.type &&
        now.cardinality === old.cardinality
      );
    case "value":
      return now.kind === "value" && now.number === old.number;
    case "method":
      return (
        now.kind === "method" &&
        now.request === old.request &&
        now.response === old.response &&
        now.streaming === old.streaming
      );
    case "extension":
      return false;
    case "enum":
      return now.kind === "enum" && Object.entries(old.values).every(([value, number]) => now.values[value] === number);
    case "message": {
      const fields = [...before].filter(([field, { facts }]) => facts.kind === "field" && parentName(field) === name);
      return (
        fields.length > 0 &&
        candidate.kind === "message" &&
        fields.every(([field, { facts }]) => hasField(candidate, shortName(field), facts))
      );
    }
  }
}

function hasField(message: DescMessage, name: string, facts: Facts): boolean {
  const field = message.fields.find((candidate) => candidate.name === name);
  if (field === undefined) return false;
  const now = factsOf(field);
  return (
    facts.kind === "field" &&
    now.kind === "field" &&
    now.number === facts.number &&
    now.type === facts.type &&
    now.cardinality === facts.cardinality
  );
}

/** Types of the same package, or nested in the same message. */
function* typesOf(registry: Registry, name: string, kind: "message" | "enum"): Iterable<DescMessage | DescEnum> {
  for (const type of registry)
    if (type.kind === kind && parentName(type.typeName) === parentName(name)) yield type as DescMessage | DescEnum;
}
const types = (registry: Registry, name: string, kind: "message" | "enum") => [...typesOf(registry, name, kind)];
