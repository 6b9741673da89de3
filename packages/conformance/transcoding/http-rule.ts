// Rules of google.api.http: a request from a path, a query and a body, and the reverse.
import {
  type DescField,
  type DescMessage,
  type DescMethod,
  fromJson,
  type JsonObject,
  ScalarType,
  toJson,
} from "@bufbuild/protobuf";

/** `google.api.http`. */
export interface HttpRule {
  readonly get?: string;
  readonly put?: string;
  readonly post?: string;
  readonly delete?: string;
  readonly patch?: string;
  readonly custom?: { readonly kind: string; readonly path: string };
  readonly body?: string;
  readonly responseBody?: string;
  readonly additionalBindings?: readonly HttpRule[];
}

/** A method at one of its paths. */
export interface Binding {
  readonly method: DescMethod;
  readonly verb: string;
  readonly template: string;
  readonly rule: HttpRule;
  readonly path: RegExp;
  /** Dotted names of fields in the path. */
  readonly variables: readonly string[];
  /** The least one of several that match a path wins. */
  readonly rank: string;
}
const WILD: Readonly<Record<string, { readonly pattern: string; readonly rank: string }>> = {
  "*": { pattern: "[^/]+", rank: "b" },
  "**": { pattern: ".*", rank: "c" },
};
const VERBS = ["get", "put", "post", "delete", "patch"] as const;

export function bindingsOf(method: DescMethod, rule: HttpRule | undefined): readonly Binding[] {
  if (rule === undefined) return [];
  const known = VERBS.find((name) => rule[name] !== undefined);
  const template = (known ? rule[known] : rule.custom?.path) ?? "";
  const variables: string[] = [];
  const pattern = (text: string): string =>
    text.replace(/\*\*|\*|[^*]+/g, (part) => WILD[part]?.pattern ?? part.replace(/[.+?()[\]$^|]/g, "\\$&"));
  const source = template.replace(
    /\{([\w.]+)(?:=([^}]*))?\}|[^{}]+/g,
    (part, name: string | undefined, inner = "*") => {
      if (name === undefined) return pattern(part);
      variables.push(name);
      return `(${pattern(inner)})`;
    },
  );
  const plain = template.replace(/\{[\w.]+=([^}]*)\}/g, "$1").replace(/\{[^}]*\}/g, "*");
  const kinds = plain.split("/").map((segment) => WILD[segment.split(":")[0] ?? ""]?.rank ?? "a");
  const rank = `${/:\w+$/.test(plain) ? 0 : 1}${kinds.join("")}`;
  const path = new RegExp(`^${source.replace(/\/\(\.\*\)$/, "(?:/(.*))?")}$`);
  const verb = known?.toUpperCase() ?? rule.custom?.kind ?? "";
  return [
    { method, verb, template, rule, path, variables, rank },
    ...(rule.additionalBindings ?? []).flatMap((other) => bindingsOf(method, other)),
  ];
}

/** A field, and the names in JSON on the way to it. Throws for an unknown one. */
function fieldAt(desc: DescMessage, path: string): { readonly field: DescField; readonly names: readonly string[] } {
  const [name = "", ...rest] = path.split(".");
  const field = desc.fields.find((candidate) => candidate.name === name || candidate.jsonName === name);
  if (field === undefined) throw new Error(`no field ${name}`);
  if (rest.length === 0) return { field, names: [field.jsonName] };
  if (field.fieldKind !== "message") throw new Error(`${name} is no message`);
  const inner = fieldAt(field.message, rest.join("."));
  return { field: inner.field, names: [field.jsonName, ...inner.names] };
}

function put(into: JsonObject, [name = "", ...rest]: readonly string[], value: JsonObject[string]): void {
  if (rest.length > 0) {
    into[name] ??= {};
    put(into[name] as JsonObject, rest, value);
  } else into[name] = value;
}
const at = (from: JsonObject, names: readonly string[]): JsonObject[string] | undefined =>
  names.reduce<JsonObject[string] | undefined>((value, name) => (value as JsonObject | undefined)?.[name], from);

function jsonOf({ enum: type, scalar, message }: DescField, text: string): JsonObject[string] {
  const bool = scalar === ScalarType.BOOL || message?.typeName === "google.protobuf.BoolValue";
  if (bool && /^(true|false)$/.test(text)) return text === "true";
  return type !== undefined && /^-?\d+$/.test(text) ? Number(text) : text;
}

function decoded(text: string, many: boolean): string {
  const plain = many ? text.split(/%2f/i).map(decodeURIComponent).join("%2F") : decodeURIComponent(text);
  const bad = many ? plain.split("/") : [plain];
  if (bad.some((part) => part === "." || part === "..") || /\p{Cc}/u.test(plain)) throw new Error("a bad segment");
  return plain;
}

/** Returns the request in ProtoJSON. Throws an error for one that no client should send. */
export function requestOf(
  { method, rule, path, variables, template }: Binding,
  from: string,
  query: string,
  body?: string,
) {
  const { input } = method;
  if (body && rule.body === undefined) throw new Error("a body");
  const whole = rule.body === "*" ? input : undefined;
  const inner = rule.body === undefined || whole ? undefined : fieldAt(input, rule.body).field;
  const desc = whole ?? inner?.message;
  const sent =
    desc && body ? (toJson(desc, fromJson(desc, JSON.parse(body), { ignoreUnknownFields: true })) as JsonObject) : {};
  const json: JsonObject = inner && body ? { [inner.jsonName]: sent } : sent;
  const values = path.exec(from)?.slice(1) ?? [];
  for (const [index, name] of variables.entries()) {
    const { field, names } = fieldAt(input, name);
    const many = new RegExp(`\\{${name}=[^}]*(/|\\*\\*)`).test(template);
    put(json, names, jsonOf(field, decoded(values[index] ?? "", many)));
  }
  for (const [name, text] of new URLSearchParams(query)) {
    const { field, names } = fieldAt(input, name);
    const fixed = [...variables, ...(inner ? [inner.name] : [])].map((other) => fieldAt(input, other).names.join("."));
    if (whole || fixed.some((other) => names.join(".") === other || names[0] === other))
      throw new Error(`${name} twice`);
    const before = at(json, names);
    if (before !== undefined && field.fieldKind !== "list") throw new Error(`${name} twice`);
    put(
      json,
      names,
      field.fieldKind === "list" ? [...((before ?? []) as string[]), jsonOf(field, text)] : jsonOf(field, text),
    );
  }
  fromJson(input, json);
  return json;
}

const escaped = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

/** Returns path, query and body of a request. Throws for a value that fits no path. */
export function written({ method, rule, template, variables, path }: Binding, message: JsonObject) {
  const json = structuredClone(message);
  let next = 0;
  const url = template.replace(/\{([\w.]+)(=[^}]*)?\}/g, (_, name: string, pattern: string | undefined) => {
    const { names } = fieldAt(method.input, variables[next++] ?? name);
    const text = String(at(json, names) ?? "");
    const [last = ""] = names.slice(-1);
    if (rule.body === undefined || rule.body === "*") delete (at(json, names.slice(0, -1)) as JsonObject)[last];
    const segments = pattern?.includes("/") || pattern?.includes("**") ? text.split("/") : [text];
    if (segments.some((part) => /^\.{0,2}$|\p{Cc}/u.test(part))) throw new Error(`${name} fits no path`);
    return segments.map(escaped).join("/");
  });
  if (!path.test(url)) throw new Error("a value fits no path");
  const inner = rule.body === undefined || rule.body === "*" ? undefined : fieldAt(method.input, rule.body).names[0];
  const body = rule.body === "*" ? json : inner && (json[inner] ?? {});
  if (inner) delete json[inner];
  const query = rule.body === "*" ? [] : parameters(json, "");
  return {
    url: query.length > 0 ? `${url}?${query.join("&")}` : url,
    ...(rule.body && { body: JSON.stringify(body) }),
  };
}
const parameters = (json: JsonObject, before: string): readonly string[] =>
  Object.entries(json).flatMap(([name, value]) => {
    if (value !== null && typeof value === "object" && !Array.isArray(value))
      return parameters(value, `${before}${name}.`);
    return [value].flat().map((item) => `${before}${name}=${escaped(String(item))}`);
  });
