// Prints the fields that `set` gives a message of a request or of a principal, as properties of a literal.
import type { DescField, DescMessage, DescOneof } from "@bufbuild/protobuf";
import { type Expression, inheritedUnset } from "../../cel/index.ts";
import type { FieldBinding } from "../../model/conversion.ts";
import type { PlanMask } from "../../plan/model/messages.ts";
import { commas, type Line, property } from "../text/lines.ts";
import { alwaysHolds, conjunct, fieldValue, tested, type ValueNames } from "./value.ts";

/** Fields that are set, from a message down. */
type Tree = Map<DescField, FieldBinding | PlanMask | Tree>;
export function treeOf(set: readonly FieldBinding[], masks: readonly PlanMask[] = []): Tree {
  const root: Tree = new Map();
  for (const binding of [...set, ...masks]) {
    let at = root;
    for (const field of binding.path.slice(0, -1)) {
      const next = at.get(field);
      const tree: Tree = next instanceof Map ? next : new Map();
      at.set(field, tree);
      at = tree;
    }
    const last = binding.path.at(-1);
    if (last !== undefined) at.set(last, binding);
  }
  return root;
}

export function propertiesOf(
  tree: Tree,
  desc: DescMessage,
  names: ValueNames,
): { properties: Line[]; optional: boolean; certain: boolean } {
  let optional = false;
  let certain = false;
  const properties: Line[] = [];
  const oneofs = new Map<DescOneof, Member[]>();
  for (const [field, node] of tree) {
    const { value, when, mayBeUndefined } = leaf(field, node, names);
    if (field.oneof !== undefined) {
      oneofs.set(field.oneof, [...(oneofs.get(field.oneof) ?? []), { field, value, when, mayBeUndefined }]);
      continue;
    }
    if (when !== undefined || mayBeUndefined) optional = true;
    else certain = true;
    properties.push(property(field.localName, when === undefined ? value : [...when, " ? ", ...value, " : undefined"]));
  }
  for (const [oneof, members] of oneofs) {
    const isRead = members.some(({ value, mayBeUndefined }) => mayBeUndefined && !isNarrowed(value));
    const { value, sure } = isRead ? choiceOf(members, names) : chainOf(members);
    if (sure) certain = true;
    else optional = true;
    properties.push(property(oneof.localName, value));
  }
  const present = new Set([...tree.keys()].map((field) => (field.oneof ?? field).localName));
  for (const { name, exact } of inheritedUnset(desc, present)) {
    if (exact) optional = true;
    properties.push(property(name, ["undefined"]));
  }
  return { properties, optional, certain };
}

/** A member of a oneof that may be set. */
interface Member {
  readonly field: DescField;
  readonly value: Line;
  readonly when: Line | undefined;
  readonly mayBeUndefined: boolean;
}
/** The value of a oneof; `sure`: one of its members is always set. */
interface OneofValue {
  readonly value: Line;
  readonly sure: boolean;
}

/** `a ?? b`: each value is evaluated once. */
function choiceOf(members: readonly Member[], names: ValueNames): OneofValue {
  const sure = members.findIndex(({ when, mayBeUndefined }) => when === undefined && !mayBeUndefined);
  const tested = sure < 0 ? members : members.slice(0, sure + 1);
  const choices = tested.map((member): Line => {
    const name = `{ case: "${member.field.localName}" as const, value`;
    const chosen: Line = member.mayBeUndefined
      ? [names.file.cel("unlessUnset"), "(", ...member.value, `, (value) => (${name} }))`]
      : [`${name}: `, ...member.value, " }"];
    return member.when === undefined ? chosen : ["(", ...member.when, " ? ", ...chosen, " : undefined)"];
  });
  return { value: choices.flatMap((choice, i) => (i === 0 ? choice : [" ?? ", ...choice])), sure: sure >= 0 };
}

/** `test ? a : test ? b : undefined`: values are names or paths, which TypeScript narrows. */
function chainOf(members: readonly Member[]): OneofValue {
  const chain: Line = members.flatMap(({ field, value, when, mayBeUndefined }) => {
    const present: Line = mayBeUndefined ? [...value, " !== undefined"] : [];
    const test = [...(when ?? []), ...(when !== undefined && mayBeUndefined ? [" && "] : []), ...present];
    const chosen = [`{ case: "${field.localName}" as const, value: `, ...value, " }"];
    return test.length === 0 ? chosen : [...test, " ? ", ...chosen, " : "];
  });
  const last = members.at(-1);
  const open = last !== undefined && (last.when !== undefined || last.mayBeUndefined);
  return { value: open ? [...chain, "undefined"] : chain, sure: !open };
}

function subMessage({ message, name }: DescField): DescMessage {
  if (message === undefined) throw new Error(`"${name}" is no message`);
  return message;
}

/** Returns true if TypeScript narrows the value after a comparison with `undefined`: only a name or a path. */
const isNarrowed = (value: Line): boolean =>
  value.every((part) => (Array.isArray(part) ? isNarrowed(part) : typeof part === "string" && /^[\w$.?]*$/.test(part)));

function leaf(
  field: DescField,
  node: FieldBinding | PlanMask | Tree,
  names: ValueNames,
): { value: Line; when: Line | undefined; mayBeUndefined: boolean } {
  if (!(node instanceof Map)) {
    if ("reads" in node) return { value: maskValue(node, names), when: undefined, mayBeUndefined: false };
    // An absent step needs no test here: the call is then not sent.
    const { print, mayBeUndefined } = fieldValue(present(node), field, names);
    const joined = field.oneof !== undefined && mayBeUndefined;
    const condition = node.if && !alwaysHolds(node.if, names) ? node.if : undefined;
    const when = condition && (joined ? conjunct(condition, names) : operandOf(condition, names));
    return { value: print, when, mayBeUndefined };
  }
  const { properties, optional, certain } = propertiesOf(node, subMessage(field), names);
  const literal: Line = ["{ ", ...commas(properties), " }"];
  if (!optional) return { value: literal, when: undefined, mayBeUndefined: false };
  // A sub-message without any set field stays unset.
  const wrapper = names.file.runtime(certain ? "defined" : "unlessEmpty");
  return { value: [wrapper, "(", ...literal, ")"], when: undefined, mayBeUndefined: !certain };
}
/** `{ paths: ["id", ...(fields.has("card") ? ["owner"] : [])] }` */
function maskValue({ reads }: PlanMask, names: ValueNames): Line {
  const conditions = new Map<string, string | undefined>();
  for (const { path, by } of reads) {
    const condition = by && names.readIf?.(by);
    const known = conditions.get(path);
    if (condition === undefined || known === condition) conditions.set(path, condition);
    else if (!conditions.has(path)) conditions.set(path, condition);
    else if (known !== undefined)
      conditions.set(path, [...new Set([...known.split(OR), ...condition.split(OR)])].join(OR));
  }
  const always = [...conditions].filter(([, condition]) => condition === undefined).map(([path]) => path);
  const rest = [...conditions].filter(([path]) => !isCovered(path, always));
  const sorted = rest.sort(([a], [b]) => (a < b ? -1 : 1));
  const parts = sorted.map(([path, condition]) =>
    condition === undefined ? JSON.stringify(path) : `...(${condition} ? [${JSON.stringify(path)}] : [])`,
  );
  return [`{ paths: [${parts.join(", ")}] }`];
}
const OR = " || ";
/** Returns true if one of these paths contains the path. */
const isCovered = (path: string, others: readonly string[]): boolean =>
  others.some((other) => path.startsWith(`${other}.`));

function present(binding: FieldBinding): FieldBinding["bound"] {
  const { expression, conversion } = binding.bound;
  return { expression: { ...expression, unsafe: [] }, conversion };
}
export function operandOf(expression: Expression, names: ValueNames): Line {
  return tested({ ...expression, unsafe: [] }, names);
}
