// Fields of a client's request that alone make a part of a call. If that part cannot be sent, the fault is the
// client's.
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import type { Node } from "../../cel/index.ts";
import type { BoundExpression, Conversion, ConvertedTarget } from "../../model/conversion.ts";
import type { Call } from "../../resolve/model/call.ts";
import type { Args } from "../../resolve/model/model.ts";
import { queryOf, type RestRule } from "../../resolve/model/rest.ts";
import type { ClientPart } from "../model/messages.ts";

/**
 * The parts that a server may be unable to send, and that consist of nothing but fields of the client's request and constants. Values
 * that pass a condition or a function are left out: there the fault may be the author's.
 */
export function clientParts(call: Call, args: Args): ClientPart[] {
  // A batch sends the keys of several places.
  if (call.batch !== undefined) return [];
  const inUrl = call.http === undefined ? [] : [...call.http.variables, ...valuesOfQuery(call.http, call.method.input)];
  const sent = inUrl.map(({ name, fields }) => ({ part: name, found: sentAt(call, fields, args) }));
  const inBody = bodyParts(call, args);
  const metadata = call.metadata
    .filter(({ key }) => !key.endsWith("-bin"))
    .map(({ key, by }) => ({ part: `metadata ${key}`, found: fieldsIn(by.root, args) }));
  return [...sent, ...inBody, ...metadata].flatMap(({ part, found }) => {
    const fields = new Set(found?.map((path) => path.join(".")));
    return fields.size === 0 || fields.has(WHOLE) ? [] : [{ part, fields: [...fields] }];
  });
}

/** The request itself, which has no name. */
const WHOLE = "";

/** Parameters that hold no value beyond the range of its type. */
function valuesOfQuery(rule: RestRule, input: DescMessage): { readonly name: string; readonly fields: DescField[] }[] {
  return queryOf(rule, input).parameters.flatMap(({ name, field }) => {
    if (!RANGED.has(field.message?.typeName ?? "")) return [];
    let at: DescMessage | undefined = input;
    const fields = name.split(".").flatMap((part) => {
      const found: DescField | undefined = at?.fields.find((candidate) => candidate.name === part);
      at = found?.message;
      return found ?? [];
    });
    return [{ name, fields }];
  });
}
const RANGED: ReadonlySet<string> = new Set(
  ["Timestamp", "Duration", "FieldMask"].map((name) => `google.protobuf.${name}`),
);

/**
 * Values of the body that may have no form in JSON. The part of a message covers its fields, if they keep their names.
 */
function bodyParts(call: Call, args: Args): SentPart[] {
  const { http, method } = call;
  if (http?.body === undefined) return [];
  const inPath = new Set(http.variables.map(({ name }) => name));
  const parts: SentPart[] = [];
  const walk = (field: DescField, around: readonly DescField[]): void => {
    const fields = [...around, field];
    const part = fields.map(({ name }) => name).join(".");
    if (parts.length >= MOST || inPath.has(part) || field.message === undefined || !mayLackForm(field.message)) return;
    const isSetInside = call.set.some(({ path }) => path.length > fields.length && startsWith(path, fields));
    const found = isSetInside ? undefined : sentAt(call, fields, args);
    if (found !== undefined) parts.push({ part, found });
    else if (!FORMLESS.has(field.message.typeName) && fields.length < DEEPEST)
      for (const inner of field.message.fields) walk(inner, fields);
  };
  for (const field of http.body === "*" ? method.input.fields : [http.body]) walk(field, []);
  return parts;
}
const MOST = 100;
const DEEPEST = 8;

interface SentPart {
  readonly part: string;
  readonly found: readonly Path[] | undefined;
}

function mayLackForm(desc: DescMessage): boolean {
  const inside = new Set([desc]);
  for (const { typeName, fields } of inside) {
    if (FORMLESS.has(typeName)) return true;
    for (const { message } of fields) if (message !== undefined) inside.add(message);
  }
  return false;
}
const FORMLESS: ReadonlySet<string> = new Set([
  ...RANGED,
  ...["Any", "Struct", "Value", "ListValue"].map((name) => `google.protobuf.${name}`),
]);

const startsWith = (path: readonly DescField[], start: readonly DescField[]): boolean =>
  start.every((field, i) => field === path[i]);

/** The client's fields that a field of the request is made of. */
function sentAt(call: Call, path: readonly DescField[], args: Args): readonly Path[] | undefined {
  const binding = call.set.find((set) => startsWith(path, set.path));
  if (binding === undefined) return call.request && leadingTo(call.request, path, args);
  return binding.if === undefined ? leadingTo(binding.bound, path.slice(binding.path.length), args) : undefined;
}

type Path = readonly string[];

function leadingTo(
  { expression, conversion }: BoundExpression,
  rest: readonly DescField[],
  args: Args,
): Path[] | undefined {
  const { root } = expression;
  if (root.kind === "message" && conversion.kind === "same") return ofLiteral(root, rest, args);
  const inside = sourceOf(conversion, rest);
  return inside && fieldsIn(root, args)?.map((path) => [...path, ...inside]);
}

function ofLiteral(node: Node, [field, ...rest]: readonly DescField[], args: Args): Path[] | undefined {
  if (node.kind !== "message") {
    const inside = [field, ...rest].flatMap((member) => (member === undefined ? [] : [member.name]));
    return fieldsIn(node, args)?.map((path) => [...path, ...inside]);
  }
  const entry = node.fields.find((candidate) => candidate.field === field);
  return entry === undefined || entry.optional === true ? undefined : ofLiteral(entry.value, rest, args);
}

/**
 * Returns the path before a conversion of the value at `path` after it; undefined if the value is not a field alone.
 */
function sourceOf(conversion: Conversion, path: readonly DescField[]): Path | undefined {
  const [field, ...rest] = path;
  if (conversion.kind === "same") return path.map(({ name }) => name);
  if (conversion.kind === "list" || conversion.kind === "map") return sourceOf(conversion.of, path);
  if (conversion.kind === "represent" && field === undefined) return [];
  if (field === undefined || conversion.kind !== "message") return undefined;
  return sourceIn(conversion.via.targets, field, rest);
}

function sourceIn(targets: readonly ConvertedTarget[], field: DescField, rest: readonly DescField[]): Path | undefined {
  for (const target of targets) {
    if (target.kind === "computed" || (target.kind === "field" && target.fallback !== undefined)) continue;
    if (target.kind === "message") {
      const [next, ...further] = rest;
      if (target.to === field) return next && sourceIn(target.targets, next, further);
      continue;
    }
    const copy = (target.kind === "oneof" ? target.members : [target]).find(({ to }) => to === field);
    if (copy === undefined) continue;
    const inside = sourceOf(copy.conversion, rest);
    return inside && [copy.from.name, ...inside];
  }
  return undefined;
}

/** The fields of which a value consists; undefined if anything but them and constants is part of it. */
function fieldsIn(node: Node, args: Args): Path[] | undefined {
  if (node.kind === "constant") return [];
  if (node.kind === "call" && node.overload === "add_string") return fieldsOfAll(node.args, args);
  if (node.kind === "list" && node.optionals === undefined) return fieldsOfAll(node.elements, args);
  if (node.kind === "map" && node.entries.every(([, , optional]) => optional === undefined))
    return fieldsOfAll([...node.entries.map(([key]) => key), ...node.entries.map(([, value]) => value)], args);
  const path = pathOf(node, args);
  return path && [path];
}

function fieldsOfAll(nodes: readonly Node[], args: Args): Path[] | undefined {
  const parts = nodes.map((part) => fieldsIn(part, args));
  return parts.includes(undefined) ? undefined : parts.flatMap((part) => part ?? []);
}

function pathOf(node: Node, args: Args): Path | undefined {
  if (node.kind === "name") {
    if (args.message !== undefined) return node.variable === args.variable ? [] : undefined;
    const arg = args.members.find(({ variable }) => variable === node.variable);
    return arg?.ofRequest === true ? [arg.name] : undefined;
  }
  if (node.kind !== "select" || node.test || node.optional === true) return undefined;
  const of = pathOf(node.of, args);
  return of && [...of, typeof node.field === "string" ? node.field : node.field.name];
}
