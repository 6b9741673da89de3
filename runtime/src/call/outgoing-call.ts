import type { ClientFields } from "../failure.ts";
import type { RetryIf } from "../guard/retry.ts";
import type { Identify } from "../identity/identify-kind.ts";
import type { Told } from "../identity/propagation/propagator.ts";
import type { OutgoingHeaders } from "../transport/call-headers.ts";
import type { CallContext } from "./context.ts";
import { checkNotIdentity, type Metadata, withMetadata } from "./headers.ts";

/** What a call puts on the wire, whatever the number of attempts. */
export interface Outgoing {
  /** The message, framed. */
  readonly frame: Uint8Array;
  readonly headers: OutgoingHeaders | undefined;
  /** The part of the headers that expressions have made. */
  readonly metadata?: Metadata | undefined;
  /** Which of the headers tells who calls, and what stands for it in keys of caches: a signature is new each time. */
  readonly told?: Told | undefined;
  /** In addition to what the policy says; a throw counts as false. */
  readonly retryIf: RetryIf | undefined;
  /** Of a batch: how many keys are in it. */
  readonly items?: number | undefined;
}

/** What a call says for itself, besides its request. */
export interface CallExtra {
  readonly metadata?: Metadata | undefined;
  readonly retryIf?: RetryIf | undefined;
  readonly items?: number | undefined;
  readonly clientFields?: ClientFields | undefined;
}

/** What of a method says how its requests are written. */
export interface OutgoingRpc<Req> {
  readonly codec: { readonly encode: (request: Req) => Buffer };
  readonly forward: readonly string[];
  readonly policy: { readonly identify?: Identify | undefined };
  readonly upstream: { readonly service: string };
}

/** @throws whatever the request's encoding throws; Failure for metadata or credentials that gRPC cannot carry */
export function outgoing<Req>(
  cx: CallContext,
  rpc: OutgoingRpc<Req>,
  request: Req,
  extra: CallExtra | undefined,
): Outgoing {
  const metadata = extra?.metadata;
  const frame = rpc.codec.encode(request);
  const forwarded = cx.exchange.forwarded(rpc.forward);
  const { identify } = rpc.policy;
  if (metadata !== undefined) checkNotIdentity(metadata, identify === "token");
  const headers = metadata === undefined ? forwarded : withMetadata(forwarded, metadata, cx.exchange.unsendable);
  const told = identify && cx.exchange.told(identify, rpc.upstream.service);
  const { retryIf, items } = extra ?? NOTHING;
  if (told === undefined) return { frame, headers, metadata, retryIf, items };
  return { frame, headers: { ...headers, [told.name]: told.value }, metadata, told, retryIf, items };
}
const NOTHING: CallExtra = {};
