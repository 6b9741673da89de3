// The path `/mcp` (MCP 2026-07-28, Streamable HTTP): one POST per message.
import type * as http from "node:http";
import type { Carrier } from "../carrier/carrier.ts";
import { Http1Out } from "../carrier/stream-out.ts";
import { CallPath } from "../fast/call-path.ts";
import type { FastHead } from "../fast/fast-call.ts";
import type { FastPathOptions } from "../fast/fast-path.ts";
import { SHOWN } from "../headers/security-headers.ts";
import { isKnownMethod } from "../requests/known-methods.ts";
import { decoded } from "./era.ts";
import type { RpcError } from "./json-rpc.ts";
import { accepts, invalid, McpCall, type McpRpc, tooLarge } from "./mcp-call.ts";

export const MCP_PATH = "/mcp";

export interface McpPathOptions
  extends Omit<McpRpc, "authenticate" | "refused" | "parse" | "prefix" | "traffic" | "open">,
    Pick<FastPathOptions, "httpHeaders" | "ids"> {
  /** Origins whose scripts may call. */
  readonly origins: ReadonlySet<string>;
  /** True if preflights are answered elsewhere. */
  readonly hasCors: boolean;
}
type From = Pick<FastHead, "headers" | "raw" | "carrier">;

/** Serves `/mcp`. */
export class McpPath extends CallPath {
  readonly #options: McpPathOptions;
  readonly #rpc: McpRpc;

  constructor(options: McpPathOptions) {
    super();
    this.#options = options;
    const { server } = options;
    const authenticate: McpRpc["authenticate"] = (headers) => {
      const call = headers as McpCall;
      const name = decoded(call.get("mcp-name"));
      return server.admit(call, { method: call.get("mcp-method"), name, authority: call.authority });
    };
    const none = { refused: undefined, traffic: undefined, parse: unread, prefix: 0 };
    this.#rpc = { ...options, ...none, authenticate, open: this.open };
  }

  /** Returns undefined for another path, and for a method that other handlers answer. */
  protected call(method: string, target: string, from: From, out: Carrier | http.ServerResponse): McpCall | undefined {
    if (!target.startsWith(MCP_PATH) || (target.length > MCP_PATH.length && target[MCP_PATH.length] !== "?"))
      return undefined;
    const { headers } = from;
    const isPreflight = method === "OPTIONS" && headers["access-control-request-method"] !== undefined;
    if (!isKnownMethod(method) || (isPreflight && this.#options.hasCors)) return undefined;
    const { httpHeaders, ids } = this.#options;
    const always = httpHeaders(headers.origin);
    const extra = method === "GET" || method === "HEAD" ? [...always, ...SHOWN] : always;
    const head = { ...from, clientMs: undefined, compression: null, extra, requestId: ids?.of(headers) };
    const call = new McpCall(this.#rpc, head, "writeHead" in out ? new Http1Out(out) : out);
    const refusal = this.#refusal(method, headers);
    if (refusal !== undefined) call.refuseWith(refusal);
    return call;
  }
  /** Refuses what needs no body. */
  #refusal(method: string, headers: http.IncomingHttpHeaders): RpcError | undefined {
    const { origin, accept, "content-type": type, "content-encoding": encoding } = headers;
    const { origins, maxBytes } = this.#options;
    if (method !== "POST") return invalid(405, "this path takes POST", ["allow", "POST"]);
    if (origin !== undefined && !origins.has("*") && !origins.has(origin) && !isLocal(origin, headers.host))
      return invalid(403, "this origin may not call");
    if (type !== "application/json") return invalid(415, "the body is to be application/json");
    if (encoding !== undefined && encoding !== "identity") return invalid(415, "the body is not to be compressed");
    if (!accepts(accept, "application/json") && !accepts(accept, "text/event-stream"))
      return invalid(406, "the answer is application/json or text/event-stream");
    return Number.parseInt(headers["content-length"] ?? "0", 10) > maxBytes ? tooLarge(maxBytes) : undefined;
  }
}

function unread(): never {
  throw new Error("the message is no message of protobuf");
}

/** A page of this server at a loopback address, which no name of an attacker's can be (DNS rebinding). */
const isLocal = (origin: string, host: string | undefined): boolean =>
  /^https?:\/\/(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/.test(origin) &&
  origin.replace(/^https?:\/\//, "") === host;
