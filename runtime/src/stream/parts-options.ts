import type { DescMessage } from "@bufbuild/protobuf";
import type { EndpointOptions } from "../endpoint/endpoint-options.ts";

/** What is deferred may take so long where an rpc does not say, in milliseconds. */
export const PARTS_TIMEOUT_MS = 10_000;

/** How one server-streaming rpc is served whose deferred parts come later: an `endpoint` in several messages. */
export interface PartsOptions<
  App,
  I extends DescMessage,
  O extends DescMessage,
  C extends DescMessage = O,
  Principal = undefined,
> extends Omit<EndpointOptions<App, I, O, C, Principal>, "cache" | "http" | "rest"> {
  /** Of the first message; a client can only shorten it. */
  readonly timeoutMs: number;
  /** Of all of them, in milliseconds; a client can only shorten it, too. Default 10 s; never less than `timeoutMs`. */
  readonly partsTimeoutMs?: number | undefined;
}
