import type { RetryIf } from "../guard/retry.ts";
import type { OutgoingHeaders } from "../transport/unary-client.ts";
import type { CallContext } from "./context.ts";
import { type Metadata, withMetadata } from "./headers.ts";
import type { Rpc } from "./upstream.ts";

/** What a call puts on the wire, whatever the number of attempts. */
export interface Outgoing {
  /** The message, framed. */
  readonly frame: Uint8Array;
  readonly headers: OutgoingHeaders | undefined;
  /** In addition to what the policy says; a throw counts as false. */
  readonly retryIf: RetryIf | undefined;
}

/** What a call says for itself, besides its request. */
export interface CallExtra {
  readonly metadata?: Metadata | undefined;
  readonly retryIf?: RetryIf | undefined;
}

/** @throws whatever the request's encoding throws; Failure for metadata or credentials that gRPC cannot carry */
export function outgoing<Req>(
  cx: CallContext,
  rpc: Rpc<Req, unknown>,
  request: Req,
  extra: CallExtra | undefined,
): Outgoing {
  const metadata = extra?.metadata;
  const frame = rpc.codec.encode(request);
  const forwarded = cx.exchange.forwarded(rpc.forward);
  return {
    frame,
    headers: metadata === undefined ? forwarded : withMetadata(forwarded, metadata, cx.exchange.unsendable),
    retryIf: extra?.retryIf,
  };
}
