// Changes between two states of an origin's files, element by element.
import type { DescEnum, DescMessage, FileRegistry } from "@bufbuild/protobuf";
import {
  addedValues,
  changesOf,
  elementName,
  type Facts,
  factsOf,
  parentName,
  type UpstreamElement,
} from "protoc-gen-bff/compiler";

/** Change of one element. */
export interface ElementChange {
  readonly element: string;
  /** Rest of a sentence about the element: `is removed`. */
  readonly text: string;
  /** True if the BFF uses the element, or the message or enum that it is in. */
  readonly used: boolean;
}

/**
 * Returns all changes, those of used elements first.
 *
 * @param names of the files to compare
 * @param used names of elements in the lock
 */
export function elementChanges(
  before: FileRegistry,
  after: FileRegistry,
  names: ReadonlySet<string>,
  used: ReadonlySet<string>,
): readonly ElementChange[] {
  const [had, has] = [elementsOf(before, names), elementsOf(after, names)];
  const parents = new Set([...used].map(parentName));
  const isCovered = (element: string, side: ReadonlyMap<string, Facts>): boolean => {
    const parent = parentName(element);
    // A new or removed type covers its members.
    return (had.has(parent) || has.has(parent)) && !side.has(parent);
  };
  const changes: ElementChange[] = [];
  const add = (element: string, text: string, isUsed = used.has(element)): void =>
    void changes.push({ element, text, used: isUsed });
  for (const [element, facts] of had) {
    const now = has.get(element);
    if (now === undefined || now.kind !== facts.kind) {
      if (!isCovered(element, has)) add(element, "is removed");
      continue;
    }
    for (const { text } of changesOf(facts, now)) add(element, text);
    for (const value of addedValues(facts, now)) add(element, `has the new value ${value}`);
  }
  for (const [element, { kind }] of has)
    if (!had.has(element) && kind !== "value" && !isCovered(element, had))
      add(element, "is new", parents.has(parentName(element)));
  return changes.sort((a, b) => Number(b.used) - Number(a.used) || (a.element < b.element ? -1 : 1));
}

function elementsOf(registry: FileRegistry, names: ReadonlySet<string>): ReadonlyMap<string, Facts> {
  const all = new Map<string, Facts>();
  const add = (element: UpstreamElement): void => void all.set(elementName(element), factsOf(element));
  const ofEnum = (type: DescEnum): void => {
    add(type);
    for (const value of type.values) add(value);
  };
  const ofMessage = (type: DescMessage): void => {
    add(type);
    for (const field of type.fields) add(field);
    for (const extension of type.nestedExtensions) add(extension);
    for (const nested of type.nestedEnums) ofEnum(nested);
    for (const nested of type.nestedMessages) ofMessage(nested);
  };
  for (const file of registry.files) {
    if (!names.has(file.proto.name)) continue;
    for (const type of file.messages) ofMessage(type);
    for (const type of file.enums) ofEnum(type);
    for (const extension of file.extensions) add(extension);
    for (const { methods } of file.services) for (const method of methods) add(method);
  }
  return all;
}
