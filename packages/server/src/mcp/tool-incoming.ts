import type { Incoming, Peer } from "@protobff/runtime/internal/identity/incoming-request";
import { PROTOCOL } from "../logs/protocol.ts";
import { isObject, type RpcMessage } from "./json-rpc.ts";

/**
 * Returns a header of a request for a tool. Cookies never count: a page of another origin could send them. A trace may
 * be in `_meta` (MCP 2026-07-28, OpenTelemetry trace context).
 *
 * @param message undefined for one that is not read yet
 * @param get returns a header of the transport
 */
export function toolHeader(
  name: string,
  message: RpcMessage | undefined,
  get: (name: string) => string | null,
): string | null {
  if (name === PROTOCOL) return "mcp";
  if (name === "cookie") return null;
  if ((name !== "traceparent" && name !== "tracestate") || get("traceparent") !== null) return get(name);
  const meta = message?.params._meta;
  const value = isObject(meta) ? meta[name] : undefined;
  return typeof value === "string" ? value : null;
}

/** A request for a tool over standard input. */
export class ToolIncoming implements Incoming {
  readonly #base: Incoming;
  readonly #message: RpcMessage;
  /** As of `Incoming`. */
  readonly resource: string | undefined;

  constructor(base: Incoming, message: RpcMessage, resource: string | undefined) {
    this.#base = base;
    this.#message = message;
    this.resource = resource;
  }
  get peer(): Peer {
    return this.#base.peer;
  }
  get(name: string): string | null {
    return toolHeader(name, this.#message, this.#base.get);
  }
  all(name: string): readonly string[] {
    return name === "cookie" ? [] : this.#base.all(name);
  }
}
