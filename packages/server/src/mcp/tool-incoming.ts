import type { JsonValue } from "@bufbuild/protobuf";
import type { Incoming, Peer } from "@protobff/runtime/internal/identity/incoming-request";
import { PROTOCOL } from "../logs/protocol.ts";
import { isObject, type RpcMessage } from "./json-rpc.ts";

/** Headers that a message may carry in `_meta` (MCP 2026-07-28, OpenTelemetry trace context). */
const TRACE = ["traceparent", "tracestate"];

/** A request for a tool. Cookies never count: a page of another origin could send them. */
export class ToolIncoming implements Incoming {
  readonly #base: Incoming;
  readonly #meta: { readonly [name: string]: JsonValue };
  /** As of `Incoming`. */
  readonly resource: string | undefined;

  /** @param message undefined for one that is not read yet */
  constructor(base: Incoming, message: RpcMessage | undefined, resource: string | undefined) {
    const meta = message?.params._meta;
    this.#base = base;
    this.#meta = isObject(meta) ? meta : {};
    this.resource = resource;
  }
  get peer(): Peer {
    return this.#base.peer;
  }
  get(name: string): string | null {
    if (name === PROTOCOL) return "mcp";
    if (name === "cookie") return null;
    if (TRACE.includes(name) && this.#base.get("traceparent") === null) {
      const value = this.#meta[name];
      return typeof value === "string" ? value : null;
    }
    return this.#base.get(name);
  }
  all(name: string): readonly string[] {
    return name === "cookie" ? [] : this.#base.all(name);
  }
}
