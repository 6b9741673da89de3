// JSON-RPC 2.0 of MCP over standard input: the stateless version, and those that begin with `initialize`.

/** The stateless version (MCP 2026-07-28, Versioning). */
const MODERN = "2026-07-28";
/** Versions that begin with `initialize`, the newest first. */
const LEGACY = ["2025-11-25", "2025-06-18"];
const VERSION_KEY = "io.modelcontextprotocol/protocolVersion";
const UNSUPPORTED_VERSION = -32022;

/** Maximum size of a message, in bytes. */
const MAX_BYTES = 1 << 20;
const NEWLINE = 0x0a;

export type Json = { readonly [name: string]: unknown };
type Id = string | number;

/** A request, or a notification, which has no id. */
export interface Message {
  readonly id: Id | undefined;
  readonly method: string;
  readonly params: Json;
}
/** An error of JSON-RPC 2.0, section 5.1. */
export class ProtocolError extends Error {
  readonly code: number;
  readonly id: Id | undefined;
  readonly data: Json | undefined;

  constructor(
    code: number,
    message: string,
    { id, data }: { readonly id?: Id | undefined; readonly data?: Json } = {},
  ) {
    super(message);
    this.code = code;
    this.id = id;
    this.data = data;
  }
}
export const isObject = (json: unknown): json is Json =>
  typeof json === "object" && json !== null && !Array.isArray(json);

/**
 * Reads a line.
 *
 * @throws ProtocolError for a line that is no request
 */
export function readMessage(line: string): Message {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    throw new ProtocolError(-32700, "the line is no JSON");
  }
  const { jsonrpc, id, method, params = {} } = isObject(json) ? json : {};
  const isId = typeof id === "string" || Number.isSafeInteger(id);
  const known = isId ? (id as Id) : undefined;
  if (jsonrpc !== "2.0" || typeof method !== "string" || !isObject(params) || (id !== undefined && !isId))
    throw new ProtocolError(-32600, "the line is no request of JSON-RPC 2.0", { id: known });
  return { id: known, method, params };
}

export const resultText = (id: Id, result: Json): string => JSON.stringify({ jsonrpc: "2.0", id, result });
export const errorText = ({ code, message, id, data }: ProtocolError): string =>
  JSON.stringify({ jsonrpc: "2.0", ...(id !== undefined && { id }), error: { code, message, ...(data && { data }) } });

/**
 * Returns the members that each result has for the client of a message.
 *
 * @throws ProtocolError for another stateless version
 */
export function resultMembers({ id, params }: Message, server: Json): Json {
  const version = isObject(params._meta) ? params._meta[VERSION_KEY] : undefined;
  if (version === undefined) return {};
  if (version === MODERN) return { resultType: "complete", _meta: { "io.modelcontextprotocol/serverInfo": server } };
  const data = { supported: [MODERN, ...LEGACY], requested: String(version).slice(0, 100) };
  throw new ProtocolError(UNSUPPORTED_VERSION, "Unsupported protocol version", { id, data });
}

/** Returns the result of a method that lists nothing and runs nothing; undefined: it is another method. */
export function beginning({ method, params }: Message, serverInfo: Json): Json | undefined {
  const capabilities = { tools: {} };
  if (method === "ping") return {};
  if (method === "server/discover")
    return { supportedVersions: [MODERN, ...LEGACY], capabilities, ttlMs: 0, cacheScope: "private" };
  if (method !== "initialize") return undefined;
  const protocolVersion = LEGACY.find((version) => version === params.protocolVersion) ?? LEGACY[0];
  return { protocolVersion, capabilities, serverInfo };
}

/** Yields lines; undefined for one of more than 1 MiB, of which nothing is kept. */
export async function* linesOf(input: AsyncIterable<Uint8Array>): AsyncGenerator<string | undefined> {
  let parts: Uint8Array[] = [];
  let length = 0;
  const add = (part: Uint8Array): void => {
    length += part.length;
    if (length > MAX_BYTES) parts = [];
    else parts.push(part);
  };
  const take = (): string | undefined => {
    const line = length > MAX_BYTES ? undefined : Buffer.concat(parts).toString();
    [parts, length] = [[], 0];
    return line;
  };
  for await (const chunk of input) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      add(chunk.subarray(from, at));
      from = at + 1;
      const line = take();
      if (line?.trim() !== "") yield line;
    }
    add(chunk.subarray(from));
  }
  if (length > 0) yield take(); // the last line of a pipe may lack its end
}
