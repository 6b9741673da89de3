// Fields of a client's request that alone make a part of a call. If that part cannot be sent, the fault is the
// client's.
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import type { Node } from "../../cel/index.ts";
import type { BoundExpression, Conversion } from "../../model/conversion.ts";
import type { Call } from "../../resolve/model/call.ts";
import type { Args } from "../../resolve/model/model.ts";
import { queryOf, type RestRule } from "../../resolve/model/rest.ts";
import type { ClientPart } from "../model/sources.ts";

/**
 * The parts that a server may be unable to send, and that consist of nothing but fields of the client's request and constants. Values
 * that pass a condition or a function are left out: there the fault may be the author's.
 */
export function clientParts(call: Call, args: Args): ClientPart[] {
  // A batch sends the keys of several places.
  if (call.batch !== undefined) return [];
  const inUrl = call.http === undefined ? [] : [...call.http.variables, ...valuesOfQuery(call.http, call.method.input)];
  const sent = inUrl.map(({ name, fields }) => ({ part: name, found: sentAt(call, fields, args) }));
  const metadata = call.metadata
    .filter(({ key }) => !key.endsWith("-bin"))
    .map(({ key, by }) => ({ part: `metadata ${key}`, found: fieldsIn(by.root, args) }));
  return [...sent, ...metadata].flatMap(({ part, found }) => {
    const fields = new Set(found?.map((path) => path.join(".")));
    return fields.size === 0 ? [] : [{ part, fields: [...fields] }];
  });
}

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

/** The client's fields that a field of the request is made of. */
function sentAt(call: Call, path: readonly DescField[], args: Args): readonly Path[] | undefined {
  const binding = call.set.find((set) => set.path.every((field, i) => field === path[i]));
  if (binding === undefined) return call.request && leadingTo(call.request, path, args);
  return binding.if === undefined ? leadingTo(binding.bound, path.slice(binding.path.length), args) : undefined;
}

type Path = readonly string[];

function leadingTo(
  { expression, conversion }: BoundExpression,
  rest: readonly DescField[],
  args: Args,
): Path[] | undefined {
  const inside = sourceOf(conversion, rest);
  return inside && fieldsIn(expression.root, args)?.map((path) => [...path, ...inside]);
}

/**
 * Returns the path before a conversion of the value at `path` after it; undefined if the value is not a field alone.
 */
function sourceOf(conversion: Conversion, path: readonly DescField[]): Path | undefined {
  const [field, ...rest] = path;
  if (conversion.kind === "same") return path.map(({ name }) => name);
  if (field === undefined || conversion.kind !== "message") return undefined;
  for (const target of conversion.via.targets) {
    if (target.kind !== "field" || target.to !== field || target.fallback !== undefined) continue;
    const inside = sourceOf(target.conversion, rest);
    return inside && [target.from.name, ...inside];
  }
  return undefined;
}

/** The fields of which a value consists; undefined if anything but them and constants is part of it. */
function fieldsIn(node: Node, args: Args): Path[] | undefined {
  if (node.kind === "constant") return [];
  if (node.kind === "call" && node.overload === "add_string") {
    const parts = node.args.map((part) => fieldsIn(part, args));
    return parts.includes(undefined) ? undefined : parts.flatMap((part) => part ?? []);
  }
  const path = pathOf(node, args);
  return path && path.length > 0 ? [path] : undefined;
}

function pathOf(node: Node, args: Args): Path | undefined {
  if (node.kind === "name") {
    if (args.message !== undefined) return node.variable === args.variable ? [] : undefined;
    const arg = args.members.find(({ variable }) => variable === node.variable);
    return arg?.ofRequest === true ? [arg.name] : undefined;
  }
  if (node.kind !== "select" || node.test || node.optional === true || typeof node.field === "string") return undefined;
  const of = pathOf(node.of, args);
  return of && [...of, node.field.name];
}
