// The messages that clients of a BFF receive.
import { createHash } from "node:crypto";
import type { DescField, DescMessage, FileRegistry } from "@bufbuild/protobuf";
import type { FileReport } from "protoc-gen-bff/compiler";

/** Messages of answers, and all messages inside them, by their full names. */
export interface Answers {
  readonly messages: ReadonlyMap<string, DescMessage>;
  /** Names of the messages of answers, by texts that addresses of their rpcs contain. */
  readonly byPath: ReadonlyMap<string, readonly string[]>;
}

/** Collects the messages in the answers of the BFFs' rpcs. Well-known types are values, as numbers are. */
export function answersOf(registry: FileRegistry, reports: readonly FileReport[]): Answers {
  const messages = new Map<string, DescMessage>();
  const byPath = new Map<string, string[]>();
  for (const { rpc, rest = [] } of reports.flatMap(({ rpcs }) => rpcs)) {
    const [service = "", name = ""] = rpc.split("/");
    const output = registry.getService(service)?.methods.find((method) => method.name === name)?.output;
    if (output === undefined) continue;
    for (const text of [`${service}/`, ...rest.map(({ path }) => fixedPart(path))])
      byPath.set(text, [...(byPath.get(text) ?? []), output.typeName]);
    for (const message of reachable(output)) messages.set(message.typeName, message);
  }
  return { messages, byPath };
}

/** Returns the last segment before a path's first variable, as `/products` of `/v1/products/{id}`. */
const fixedPart = (path: string): string => /(\/[^/{]*)\/?(?:\{.*)?$/.exec(path)?.[1] ?? path;

/** Returns the message and the messages of its fields, at any depth. */
export function reachable(root: DescMessage): ReadonlySet<DescMessage> {
  const found = new Set<DescMessage>();
  const open = [root];
  for (let message = open.pop(); message !== undefined; message = open.pop()) {
    if (found.has(message) || message.typeName.startsWith("google.protobuf.")) continue;
    found.add(message);
    open.push(...message.fields.flatMap((field) => field.message ?? []));
  }
  return found;
}

/** Returns the fields behind a property of generated code: one field, or all members of a oneof. */
export function fieldsOf(message: DescMessage | undefined, property: string): readonly string[] {
  const group = message?.oneofs.find(({ localName }) => localName === property);
  const fields = group?.fields ?? message?.fields.filter(({ localName }) => localName === property) ?? [];
  return fields.map(({ name }) => name);
}

/** Returns what the field's type in TypeScript depends on. */
export function typeOf(field: DescField): string {
  const part = field.message?.typeName ?? field.enum?.typeName ?? field.scalar;
  const kinds = [field.fieldKind, "listKind" in field ? field.listKind : "", "mapKind" in field ? field.mapKind : ""];
  return [...kinds, part, field.oneof?.name, field.presence].join(" ");
}

/** Returns a digest of all fields and their types. */
export function shapeOf({ messages }: Answers): string {
  const fields = [...messages].flatMap(([name, message]) =>
    message.fields.map((field) => `${name}.${field.name} ${typeOf(field)}`),
  );
  return createHash("sha256").update(fields.sort().join("\n")).digest("hex").slice(0, 16);
}
