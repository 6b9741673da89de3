// Requests to one generated server over every protocol, with answers in one form.
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
import { type CallOptions, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { type FollowTransport, webSocket } from "@protobff/client";
import { ErrorInfoSchema } from "@protobff/messages/google/rpc/error_details_pb.js";

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

const jsonOptionsOf = ({ registry }: Target) => (registry === undefined ? {} : { registry });

/** Calls and streams by a transport of connect-node. */
const over =
  (make: (baseUrl: string, jsonOptions: Partial<JsonReadOptions>) => Transport): Carrier =>
  async (target, rpc, request) => {
    const method = methodOf(target, rpc);
    const client = createClient(target.service, make(target.url, jsonOptionsOf(target))) as unknown as Record<
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
    }
  };

interface ErrorJson {
  readonly code: string | number;
  readonly message?: string;
  readonly details?: readonly { readonly type?: string; readonly debug?: unknown; readonly reason?: string }[];
}
const GRPC_NAMES = ["OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND"];
const REST_CODES: Readonly<Record<number, string>> = { ...GRPC_NAMES, 9: "FAILED_PRECONDITION", 13: "INTERNAL" };

const queryOf = (request: JsonValue): string =>
  `connect=v1&encoding=json&message=${encodeURIComponent(JSON.stringify(request))}`;
const pathOf = (target: Target, rpc: string): string => `${target.url}/${target.service.typeName}/${rpc}`;

/** GET by fetch, for the status of what it cannot carry. */
const connectGet: Carrier = async (target, rpc, request) => {
  const { methodKind, idempotency } = methodOf(target, rpc);
  const answer = await fetch(`${pathOf(target, rpc)}?${queryOf(request)}`, { headers: target.headers ?? {} });
  if (methodKind !== "unary" || idempotency === undefined || answer.status === 405) return { refused: answer.status };
  await answer.body?.cancel();
  return over((baseUrl, jsonOptions) =>
    createConnectTransport({ baseUrl, jsonOptions, httpVersion: "1.1", useHttpGet: true }),
  )(target, rpc, request);
};

/** `Read` is GET, `Write` POST; streams have no path. */
const rest: Carrier = async ({ url, headers = {} }, rpc, request) => {
  const { id } = request as { readonly id: string };
  const post = { ...headers, "content-type": "application/json" };
  const write = { method: "POST", headers: post, body: JSON.stringify(request) };
  const path = rpc === "Read" ? `/v1/pages/${id}` : rpc === "Write" ? "/v1/pages" : `/v1/${rpc}`;
  const answer = await fetch(url + path, rpc === "Write" ? write : { headers });
  const body = (await answer.json()) as JsonValue & ErrorJson;
  if (answer.ok) return { messages: [body] };
  if (answer.status === 404 && body.message === "nothing is served at this path") return { refused: 404 };
  const reason = body.details?.find((detail) => detail.reason !== undefined)?.reason;
  return { messages: [], error: { code: REST_CODES[Number(body.code)] ?? "", text: body.message ?? "", reason } };
};

const HEADERS = {
  "content-type": "application/json",
  accept: "application/json",
  "mcp-protocol-version": "2025-11-25",
};
const mcp: Carrier = async ({ url, headers = {} }, rpc, request) => {
  const params = { name: rpc.toLowerCase(), arguments: request };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params });
  const answer = await fetch(`${url}/mcp`, { method: "POST", headers: { ...headers, ...HEADERS }, body });
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
    headers: { ...target.headers, accept: "text/event-stream" },
  });
  const text = await answer.text();
  if (answer.status === 405) return { refused: 405 };
  if (answer.headers.get("content-type") !== "text/event-stream") {
    const error = answer.status === 200 ? undefined : connectError(JSON.parse(text));
    return error === undefined ? { refused: "JSON" } : { messages: [], error };
  }
  const messages: JsonValue[] = [];
  for (const event of text.split("\n\n")) {
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
  ["gRPC, gRPC-Web", "gRPC", over((baseUrl) => createGrpcTransport({ baseUrl }))],
  [
    "gRPC, gRPC-Web",
    "gRPC in JSON",
    over((baseUrl, jsonOptions) => createGrpcTransport({ baseUrl, jsonOptions, useBinaryFormat: false })),
  ],
  [
    "gRPC, gRPC-Web",
    "gRPC-Web over HTTP/1.1",
    over((baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" })),
  ],
  ["gRPC, gRPC-Web", "gRPC-Web over HTTP/2", over((baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "2" }))],
  [
    "Connect, POST",
    "Connect in JSON",
    over((baseUrl, jsonOptions) =>
      createConnectTransport({ baseUrl, jsonOptions, httpVersion: "1.1", useBinaryFormat: false }),
    ),
  ],
  [
    "Connect, POST",
    "Connect in binary",
    over((baseUrl) => createConnectTransport({ baseUrl, httpVersion: "2", useBinaryFormat: true })),
  ],
  ["Connect, GET", "Connect over GET", connectGet],
  ["REST", "REST", rest],
  ["tools of MCP", "a tool of MCP", mcp],
  ["server-sent events", "server-sent events", events],
  ["WebSocket", "WebSocket", socket],
];
