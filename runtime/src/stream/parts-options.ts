import type { DescMessage } from "@bufbuild/protobuf";
import type { EndpointOptions } from "../endpoint/endpoint-options.ts";

/** Default time limit of deferred parts, in milliseconds. */
export const PARTS_TIMEOUT_MS = 10_000;

/** Options of one server-streaming RPC whose deferred parts come later: an `endpoint` in several messages. */
export interface PartsOptions<
  App,
  I extends DescMessage,
  O extends DescMessage,
  C extends DescMessage = O,
  Principal = undefined,
> extends Omit<EndpointOptions<App, I, O, C, Principal>, "cache" | "http" | "rest"> {
  /** Time limit of the first message, in milliseconds. A client can only shorten it. */
  readonly timeoutMs: number;
  /**
   * Time limit of all messages, in milliseconds. A client can only shorten it, too. Default: 10 s; never less than
   * `timeoutMs`.
   */
  readonly partsTimeoutMs?: number | undefined;
}
