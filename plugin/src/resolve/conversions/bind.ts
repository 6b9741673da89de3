// An expression bound to a field: its type has to fit, and a field for a value that may be unset has to allow that.

import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import {
  type Expression,
  extensionNamed,
  fieldType,
  NO_EXTENSIONS,
  type Node,
  type Proto,
  protoRange,
  type Range,
  typeName,
} from "../../cel/index.ts";
import { didYouMean, fault, type Report, type Text } from "../../diagnostic/diagnostic.ts";
import { type BoundExpression, canBeAbsent, isRequired } from "../../model/conversion.ts";
import { isReference } from "../../read/values/names.ts";
import { first } from "../model/first.ts";
import { conversion } from "./convert.ts";
import type { Aliases } from "./value.ts";

export function bindTo(
  expression: Expression,
  field: DescField,
  aliases: Aliases,
  report: Report,
): BoundExpression | undefined {
  if (!canBeAbsent(field) && mayBeUnset(expression)) {
    const or = `declare it \`optional\`, or write a value for the unset case`;
    reportUnset(expression, `"${field.name}"`, or, report);
    return undefined;
  }
  const how = conversion(expression, fieldType(field), aliases);
  const wrong = how.kind === "misfit" ? undefined : outOfRange(expression.root, fieldType(field).proto);
  if (wrong !== undefined) {
    const { constant, scalar, low, high, key } = wrong;
    return fault(report, "BFF332", constant.at, {
      message: `${constant.value} does not fit ${ScalarType[scalar].toLowerCase()} (${key ? "the keys of " : ""}"${field.name}")`,
      hint: `write a number from ${low} to ${high}`,
    });
  }
  if (how.kind !== "misfit") return { expression, conversion: how };
  return fault(report, how.code, expression.text.at, { message: `${how.message} ("${field.name}")`, hint: how.hint });
}

/** Returns true if a value may be null, or absent. */
export function mayBeUnset({ type, root }: Expression): boolean {
  return (type.kind === "wrapper" || type.kind === "optional") && !isAlwaysSet(root);
}
/** @param target the target, which needs a value that is always set */
export function reportUnset(expression: Expression, target: string, hint: string, report: Report): void {
  const { type } = expression;
  fault(report, "BFF331", expression.text.at, {
    message: `this may be unset (${typeName(type)}), but ${target} always has a value`,
    hint: `${hint}${instead(type, expression)}`,
  });
}

/** Returns true if a path leads through `required` fields alone. */
function isAlwaysSet(node: Node): boolean {
  if (node.kind !== "select" || typeof node.field === "string" || node.test || node.optional) return false;
  const { of } = node;
  const root = of.kind === "name" && of.variable.unset === undefined && !of.variable.absent;
  return isRequired(node.field) && (root || isAlwaysSet(of));
}

function instead(type: Expression["type"], { text: { value }, root }: Expression): string {
  if (root.kind !== "select" && root.kind !== "name")
    return type.kind === "optional" ? ", as in ….orValue(…)" : ", such as has(…) ? … : …";
  if (type.kind === "optional") return `: ${value}.orValue(…)`;
  return type.kind === "wrapper" ? `: ${value} != null ? ${type.of.kind}(${value}) : …` : "";
}

/** A constant for which a field of 32 bits, or the list or the map that is one, has no room. */
interface OutOfRange extends Range {
  readonly constant: Node & { readonly kind: "constant" };
  readonly scalar: ScalarType;
  readonly key: boolean;
}

function outOfRange(node: Node, proto: Proto, key = false): OutOfRange | undefined {
  switch (proto.kind) {
    case "scalar": {
      const range = protoRange(proto);
      if (range === undefined || node.kind !== "constant" || typeof node.value !== "bigint") return undefined;
      const fits = node.value >= range.low && node.value <= range.high;
      return fits ? undefined : { ...range, constant: node, scalar: proto.scalar, key };
    }
    case "list":
      return node.kind === "list" ? first(node.elements, (element) => outOfRange(element, proto.of)) : undefined;
    case "map":
      if (node.kind !== "map") return undefined;
      return first(
        node.entries,
        ([name, value]) => outOfRange(name, { kind: "scalar", scalar: proto.key }, true) ?? outOfRange(value, proto.of),
      );
    default:
      return undefined;
  }
}

/** A field by a dotted path from a message down; undefined after a diagnostic. */
export function fieldPath(message: DescMessage, text: Text, report: Report): DescField[] | undefined {
  if (!isReference(text.value)) return undefined; // reported when it was read
  const path: DescField[] = [];
  let at = message;
  let offset = 0;
  const names = text.value.split(".");
  for (const [i, name] of names.entries()) {
    const field = at.fields.find((candidate) => candidate.name === name);
    if (field === undefined) {
      const oneof = at.oneofs.find((candidate) => candidate.name === name);
      if (extensionNamed(at, name) !== undefined)
        return fault(report, "BFF207", text.place(offset, offset + name.length), {
          message: `"${name}" is an extension of "${at.typeName}", not a field of it`,
          hint: NO_EXTENSIONS,
        });
      return fault(report, "BFF207", text.place(offset, offset + name.length), {
        message:
          oneof === undefined
            ? `"${at.typeName}" has no field "${name}"`
            : `"${name}" is a oneof of "${at.typeName}", not a field`,
        hint:
          oneof === undefined
            ? fieldHint(at, name)
            : `set one of its members: ${oneof.fields.map((member) => member.name).join(", ")}`,
      });
    }
    path.push(field);
    if (i === names.length - 1) break;
    if (field.fieldKind !== "message")
      return fault(report, "BFF207", text.place(offset, offset + name.length), {
        message: `"${name}" of "${at.typeName}" is not a message: a path cannot go through it`,
        hint: "end the path here, and set the whole value",
      });
    at = field.message;
    offset += name.length + 1;
  }
  return path;
}

/** The hint for a name that no field of the message has. */
function fieldHint(message: DescMessage, name: string): string {
  const names = message.fields.map((field) => field.name);
  const like = didYouMean(name, names);
  if (like !== undefined) return `did you mean "${like}"?`;
  return names.length === 0 ? "it has no fields at all" : `use one of: ${names.join(", ")}`;
}
