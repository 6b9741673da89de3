import { type DescMessage, type Registry, toJsonString } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { beatOf } from "./connect.ts";
import { jsonFrom, messageFrom, undecodable } from "./decode.ts";
import { errorFrom } from "./error-json.ts";
import { EventStreamParser } from "./event-stream.ts";
import { type FollowTransport, Lost, type Opening, type TransportEvent } from "./transport.ts";

/** Address of the servers, and the means to call them. */
export interface EventsOptions {
  /** `https://host`, with a path in front of `/package.Service/Method` if there is one. */
  readonly baseUrl: string;
  /**
   * Default: the global one. For cookies of another origin: `(url, init) => fetch(url, { ...init, credentials:
   * "include" })`.
   */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** Types of messages in a google.protobuf.Any. */
  readonly registry?: Registry | undefined;
}

/**
 * Returns the protocol of server-sent events, read by fetch. It follows only RPCs without side effects. Unlike
 * EventSource it can send headers.
 *
 * @example
 * const over = events({ baseUrl: "https://bff.example.com" });
 */
export function events(options: EventsOptions): FollowTransport {
  return { open: (opening) => overEvents(options, opening) };
}

async function* overEvents<I extends DescMessage, O extends DescMessage>(
  { baseUrl, fetch = globalThis.fetch, registry }: EventsOptions,
  { method, request, token, headers, signal }: Opening<I, O>,
): AsyncGenerator<TransportEvent<O>> {
  const json = { ...(registry !== undefined && { registry }) };
  const query = new URLSearchParams({
    connect: "v1",
    encoding: "json",
    message: toJsonString(method.input, request, json),
  });
  const url = `${baseUrl.replace(/\/$/, "")}/${method.parent.typeName}/${method.name}?${query}`;
  headers.set("accept", "text/event-stream");
  if (token !== undefined) headers.set("last-event-id", token);
  const response = await fetched(() => fetch(url, { headers, signal, cache: "no-store" }), signal);
  if (response.status === 204) {
    yield { kind: "ended" };
    return;
  }
  await refused(response);
  const { body } = response;
  if (body === null) throw new Lost("an answer without a body");
  yield { kind: "opened", beatMs: beatOf(response.headers.get("bff-heartbeat")) };
  const queue: TransportEvent<O>[] = [];
  const beat = (): void => void queue.push({ kind: "beat", token: undefined });
  const parser = new EventStreamParser(({ event, data, id }) => {
    if (event === "end") queue.push({ kind: "ended" });
    else if (event === "failure") throw errorFrom(jsonFrom(data));
    else if (event === "message")
      queue.push({ kind: "item", message: messageFrom(method.output, jsonFrom(data), registry), token: id });
  }, beat);
  const decoder = new TextDecoder();
  const reader = body.getReader();
  try {
    for (;;) {
      const chunk = await fetched(() => reader.read(), signal);
      if (chunk.done) break;
      const failure = failureOf(() => parser.text(decoder.decode(chunk.value, { stream: true })));
      for (const event of queue.splice(0)) {
        yield event.kind === "beat" ? { ...event, token: parser.id } : event;
        if (event.kind === "ended") return;
      }
      if (failure !== undefined) throw failure;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
  throw new Lost("the stream broke off");
}

/** The failure with which reading ends; events that came before it count. */
function failureOf(read: () => void): ConnectError | undefined {
  try {
    read();
    return undefined;
  } catch (thrown) {
    return thrown instanceof ConnectError ? thrown : undecodable(thrown);
  }
}

async function fetched<T>(run: () => Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await run();
  } catch (thrown) {
    signal.throwIfAborted();
    throw new Lost(thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown });
  }
}

/** @throws ConnectError if it is no stream of events */
async function refused(response: Response): Promise<void> {
  const type = response.headers.get("content-type") ?? "";
  if (response.ok && /^text\/event-stream\b/i.test(type)) return;
  const text = await response.text().catch(() => "");
  const error = /^application\/json\b/i.test(type) ? errorFrom(jsonOf(text), codeOf(response.status)) : undefined;
  throw error ?? new ConnectError(`HTTP ${response.status} ${type}`, codeOf(response.status));
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Code of a response that no protobff server has sent (Connect protocol, "HTTP to Error Code"). */
function codeOf(status: number): Code {
  switch (status) {
    case 401:
      return Code.Unauthenticated;
    case 403:
      return Code.PermissionDenied;
    case 404:
      return Code.Unimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return Code.Unavailable;
    default:
      return status >= 500 ? Code.Unavailable : Code.Internal;
  }
}
