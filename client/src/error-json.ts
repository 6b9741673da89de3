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
  for (const { type, value } of details as readonly { readonly type?: unknown; readonly value?: unknown }[]) {
    if (typeof type !== "string" || typeof value !== "string") continue;
    error.details.push({ type, value: bytesOf(value) });
  }
  return error;
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
