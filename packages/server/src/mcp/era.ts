// Protocol versions: the modern one carries version and capabilities in every request, older ones begin with
// `initialize` (MCP 2026-07-28, Versioning).
import type { JsonObject } from "@bufbuild/protobuf";
import { cut, isObject, RpcCode, RpcError, type RpcMessage } from "./json-rpc.ts";

const MODERN = "2026-07-28";
/** Versions that begin with `initialize`, the newest first. */
const LEGACY = ["2025-11-25", "2025-06-18"] as const;
export const SUPPORTED: string[] = [MODERN, ...LEGACY];

const HEADER_MISMATCH = -32020;
const MISSING_CAPABILITY = -32021;
const UNSUPPORTED_VERSION = -32022;

const VERSION_KEY = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES_KEY = "io.modelcontextprotocol/clientCapabilities";
const BAD_REQUEST = { status: 400 };

/** Capabilities of the client of one request. */
export interface Client {
  readonly modern: boolean;
  /** True if it can show a form to its user, and return the answer with another request. */
  readonly showsForms: boolean;
}
const LEGACY_CLIENT: Client = { modern: false, showsForms: false };

/** Headers of a request over HTTP. */
export interface MetadataHeaders {
  get(name: string): string | null;
}

/**
 * Returns the client of a request, or the error of one whose version or metadata is wrong.
 *
 * @param headers undefined over standard input
 */
export function clientOf(message: RpcMessage, headers: MetadataHeaders | undefined): Client | RpcError {
  const { method, params } = message;
  const meta = isObject(params._meta) ? params._meta : {};
  const version = meta[VERSION_KEY];
  const header = headers?.get("mcp-protocol-version") ?? undefined;
  if (version === undefined) {
    // The version of `initialize` is in its parameters.
    if (headers === undefined || FIRST.includes(method) || LEGACY.some((known) => known === header))
      return LEGACY_CLIENT;
    if (header === MODERN) return incomplete(VERSION_KEY);
    return header === undefined ? mismatched("mcp-protocol-version is missing") : unsupported(header);
  }
  if (typeof version !== "string") return incomplete(VERSION_KEY);
  const capabilities = meta[CAPABILITIES_KEY];
  if (!isObject(capabilities)) return incomplete(CAPABILITIES_KEY);
  const mismatch = headers && mismatchOf(message, version, headers);
  if (mismatch !== undefined) return mismatched(mismatch);
  return version === MODERN ? { modern: true, showsForms: showsForms(capabilities) } : unsupported(version);
}

/** Methods before a version is negotiated. */
const FIRST = ["initialize", "ping"];
const mismatched = (what: string): RpcError => new RpcError(HEADER_MISMATCH, `Header mismatch: ${what}`, BAD_REQUEST);
const incomplete = (key: string): RpcError => new RpcError(RpcCode.INVALID_PARAMS, `_meta lacks ${key}`, BAD_REQUEST);
const unsupported = (requested: string): RpcError =>
  new RpcError(UNSUPPORTED_VERSION, "Unsupported protocol version", {
    ...BAD_REQUEST,
    data: { supported: SUPPORTED, requested: cut(requested, MAX_SHOWN) },
  });
const MAX_SHOWN = 100;

/** Returns the error of a client without forms. */
export const missingElicitation = (): RpcError =>
  new RpcError(
    MISSING_CAPABILITY,
    "This tool needs a confirmation of the user: the client lacks the capability elicitation",
    {
      ...BAD_REQUEST,
      data: { requiredCapabilities: { elicitation: { form: {} } } },
    },
  );

/** An empty object declares forms only (MCP 2026-07-28, Elicitation). */
export function showsForms({ elicitation }: JsonObject): boolean {
  return isObject(elicitation) && (isObject(elicitation.form) || Object.keys(elicitation).length === 0);
}

/** Compares the headers that repeat parts of the body. */
function mismatchOf({ method, params }: RpcMessage, version: string, headers: MetadataHeaders): string | undefined {
  const expected: readonly (readonly [string, unknown])[] = [
    ["mcp-protocol-version", version],
    ["mcp-method", method],
    ...(typeof params.name === "string" && method === "tools/call" ? [["mcp-name", params.name] as const] : []),
  ];
  const textOf = (name: string): string | null =>
    name === "mcp-name" ? decoded(headers.get(name)) : headers.get(name);
  const [wrong] = expected.filter(([name, value]) => textOf(name) !== value);
  return wrong && `${wrong[0]} is missing, or unlike the body`;
}

/** Decodes `=?base64?…?=`, in which headers carry text beyond ASCII. */
export function decoded(value: string | null): string | null {
  const encoded = value === null ? undefined : /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/.exec(value)?.[1];
  return encoded === undefined ? value : Buffer.from(encoded, "base64").toString();
}

/** Returns the error of a notification whose header names an unknown version. */
export function notificationError(headers: MetadataHeaders): RpcError | undefined {
  const version = headers.get("mcp-protocol-version");
  return version === null || SUPPORTED.includes(version) ? undefined : unsupported(version);
}

/** Returns the version for `initialize`: the requested one if it is supported, else the newest of its kind. */
export function legacyVersion({ params }: RpcMessage): string {
  return LEGACY.find((version) => version === params.protocolVersion) ?? LEGACY[0];
}
