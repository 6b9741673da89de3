// Hints that replace a value of the wrong type. Goldens of BFF305, BFF330, BFF331 and BFF342 follow them to the letter.
import type { DescEnum, DescMessage } from "@bufbuild/protobuf";
import { type CelType, type Expression, enumOf, fieldType, sameType } from "../../cel/index.ts";
import type { Text } from "../../diagnostic/diagnostic.ts";
import type { Aliases, SourceValue } from "./value.ts";

/** A name or a path as it is written, so that more may be written behind it; anything else is left to the reader. */
function written(text: Text | undefined): string {
  return text !== undefined && /^[a-z_][\w.?]*$/i.test(text.value) ? text.value : "…";
}

const TIMES: ReadonlySet<string> = new Set(["google.protobuf.Timestamp", "google.protobuf.Duration"]);
const timeOf = (type: CelType): string | undefined =>
  type.kind === "message" && TIMES.has(type.desc.typeName) ? type.desc.typeName : undefined;

/** The hint for a condition that is no bool. */
export function conditionInstead(expression: Expression): string {
  const { type, text, path, mayBeUnset, unsafe } = expression;
  const it = written(text);
  switch (type.kind) {
    case "int":
    case "uint":
    case "double":
      return `write a comparison, such as ${it} != 0`;
    case "bytes":
    case "list":
    case "map":
      return `write a comparison, such as size(${it}) > 0`;
    case "optional":
      return `write a comparison, such as ${it}.${type.of.kind === "bool" ? "orValue(false)" : "hasValue()"}`;
    case "wrapper":
      return `write a comparison, such as ${it} ${type.of.kind === "bool" ? "== true" : "!= null"}`;
    case "dyn":
      return `write a comparison, such as ${it} == true`;
    case "string":
      return `write a comparison, such as ${it} != ''`;
    case "message":
      if (path && mayBeUnset) return `write a comparison, such as has(${it})`;
      if (path && unsafe.length > 0) return `write a comparison, such as ok(${it})`;
      if (type.desc.typeName === "google.protobuf.Timestamp")
        return `write a comparison, such as ${it} > timestamp('2000-01-01T00:00:00Z')`;
      if (type.desc.typeName === "google.protobuf.Duration")
        return `write a comparison, such as ${it} > duration('0s')`;
      return `compare a field of it, such as ${it}.${type.desc.fields[0]?.name ?? "…"}`;
    default:
      return "write a comparison";
  }
}

/** The hint for text of a value that cannot be printed. */
export function textInstead({ type, text }: Expression): string {
  const it = written(text);
  if (type.kind === "bytes" || timeOf(type) !== undefined) return "write string(…) around it";
  if (type.kind === "message") return partHint(type.desc, "string", it) ?? "name a field of it";
  if (type.kind === "optional") return `write ${it}.orValue(…)`;
  if (type.kind === "wrapper") return `write ${it} == null ? '' : string(${it})`;
  if (type.kind === "map") return `write ${it}.map(key, string(key)).join(', ')`;
  if (type.kind !== "list") return "write string(…) around it, or name a field of it";
  const { element } = type;
  if (element.kind === "string") return `write ${it}.join(', ')`;
  const name = element.kind === "message" ? element.desc.fields.find((field) => kindOf(field) === "string")?.name : "";
  return `write ${it}.map(one, ${name === "" ? "string(one)" : `one.${name ?? "…"}`}).join(', ')`;
}

const kindOf = (field: DescMessage["fields"][number]): CelType["kind"] => fieldType(field).type.kind;

function partHint(desc: DescMessage, kind: CelType["kind"], it: string): string | undefined {
  const field = desc.fields.find((candidate) => kindOf(candidate) === kind);
  return field && `name a field of it, such as ${it}.${field.name}`;
}

/** Returns the message about a missing declaration. Our type is the copy, in both directions. */
export function noCopy<T extends DescMessage | DescEnum>(from: T, to: T, { isLocal }: Aliases): string {
  const [copy, of] = isLocal(from) && !isLocal(to) ? [from, to] : [to, from];
  return `"${copy.typeName}" is not declared as a copy of "${of.typeName}"`;
}

/** Returns the hint for making one message, or enum, into another: our type is declared as a copy. */
export function copyInstead<T extends DescMessage | DescEnum>(from: T, to: T, aliases: Aliases): string {
  const { isLocal } = aliases;
  if (aliases.isComposed(to))
    return `compose it in a step, as in \`compose: { message: "${to.name}" args: { name: "value" by: "…" } }\`, and bind the step`;
  const inner =
    from.kind === "message" ? from.fields.find(({ message }) => message && aliases.isCopyOf(to, message)) : undefined;
  if (inner !== undefined) return `bind "${inner.name}" of it, which has "${inner.message?.typeName}"`;
  const alias = (copy: T, of: T): string =>
    `add \`option (bff.v1.${copy.kind}).alias = "${of.typeName}";\` to "${copy.name}", or bind a "${to.typeName}"`;
  if (isLocal(to)) return isLocal(from) ? `bind a "${to.typeName}"` : alias(to, from);
  if (isLocal(from)) return alias(from, to);
  return to.kind === "enum"
    ? "convert by an enum of this package that has both enums as its `alias`"
    : `write a ${to.typeName}{…} with the required fields`;
}

/** A value for a field of another type. */
export function valueInstead(from: SourceValue, { type }: { readonly type: CelType }): string {
  const to = type.kind === "wrapper" ? type.of : type;
  return betweenScalars(from, to) ?? betweenLists(from, to) ?? betweenMaps(from, to) ?? OTHERWISE;
}
const OTHERWISE = "bind a value with the type of the field; or change the type of a field of the BFF";

const NUMBERS: ReadonlySet<string> = new Set(["int", "uint", "double"]);

function betweenScalars(from: SourceValue, to: CelType): string | undefined {
  const { type } = from;
  const it = written(from.text);
  if (to.kind === "string" && enumOf(from) !== undefined) return `write enums.name(${it})`;
  if (NUMBERS.has(type.kind) && NUMBERS.has(to.kind))
    return `write ${to.kind}(…) around it: numbers convert only explicitly`;
  if (to.kind === "string" && ["int", "uint", "double", "bool", "bytes"].includes(type.kind))
    return "write string(…) around it";
  const time = timeOf(type);
  if (to.kind === "string" && time !== undefined)
    return `write string(…) around it; or declare a field of the BFF as ${time}`;
  if (to.kind === "int" && time !== undefined)
    return `${time === "google.protobuf.Timestamp" ? "write int(…) around it" : `write ${it}.getSeconds()`} for its seconds; or declare a field of the BFF as ${time}`;
  if (type.kind === "string" && NUMBERS.has(to.kind))
    return `write the number without quotes, or ${to.kind}(…) around the text`;
  if (type.kind === "bool" && NUMBERS.has(to.kind)) return `write ${it} ? ${to.kind === "uint" ? "1u : 0u" : "1 : 0"}`;
  return type.kind === "message" ? partHint(type.desc, to.kind, it) : undefined;
}

function betweenLists({ type, text }: SourceValue, to: CelType): string | undefined {
  if (to.kind === "list" && to.element.kind === "string" && type.kind === "string") {
    const it = written(text);
    return `write ${it}.split(' ') if spaces separate several values, or [${it}] for a list of one`;
  }
  if (to.kind === "list" && sameType(to.element, type)) return "write [ … ] around it to make a list of one";
  if (type.kind !== "list") return undefined;
  const { element } = type;
  if (element.kind === "list" && sameType(element, to)) return "write ….flatten() behind it to join the lists";
  if (sameType(element, to) || (element.kind === "message" && to.kind === "message"))
    return "take one element, such as …[0]; or declare a field of the BFF as repeated";
  if (to.kind === "int") return `write size(${written(text)}), or take one element`;
  if (element.kind === "message" && to.kind === "list" && to.element.kind !== "message")
    return "map each item to the element, as in ….map(item, item.name)";
  return undefined;
}

function betweenMaps({ type, text }: SourceValue, to: CelType): string | undefined {
  if (type.kind !== "map") return undefined;
  const it = written(text);
  if (to.kind === "list")
    return `declare a map, or make a list of ${sameType(type.key, to.element) ? `its keys: ${it}.map(key, key)` : `its values: ${it}.map(key, ${it}[key])`}`;
  if (to.kind !== "map" || sameType(type.key, to.key)) return undefined;
  const key = type.key.kind === "int" || type.key.kind === "uint" ? `${type.key.kind}64` : type.key.kind;
  return `declare its keys as ${key}, or convert the keys, as in ${it}.transformMapEntry(key, value, {${to.key.kind}(key): value})`;
}
