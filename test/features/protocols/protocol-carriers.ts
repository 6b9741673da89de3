// Requests to one generated server over every protocol, with answers in one form.
import { Agent } from "node:http";
import {
  type DescMethod,
  type DescService,
  fromJson,
  type JsonReadOptions,
  type JsonValue,
  type Message,
  type Registry,
  toJson,
} from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { type CallOptions, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
  Http2SessionManager,
} from "@connectrpc/connect-node";
import { type FollowTransport, webSocket } from "@protobff/client";
import { ErrorInfoSchema } from "@protobff/messages/google/rpc/error_details_pb.js";
import { overRest, restPathOf } from "./rest-carrier.ts";

/** An answer: its messages, or its error, or both for a stream that fails behind messages. */
export interface Seen {
  readonly messages: readonly JsonValue[];
  readonly error?: { readonly code: string; readonly text: string; readonly reason: string | undefined };
}
/** The status of a protocol that cannot carry an rpc. */
export interface Refused {
  readonly refused: string | number;
}
export interface Target {
  readonly url: string;
  readonly service: DescService;
  /** Types in a google.protobuf.Any. Default: none. */
  readonly registry?: Registry;
  /** Headers of each request. Default: none. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Names of tools by rpc. Default: as the compiler makes them. */
  readonly tools?: Readonly<Record<string, string>>;
}
export type Carrier = (target: Target, rpc: string, request: JsonValue) => Promise<Seen | Refused>;

const methodOf = ({ service }: Target, rpc: string): DescMethod => {
  const method = service.methods.find(({ name }) => name === rpc);
  if (method === undefined) throw new Error(`no ${rpc}`);
  return method;
};
const CODES = (code: string): string => code.replace(/[a-z](?=[A-Z])/g, "$&_").toUpperCase();
function errorOf(thrown: unknown): Required<Seen>["error"] {
  const error = ConnectError.from(thrown);
  const [info] = error.findDetails(ErrorInfoSchema);
  const name = String(
    ConnectError.from(error)
      .toString()
      .match(/^ConnectError: \[(\w+)\]/)?.[1],
  );
  return { code: CODES(name), text: error.rawMessage, reason: info?.reason };
}

/** A server waits a second for a request that crosses the end of an idle connection. */
const CLOSING = { connection: "close" };

const jsonOptionsOf = ({ registry }: Target) => (registry === undefined ? {} : { registry });

interface TransportOptions {
  readonly baseUrl: string;
  readonly jsonOptions: Partial<JsonReadOptions>;
  readonly sessionManager: Http2SessionManager;
}
interface Http1 {
  readonly httpVersion: "1.1";
  readonly nodeOptions: { readonly agent: Agent };
}
/** Calls and streams by a transport of connect-node, whose connection ends with the answer. */
export const over =
  (make: (options: TransportOptions, http1: Http1) => Transport): Carrier =>
  async (target, rpc, request) => {
    const method = methodOf(target, rpc);
    const sessionManager = new Http2SessionManager(target.url);
    const agent = new Agent({ keepAlive: true });
    const options = { baseUrl: target.url, jsonOptions: jsonOptionsOf(target), sessionManager };
    const client = createClient(
      target.service,
      make(options, { httpVersion: "1.1", nodeOptions: { agent } }),
    ) as unknown as Record<
      string,
      (message: Message, options: CallOptions) => Promise<Message> & AsyncIterable<Message>
    >;
    const messages: JsonValue[] = [];
    try {
      const answer = client[method.localName]?.(fromJson(method.input, request), { headers: target.headers ?? {} });
      if (answer === undefined) throw new Error(`no ${rpc}`);
      const all = method.methodKind === "unary" ? [await answer] : answer;
      for await (const message of all as AsyncIterable<Message>)
        messages.push(toJson(method.output, message, jsonOptionsOf(target)));
      return { messages };
    } catch (thrown) {
      return { messages, error: errorOf(thrown) };
    } finally {
      sessionManager.abort();
      agent.destroy();
    }
  };

interface ErrorJson {
  readonly code: string | number;
  readonly message?: string;
  readonly details?: readonly { readonly type?: string; readonly debug?: unknown; readonly reason?: string }[];
}
/** Codes of gRPC, by number. */
const REST_CODES = `OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED
RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS
UNAUTHENTICATED`.split(/\s/);

const queryOf = (request: JsonValue): string =>
  `connect=v1&encoding=json&message=${encodeURIComponent(JSON.stringify(request))}`;
const pathOf = (target: Target, rpc: string): string => `${target.url}/${target.service.typeName}/${rpc}`;

/** GET by fetch, for the status of what it cannot carry. */
const connectGet: Carrier = async (target, rpc, request) => {
  const { methodKind, idempotency } = methodOf(target, rpc);
  if (methodKind === "unary" && idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS)
    return over((options, http1) => createConnectTransport({ ...options, ...http1, useHttpGet: true }))(
      target,
      rpc,
      request,
    );
  const answer = await fetch(`${pathOf(target, rpc)}?${queryOf(request)}`, {
    headers: { ...target.headers, ...CLOSING },
  });
  await answer.body?.cancel();
  return { refused: answer.status };
};

/** The path of google.api.http; streams have none. */
const rest: Carrier = async (target, rpc, request) => {
  const method = methodOf(target, rpc);
  const path = restPathOf(method) ?? { rule: { method: "GET", segments: ["v1", rpc] }, patterns: {} };
  const { status, body } = await overRest(
    { url: target.url, headers: { ...target.headers, ...CLOSING } },
    method,
    request,
    path,
  );
  if (status < 300) return { messages: [body] };
  const { code, message = "", details } = body as JsonValue & ErrorJson;
  if (status === 404 && message === "nothing is served at this path") return { refused: 404 };
  const reason = details?.find((detail) => detail.reason !== undefined)?.reason;
  return { messages: [], error: { code: REST_CODES[Number(code)] ?? "", text: message, reason } };
};

/** `GetURLOfItem` → `get_url_of_item` */
export const toolOf = (rpc: string): string =>
  rpc
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1_$2")
    .toLowerCase();

export const MCP_HEADERS = {
  ...CLOSING,
  "content-type": "application/json",
  accept: "application/json",
  "mcp-protocol-version": "2025-11-25",
};
const mcp: Carrier = async ({ url, headers = {}, tools = {} }, rpc, request) => {
  const params = { name: tools[rpc] ?? toolOf(rpc), arguments: request };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params });
  const answer = await fetch(`${url}/mcp`, { method: "POST", headers: { ...headers, ...MCP_HEADERS }, body });
  const { result } = (await answer.json()) as {
    readonly result: {
      readonly isError?: boolean;
      readonly structuredContent?: JsonValue;
      readonly content: readonly { readonly text: string }[];
    };
  };
  if (result.isError !== true) return { messages: [result.structuredContent ?? null] };
  const [, code = "", text = "", reason] =
    /^([A-Z_]+): (.*?)(?:\nReason: (\w+))?$/.exec(result.content[0]?.text ?? "") ?? [];
  return { messages: [], error: { code, text, reason } };
};

const events: Carrier = async (target, rpc, request) => {
  const answer = await fetch(`${pathOf(target, rpc)}?${queryOf(request)}`, {
    headers: { ...target.headers, ...CLOSING, accept: "text/event-stream" },
  });
  const text = await answer.text();
  if (answer.status === 405) return { refused: 405 };
  if (answer.headers.get("content-type") !== "text/event-stream") {
    const error = answer.status === 200 ? undefined : connectError(JSON.parse(text));
    return error === undefined ? { refused: "JSON" } : { messages: [], error };
  }
  const messages: JsonValue[] = [];
  for (const event of text.split("\n\n")) {
    // A failure after which an EventSource continues.
    const comment = /^: (\{.*\})$/m.exec(event)?.[1];
    if (comment !== undefined) return { messages, error: connectError(JSON.parse(comment)) };
    const name = /^event: (\w+)$/m.exec(event)?.[1];
    const data = /^data: (.*)$/m.exec(event)?.[1];
    if (data === undefined || name === "end") continue;
    if (name === "failure") return { messages, error: connectError(JSON.parse(data)) };
    messages.push(JSON.parse(data) as JsonValue);
  }
  return { messages };
};
function connectError({
  code,
  message = "",
  details = [],
}: ErrorJson & { details?: readonly { type?: string; value?: string }[] }) {
  const info = details.find(({ type }) => type === ErrorInfoSchema.typeName) as { readonly value?: string } | undefined;
  const text = Buffer.from(info?.value ?? "", "base64").toString("latin1");
  return { code: String(code).toUpperCase(), text: message, reason: /^\n.([A-Z_]+)/s.exec(text)?.[1] };
}

const socket: Carrier = async (target, rpc, request) => {
  const method = methodOf(target, rpc);
  const transport: FollowTransport = webSocket({ baseUrl: target.url, registry: target.registry });
  const messages: JsonValue[] = [];
  try {
    const opening = {
      method: method as never,
      request: fromJson(method.input, request) as never,
      token: undefined,
      headers: new Headers(target.headers),
      signal: AbortSignal.timeout(10_000),
    };
    for await (const event of transport.open(opening))
      if (event.kind === "item") messages.push(toJson(method.output, event.message as Message, jsonOptionsOf(target)));
    return { messages };
  } catch (thrown) {
    const error = errorOf(thrown);
    return error.code === "UNIMPLEMENTED" ? { refused: error.code } : { messages, error };
  }
};

/** The protocols by their names in the table of docs/edge.md. */
export const CARRIERS: readonly (readonly [row: string, name: string, carrier: Carrier])[] = [
  ["gRPC, gRPC-Web", "gRPC", over(createGrpcTransport)],
  ["gRPC, gRPC-Web", "gRPC in JSON", over((options) => createGrpcTransport({ ...options, useBinaryFormat: false }))],
  [
    "gRPC, gRPC-Web",
    "gRPC-Web over HTTP/1.1",
    over((options, http1) => createGrpcWebTransport({ ...options, ...http1 })),
  ],
  [
    "gRPC, gRPC-Web",
    "gRPC-Web over HTTP/2",
    over((options) => createGrpcWebTransport({ ...options, httpVersion: "2" })),
  ],
  [
    "Connect, POST",
    "Connect in JSON",
    over((options, http1) => createConnectTransport({ ...options, ...http1, useBinaryFormat: false })),
  ],
  [
    "Connect, POST",
    "Connect in binary",
    over((options) => createConnectTransport({ ...options, httpVersion: "2", useBinaryFormat: true })),
  ],
  ["Connect, GET", "Connect over GET", connectGet],
  ["REST", "REST", rest],
  ["tools of MCP", "a tool of MCP", mcp],
  ["server-sent events", "server-sent events", events],
  ["WebSocket", "WebSocket", socket],
];
