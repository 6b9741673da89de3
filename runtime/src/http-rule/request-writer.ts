// Conversion of a message to an HTTP request, as google/api/http.proto defines it: the contents of its path, query and
// body. The transcoder converts in the other direction.
import type { DescField, DescMessage, JsonObject, JsonValue, Registry } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { FeatureSet_FieldPresence as Presence } from "@bufbuild/protobuf/wkt";
import { Misfit } from "../failure.ts";
import { exactText } from "../json/json-text.ts";
import { messagesIn } from "../json/messages-in.ts";
import { defaultsOf, jsonOf } from "../json/write-json.ts";
import { enumText, isValue, pathText, scalarText, valueText } from "./field-text.ts";
import type { RestRule, RestVariable } from "./rule.ts";

/** Request for the wire. */
interface WrittenRequest {
  /** Path and query, percent-encoded. No code may resolve it, since that would remove segments. */
  readonly target: string;
  /** JSON; undefined: none. */
  readonly body: string | undefined;
}

/** @throws Error for a message of which a request cannot hold everything; that message may be changed */
export type RequestWriter = (message: ReflectMessage) => WrittenRequest;

/** @throws TypeError for a rule that names fields which the message does not have */
export function requestWriter(
  input: DescMessage,
  rule: RestRule,
  { prefix, registry }: { readonly prefix: string; readonly registry: Registry },
): RequestWriter {
  const { variables = [], body } = rule;
  const pathOf = pathWriter(input, rule, variables);
  const bodyOf = bodyWriter(input, rule, registry);
  const elsewhere = new Set([...variables.map(({ field }) => field), ...(body === undefined ? [] : [body])]);
  return (message) => {
    const path = pathOf(message);
    const parameters: string[] = [];
    if (body !== "*") addParameters(parameters, message, "", "", elsewhere);
    const query = parameters.length === 0 ? "" : `?${parameters.join("&")}`;
    return { target: `${prefix}${path}${query}`, body: bodyOf(message) };
  };
}

/** Returns the fields that lead to the field of a variable. */
function wayTo(input: DescMessage, path: string): readonly DescField[] {
  let message: DescMessage | undefined = input;
  return path.split(".").map((name) => {
    const field: DescField | undefined = message?.fields.find((candidate) => candidate.name === name);
    if (field === undefined) throw new TypeError(`${input.typeName} has no field ${path}`);
    message = field.fieldKind === "message" ? field.message : undefined;
    return field;
  });
}

// ---- path ----

function pathWriter(
  input: DescMessage,
  { segments, verb }: RestRule,
  variables: readonly RestVariable[],
): (message: ReflectMessage) => string {
  const parts: ((message: ReflectMessage) => string)[] = [];
  for (let i = 0; i < segments.length; ) {
    const variable = variables.find(({ from }) => from === i);
    if (variable === undefined) {
      // A server takes the last colon of a path for that of a verb.
      const colons = i < segments.length - 1 || verb !== undefined;
      const literal = `/${encodedLiteral(segments[i] ?? "", colons)}`;
      if (literal === "/*" || literal === "/**") throw new TypeError(`no variable is bound to ${literal}`);
      parts.push(() => literal);
      i++;
    } else {
      parts.push(variableWriter(wayTo(input, variable.field), variable, segments.slice(i, variable.to)));
      i = variable.to;
    }
  }
  const colons = variables.some(({ to }) => to === segments.length);
  const end = verb === undefined ? "" : `:${encodedLiteral(verb, colons)}`;
  return (message) => parts.map((part) => part(message)).join("") + end;
}

function variableWriter(way: readonly DescField[], { field: name }: RestVariable, pattern: readonly string[]) {
  const single = pattern.length === 1 && pattern[0] === "*";
  return (message: ReflectMessage): string => {
    const text = textAt(message, way);
    // An empty segment, or one that a resolver of the path removes, would result in another path.
    const found = single ? [text] : text.split("/");
    if (!matches(found, pattern))
      throw new Misfit(name, `does not fit /${pattern.join("/")} of the path`, "a path of another form");
    for (const segment of found) checkSegment(segment, name);
    return found.map((segment) => `/${encodedSegment(segment)}`).join("");
  };
}

function textAt(message: ReflectMessage, way: readonly DescField[]): string {
  let at = message;
  for (const field of way) {
    if (field.fieldKind === "message") {
      if (!at.isSet(field)) return "";
      at = at.get(field);
    } else {
      const unset = field.presence !== Presence.IMPLICIT && !at.isSet(field);
      return unset ? "" : pathText(field, at.get(field));
    }
  }
  return "";
}

function matches(found: readonly string[], pattern: readonly string[]): boolean {
  const open = pattern.at(-1) === "**";
  const fixed = open ? pattern.slice(0, -1) : pattern;
  if (open ? found.length < fixed.length : found.length !== fixed.length) return false;
  return fixed.every((segment, i) => segment === "*" || segment === found[i]);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: it is these that are looked for
const UNSEEN = /[\x00-\x1f\x7f-\x9f]/;
function checkSegment(segment: string, name: string): void {
  if (segment === "")
    throw new Misfit(name, "has an empty segment, which a path cannot hold", "a path with an empty segment");
  if (segment === "." || segment === "..")
    throw new Misfit(name, `has the segment ${segment}, which leads elsewhere`, "a path that leads elsewhere");
  if (UNSEEN.test(segment))
    throw new Misfit(name, "has control characters, which a path does not hold", "a path with control characters");
}

/** Encodes all but unreserved characters (google/api/http.proto). */
function encodedSegment(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (match) => `%${match.charCodeAt(0).toString(16).toUpperCase()}`);
}
/** Encodes a literal, except for the characters that a template may contain as they are. */
function encodedLiteral(text: string, colons: boolean): string {
  if (text === "*" || text === "**") return text;
  const plain = colons ? /%(?:21|24|26|27|28|29|2B|2C|3A|3B|3D|40)/g : /%(?:21|24|26|27|28|29|2B|2C|3B|3D|40)/g;
  return encodedSegment(text).replace(plain, (match) => decodeURIComponent(match));
}

// ---- query ----

/**
 * Pattern of JSON names that are used in a query. Another name could be taken for two names, or for none, and is
 * replaced by the proto name.
 */
const PLAIN = /^\w+$/;

/**
 * @param prefix before the name of a field, of those it is in
 * @param path their proto names
 */
function addParameters(
  into: string[],
  message: ReflectMessage,
  prefix: string,
  path: string,
  elsewhere: ReadonlySet<string>,
): void {
  for (const field of message.fields) {
    if (elsewhere.has(path + field.name) || !message.isSet(field)) continue;
    const name = prefix + (PLAIN.test(field.jsonName) ? field.jsonName : field.name);
    switch (field.fieldKind) {
      case "scalar":
        into.push(parameter(name, scalarText(field.scalar, message.get(field))));
        break;
      case "enum":
        into.push(parameter(name, enumText(field.enum, message.get(field))));
        break;
      case "list":
        for (const item of message.get(field)) into.push(parameter(name, itemText(field, item, name, path)));
        break;
      case "map":
        throw new Error(`${name} is a map, which a query cannot hold`);
      case "message": {
        const inner = message.get(field);
        if (isValue(field.message))
          into.push(
            parameter(
              name,
              withForm(path + field.name, () => valueText(inner)),
            ),
          );
        else if (STRUCTURES.has(field.message.typeName))
          throw new Error(`${name} is a ${field.message.typeName}, which a query cannot hold`);
        else addParameters(into, inner, `${name}.`, `${path}${field.name}.`, elsewhere);
      }
    }
  }
}
const STRUCTURES: ReadonlySet<string> = new Set(
  ["Any", "Struct", "Value", "ListValue"].map((name) => `google.protobuf.${name}`),
);

function itemText(field: DescField & { fieldKind: "list" }, item: unknown, name: string, path: string): string {
  if (field.listKind === "scalar") return scalarText(field.scalar, item);
  if (field.listKind === "enum") return enumText(field.enum, item as number);
  if (isValue(field.message)) return withForm(path + field.name, () => valueText(item as ReflectMessage));
  throw new Error(`${name} is a list of messages, which a query cannot hold`);
}

function withForm<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Misfit(path, `has a value without a form in JSON: ${why}`, "a value without a form in JSON");
  }
}

const parameter = (name: string, text: string): string => `${name}=${encodeURIComponent(text)}`;

// ---- body ----

function bodyWriter(
  input: DescMessage,
  { body, variables = [] }: RestRule,
  registry: Registry,
): (message: ReflectMessage) => string | undefined {
  if (body === undefined) return () => undefined;
  if (body === "*") {
    // A required field cannot be unset, so it is sent twice.
    const taken = variables.map(({ field }) => wayTo(input, field)).filter((way) => !way.some(isRequired));
    return (message) => {
      for (const way of taken) clear(message, way);
      return sendable(message, registry, () => jsonOf(input, message.message, registry));
    };
  }
  const field = wayTo(input, body)[0] as DescField;
  const empty = implied(input, field);
  return (message) => {
    if (!message.isSet(field)) return empty;
    // Only this field, so that the other fields need no JSON form.
    const only = reflect(input);
    only.set(field, message.get(field));
    return sendable(only, registry, () => fieldJson(only, field, registry));
  };
}

/** @throws Misfit that names the value, if a value has no form in JSON */
function sendable(message: ReflectMessage, registry: Registry, write: () => JsonValue): string {
  try {
    return exactText(write());
  } catch (error) {
    assertValues(message, "", registry);
    throw error;
  }
}

function assertValues(message: ReflectMessage, path: string, registry: Registry): void {
  for (const field of message.fields) {
    if (field.message === undefined || !message.isSet(field)) continue;
    const name = path + field.name;
    for (const [, inner] of messagesIn(message, field)) {
      if (!FORMLESS.has(inner.desc.typeName)) assertValues(inner, `${name}.`, registry);
      else withForm(name, () => jsonOf(inner.desc, inner.message, registry));
    }
  }
}
const FORMLESS: ReadonlySet<string> = new Set([
  ...STRUCTURES,
  ...["Timestamp", "Duration", "FieldMask"].map((name) => `google.protobuf.${name}`),
]);

const isRequired = ({ presence }: DescField): boolean => presence === Presence.LEGACY_REQUIRED;

function clear(message: ReflectMessage, way: readonly DescField[]): void {
  let at = message;
  for (const field of way) {
    if (field.fieldKind !== "message") at.clear(field);
    else if (!at.isSet(field)) return;
    else at = at.get(field);
  }
}

function fieldJson(only: ReflectMessage, field: DescField, registry: Registry): JsonValue {
  const inner = field.fieldKind === "message" ? only.get(field) : undefined;
  if (inner !== undefined) return jsonOf(inner.desc, inner.message, registry);
  const json = (jsonOf(only.desc, only.message, registry) as JsonObject)[field.jsonName];
  return json ?? null;
}

/** Returns the default of a field that always has a value, as JSON; undefined for other fields. */
function implied(input: DescMessage, field: DescField): string | undefined {
  if (field.presence !== Presence.IMPLICIT && field.fieldKind !== "list" && field.fieldKind !== "map") return undefined;
  if (field.fieldKind === "message") return undefined;
  return JSON.stringify(defaultsOf(input)[field.jsonName]);
}
