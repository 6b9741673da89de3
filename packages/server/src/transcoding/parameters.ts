// Converts query parameters and path variables into the JSON of a message. ProtoJSON defines the meaning of each text.
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { JsonMembers, JsonTree } from "@protobff/runtime/internal/json/json-tree";

/** Maximum number of names in one parameter. No real message is nested more deeply. */
const MAX_NAMES = 32;
const MAX_QUOTED_CHARACTERS = 100;

interface ParameterBounds {
  /** Parameters, and paths in their field masks. */
  readonly maxElements: number;
}

/** The parts of a rule that concern parameters. */
export interface ParameterRule {
  readonly input: DescMessage;
  /** Fields bound by path or body, by their names. `*`: all of them. */
  readonly taken: ReadonlySet<string>;
}

/**
 * Adds a query to the JSON of a message.
 *
 * @throws ConnectError with INVALID_ARGUMENT
 */
export function addQuery(
  into: JsonMembers,
  query: string,
  rule: ParameterRule,
  { maxElements }: ParameterBounds,
): void {
  let left = maxElements;
  for (let from = 0; from < query.length; ) {
    const end = query.indexOf("&", from);
    const pair = query.slice(from, end < 0 ? query.length : end);
    from = end < 0 ? query.length : end + 1;
    if (pair === "") continue;
    if (--left < 0) throw tooMany(maxElements);
    const equals = pair.indexOf("=");
    const name = decodedPart(equals < 0 ? pair : pair.slice(0, equals));
    const text = equals < 0 ? "" : decodedPart(pair.slice(equals + 1));
    const field = add(into, rule.input, name, text, rule.taken);
    if (field.message?.typeName === MASK) left -= text.split(",").length - 1;
    if (left < 0) throw tooMany(maxElements);
  }
}

/**
 * Adds a variable of a path.
 *
 * @throws ConnectError with INVALID_ARGUMENT
 */
export function addVariable(into: JsonMembers, input: DescMessage, name: string, text: string): void {
  add(into, input, name, text, NOTHING);
}
const NOTHING: ReadonlySet<string> = new Set();
const MASK = "google.protobuf.FieldMask";

function add(into: JsonMembers, input: DescMessage, path: string, text: string, taken: ReadonlySet<string>): DescField {
  const names = path.split(".", MAX_NAMES + 1);
  if (names.length > MAX_NAMES) throw invalid(`the parameter ${quoted(path)} has too many dots`);
  let object = into;
  let message = input;
  let known = "";
  for (let i = 0; ; i++) {
    const field = fieldNamed(message, names[i] ?? "");
    if (field === undefined) throw invalid(`there is no parameter ${quoted(path)}`);
    known = known === "" ? field.name : `${known}.${field.name}`;
    if (taken.size > 0 && (taken.has("*") || taken.has(known)))
      throw invalid(`${quoted(path)} is no parameter of the query: it comes by path or body`);
    if (i === names.length - 1) {
      put(object, field, path, text);
      return field;
    }
    const { message: inner } = field;
    if (inner === undefined || field.fieldKind !== "message" || isValue(inner))
      throw invalid(`there is no parameter ${quoted(path)}`);
    const before = object[field.jsonName];
    // Without a prototype, because `__proto__` may be among the names.
    const next = before === undefined ? empty() : (before as JsonMembers);
    object[field.jsonName] = next;
    object = next;
    message = inner;
  }
}

function put(object: JsonMembers, field: DescField, path: string, text: string): void {
  const { jsonName } = field;
  const before = object[jsonName];
  if (field.fieldKind === "list") {
    const item = jsonOf(field, path, text);
    if (Array.isArray(before)) before.push(item);
    else object[jsonName] = [item];
    return;
  }
  if (field.fieldKind === "map" || (field.message !== undefined && !isValue(field.message)))
    throw invalid(`${quoted(path)} is no single value: name one of its fields`);
  if (before !== undefined) throw invalid(`${quoted(path)} is given twice`);
  object[jsonName] = jsonOf(field, path, text);
}

function jsonOf(field: DescField, path: string, text: string): JsonTree {
  if (field.enum !== undefined) return /^-?\d{1,10}$/.test(text) ? Number(text) : text;
  if (field.message !== undefined && !isValue(field.message))
    throw invalid(`${quoted(path)} is no list of single values`);
  const scalar = field.message === undefined ? field.scalar : field.message.fields.find(isInner)?.scalar;
  // A number may be a string.
  if (scalar !== ScalarType.BOOL) return text;
  if (text !== "true" && text !== "false") throw invalid(`${quoted(path)} is true or false`);
  return text === "true";
}
/** True for the value of a wrapper. Other well-known types are strings in JSON. */
const isInner = ({ name, parent }: DescField): boolean => name === "value" && parent.typeName.endsWith("Value");

/** True if the message is one value in ProtoJSON. */
function isValue({ typeName }: DescMessage): boolean {
  return VALUES.has(typeName);
}
const VALUES: ReadonlySet<string> = new Set(
  [
    ...["Timestamp", "Duration", "FieldMask"],
    ...["String", "Bytes", "Bool", "Int32", "UInt32", "Int64", "UInt64", "Float", "Double"].map((of) => `${of}Value`),
  ].map((name) => `google.protobuf.${name}`),
);

const FIELDS = new WeakMap<DescMessage, ReadonlyMap<string, DescField>>();
/** Finds a field by its name in the proto or in JSON. */
function fieldNamed(message: DescMessage, name: string): DescField | undefined {
  let fields = FIELDS.get(message);
  if (fields === undefined) {
    fields = new Map([
      ...message.fields.map((field) => [field.jsonName, field] as const),
      ...message.fields.map((field) => [field.name, field] as const),
    ]);
    FIELDS.set(message, fields);
  }
  return fields.get(name);
}

/** Decodes a part as in forms: a plus is a space. */
function decodedPart(text: string): string {
  const spaced = text.includes("+") ? text.replaceAll("+", " ") : text;
  if (!spaced.includes("%")) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    throw invalid("the query is not UTF-8, percent-encoded");
  }
}

export const empty = (): JsonMembers => Object.create(null) as JsonMembers;

const quoted = (text: string): string =>
  JSON.stringify(
    text.length > MAX_QUOTED_CHARACTERS
      ? `${text.slice(0, MAX_QUOTED_CHARACTERS).toWellFormed()}…`
      : text.toWellFormed(),
  );
export const invalid = (message: string): ConnectError => new ConnectError(message, Code.InvalidArgument);
const tooMany = (maxElements: number): ConnectError => invalid(`the request holds more than ${maxElements} elements`);
