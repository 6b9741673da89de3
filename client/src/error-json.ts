import { Code, ConnectError } from "@connectrpc/connect";
import { codeFromString } from "./code.ts";

/** A ConnectError of the JSON of Connect's protocol. */
export function errorFrom(json: unknown, fallback: Code = Code.Unknown): ConnectError {
  const { code, message, details } = (typeof json === "object" && json !== null ? json : {}) as Readonly<
    Record<string, unknown>
  >;
  const known = typeof code === "string" ? codeFromString(code) : undefined;
  const error = new ConnectError(typeof message === "string" ? message : "", known ?? fallback);
  if (!Array.isArray(details)) return error;
  for (const detail of details as readonly ({ readonly type?: unknown; readonly value?: unknown } | null)[]) {
    const { type, value } = detail ?? {};
    if (typeof type !== "string" || typeof value !== "string") continue;
    const bytes = bytesOf(value);
    if (bytes !== undefined) error.details.push({ type, value: bytes });
  }
  return error;
}

/** Undefined if it is no base64: the error counts without this detail. */
function bytesOf(base64: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    const text = atob(base64.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(text, (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
