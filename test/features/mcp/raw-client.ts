// Requests to `/mcp` as no client would write them.

export const VERSION = "2026-07-28";
const KEY = "io.modelcontextprotocol";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** `_meta` of the stateless version. */
export const META: { readonly [key: string]: Json } = {
  [`${KEY}/protocolVersion`]: VERSION,
  [`${KEY}/clientCapabilities`]: { elicitation: {} },
};

export interface Call {
  readonly method: string;
  readonly params?: { readonly [name: string]: Json };
  readonly id?: Json;
}
/** Returns a request of the stateless version. */
export const messageOf = ({ method, params = {}, id = 1 }: Call) => ({
  jsonrpc: "2.0",
  id,
  method,
  params: { ...params, _meta: META },
});
/** Headers that repeat the body. */
export const headersOf = ({ method, params }: Call): Record<string, string> => ({
  "content-type": "application/json",
  accept: "application/json, text/event-stream",
  "mcp-protocol-version": VERSION,
  "mcp-method": method,
  ...(typeof params?.name === "string" && { "mcp-name": params.name }),
});
export const toolCall = (name: string, args: Json = {}, more: Call["params"] = {}): Call => ({
  method: "tools/call",
  params: { name, arguments: args, ...more },
});
/** Modes of the list of tools. */
export const MODES = ["all", "search"] as const;
export type Mode = (typeof MODES)[number];
/** The same call as agents write it in this mode. */
export function calledIn(mode: Mode, call: Call, tool = "run_tool"): Call {
  const { name, arguments: args, ...more } = call.params ?? {};
  if (mode === "all" || call.method !== "tools/call") return call;
  return toolCall(tool, { name: name ?? null, arguments: args ?? {} }, more);
}

export interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data?: Json;
}
export interface ToolResult {
  readonly resultType: string;
  readonly isError?: boolean;
  readonly content?: readonly { readonly text: string }[];
  readonly structuredContent?: { readonly [name: string]: Json };
  readonly requestState?: string;
  readonly inputRequests?: { readonly [key: string]: Json };
  readonly tools?: readonly { readonly name: string; readonly inputSchema: Json }[];
}
export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: { readonly id?: Json; readonly error?: RpcError; readonly result?: ToolResult } | undefined;
}

/** Sends a body as it is. */
export async function sendBody(
  url: string,
  body: RequestInit["body"] | undefined,
  headers: Record<string, string>,
  method = "POST",
): Promise<RawAnswer> {
  const init = { method, headers, ...(body !== undefined && { body, duplex: "half" }) };
  const answer = await fetch(url, init as RequestInit);
  const text = await answer.text();
  const isJson = answer.headers.get("content-type")?.startsWith("application/json") === true;
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    body: isJson ? (JSON.parse(text) as RawAnswer["body"]) : undefined,
  };
}

/** Sends a request of the stateless version. */
export const send = (url: string, call: Call, headers: Record<string, string> = {}): Promise<RawAnswer> =>
  sendBody(url, JSON.stringify(messageOf(call)), { ...headersOf(call), ...headers });

export const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
