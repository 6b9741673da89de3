// Binding of sealed texts to their caller: another caller cannot use them.
import { hash } from "node:crypto";
import { protoCamelCase } from "@bufbuild/protobuf/reflect";
import type { Caller } from "./caller.ts";

/**
 * Returns the parts of a caller that a text is bound to: the source, issuer and subject of the credential, and fields of
 * the principal. The rest of a principal may change with each token.
 *
 * @param fields proto names; undefined: the whole principal
 */
export function callerBinding(caller: Caller | undefined, fields?: readonly string[]): readonly string[] {
  if (caller === undefined) return [];
  const { source, issuer, subject } = caller.credential;
  return [source, issuer, subject, principalDigest(caller, fields)];
}

function principalDigest({ principal, bytes }: Caller, fields: readonly string[] | undefined): string {
  if (fields === undefined) return hash("sha256", bytes, "base64url");
  const values = principal as unknown as Readonly<Record<string, unknown>>;
  const read = fields.map((name) => values[protoCamelCase(name)] ?? null);
  return hash("sha256", JSON.stringify(read, plain), "base64url");
}

function plain(_: string, value: unknown): unknown {
  if (typeof value === "bigint") return `${value}n`;
  return value instanceof Uint8Array ? Buffer.from(value).toString("base64url") : value;
}
