// JSON-RPC 2.0 as MCP has it: one message in one body, no batches.
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { JsonError } from "@protobff/runtime/internal/json/json-error";
import { isMembers, type JsonTree, plainTree } from "@protobff/runtime/internal/json/json-tree";
import { parseExact } from "@protobff/runtime/internal/json/parse-exact";

/** Error codes of JSON-RPC 2.0, section 5.1. */
export const RpcCode = {
  PARSE: -32700,
  INVALID_REQUEST: -32600,
  METHOD_NOT_FOUND: -32601,
  INVALID_PARAMS: -32602,
  INTERNAL: -32603,
} as const;

export type RpcId = string | number;

/** A request, or a notification, which has no id. */
export interface RpcMessage {
  readonly id: RpcId | undefined;
  readonly method: string;
  readonly params: JsonObject;
  /** `params.arguments`, whose numbers keep their digits. */
  readonly args?: JsonTree | undefined;
}

/** An error for the client. */
export class RpcError {
  readonly code: number;
  readonly message: string;
  /** Status over HTTP. */
  readonly status: number;
  readonly data: JsonValue | undefined;
  /** Headers over HTTP: names in lower case, each followed by its value. */
  readonly headers: readonly string[];
  /** The id of a message that is no request. */
  readonly id: RpcId | undefined;

  constructor(
    code: number,
    message: string,
    { status = 200, data, headers = [], id }: Partial<Pick<RpcError, "status" | "data" | "headers" | "id">> = {},
  ) {
    this.code = code;
    this.message = message;
    this.status = status;
    this.data = data;
    this.headers = headers;
    this.id = id;
  }
}

/** Maximum nesting of a message. */
const MAX_DEPTH = 100;

/**
 * Reads a request or a notification. A response of a client is none.
 *
 * @param text the whole body, or one line of standard input
 */
export function readMessage(text: string): RpcMessage | RpcError {
  let tree: JsonTree;
  try {
    tree = parseExact(text, true);
  } catch (thrown) {
    const why = thrown instanceof JsonError ? `: ${thrown.message}` : "";
    return new RpcError(RpcCode.PARSE, `the body is no JSON${why}`, { status: 400 });
  }
  if (isTooDeep(tree, MAX_DEPTH))
    return invalidRequest(`the message is nested more than ${MAX_DEPTH} deep`, idOf(tree));
  const json = plainTree(tree);
  const problem = problemOf(json);
  if (problem !== undefined) return invalidRequest(problem, idIn(json));
  const { id, method, params = {} } = json as unknown as Json;
  return { id, method, params, args: argumentsIn(tree) };
}

const invalidRequest = (problem: string, id: RpcId | undefined): RpcError =>
  new RpcError(RpcCode.INVALID_REQUEST, problem, { status: 400, id });

/** Returns the id of a message that is nested too deep. */
function idOf(tree: JsonTree): RpcId | undefined {
  const id = isMembers(tree) ? tree.id : undefined;
  return id === undefined || Array.isArray(id) || isMembers(id) ? undefined : idIn({ id: plainTree(id) });
}

function argumentsIn(tree: JsonTree): JsonTree | undefined {
  const params = isMembers(tree) ? tree.params : undefined;
  return isMembers(params) ? params.arguments : undefined;
}

/** The response of a client to a request of the server. */
interface RpcResponse {
  readonly id: RpcId;
  /** Undefined: an error. */
  readonly result: JsonValue | undefined;
}
/** Returns undefined for a text that is no response. */
export function readResponse(text: string): RpcResponse | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const id = idIn(json);
  if (id === undefined || !isObject(json) || "method" in json || isTooDeep(json, MAX_DEPTH)) return undefined;
  return "result" in json || "error" in json ? { id, result: json.result } : undefined;
}

interface Json {
  readonly jsonrpc: "2.0";
  readonly id?: RpcId;
  readonly method: string;
  readonly params?: JsonObject;
}
/** Returns why a value is no request. */
function problemOf(json: unknown): string | undefined {
  if (Array.isArray(json)) return "batches are not supported";
  if (!isObject(json) || json.jsonrpc !== "2.0" || typeof json.method !== "string") return NO_REQUEST;
  if (json.id !== undefined && idIn(json) === undefined) return NO_REQUEST;
  return json.params === undefined || isObject(json.params) ? undefined : NO_REQUEST;
}
const NO_REQUEST = "the body is no request of JSON-RPC 2.0";

function idIn(json: unknown): RpcId | undefined {
  if (!isObject(json)) return undefined;
  const { id } = json;
  return typeof id === "string" || (typeof id === "number" && Number.isSafeInteger(id)) ? id : undefined;
}

/** True for an object of JSON. */
export const isObject = (json: unknown): json is JsonObject =>
  typeof json === "object" && json !== null && !Array.isArray(json);

function isTooDeep(json: unknown, depth: number): boolean {
  if (typeof json !== "object" || json === null) return false;
  if (depth === 0) return true;
  for (const name in json) if (isTooDeep((json as JsonObject)[name], depth - 1)) return true;
  return false;
}

/** Returns the beginning of a text, cut between characters. */
export function cut(text: string, mostBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= mostBytes) return text;
  let end = mostBytes;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--; // within a character
  return `${bytes.toString("utf8", 0, end)}…`;
}

/** Returns the JSON of an object without its braces. */
export const membersOf = (json: JsonObject): string => JSON.stringify(json).slice(1, -1);

/**
 * Returns the text of a result.
 *
 * @param members JSON of the result, without its braces
 */
export const resultText = (id: RpcId, members: string): string =>
  `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{${members}}}`;

/** Returns the text of a request of the server. */
export const requestText = (id: RpcId, method: string, params: JsonObject): string =>
  JSON.stringify({ jsonrpc: "2.0", id, method, params });

/** Returns the text of a notification. */
export const notificationText = (method: string, params: JsonObject): string =>
  JSON.stringify({ jsonrpc: "2.0", method, params });

/** Returns the text of an error, without an id if the request's could not be read. */
export const errorText = (id: RpcId | undefined, { code, message, data, id: found = id }: RpcError): string =>
  JSON.stringify({
    jsonrpc: "2.0",
    ...(found !== undefined && { id: found }),
    error: { code, message, ...(data !== undefined && { data }) },
  });
