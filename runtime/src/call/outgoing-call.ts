import type { TagPart } from "../cache/tags.ts";
import type { ClientFields } from "../failure.ts";
import type { RetryIf } from "../guard/retry.ts";
import type { Identify } from "../identity/identify-kind.ts";
import type { IdentityHeader } from "../identity/propagation/propagator.ts";
import type { OutgoingHeaders } from "../transport/call-headers.ts";
import type { CallContext } from "./context.ts";
import { checkNotIdentity, type Metadata, withMetadata } from "./headers.ts";
import type { ShardChoice } from "./policy.ts";

/** The message and headers of a call, the same for all of its attempts. */
export interface OutgoingCall {
  /** The message, framed. */
  readonly frame: Uint8Array;
  readonly headers: OutgoingHeaders | undefined;
  /** The part of the headers that expressions have made. */
  readonly metadata?: Metadata | undefined;
  /** The header that identifies the caller. Keys of caches hold its `key`, because each signature is new. */
  readonly identity?: IdentityHeader | undefined;
  /** Condition for a retry, in addition to the policy; a throw counts as false. */
  readonly retryIf: RetryIf | undefined;
  /** Number of keys, for a batch. */
  readonly items?: number | undefined;
  /** Values of the holes in tags that do not read the answer. */
  readonly holes?: readonly TagPart[] | undefined;
}

/** Options of one call besides its request. */
export interface CallExtra {
  readonly metadata?: Metadata | undefined;
  readonly retryIf?: RetryIf | undefined;
  readonly items?: number | undefined;
  /** Returns the values of the holes in tags that do not read the answer. A throw means that they have none. */
  readonly holes?: (() => readonly TagPart[]) | undefined;
  readonly clientFields?: ClientFields | undefined;
  /** Shard of this call, in place of the policy's. */
  readonly shard?: ShardChoice | undefined;
}

/** The part of a method that writing its requests needs. */
interface OutgoingRpc<Req> {
  readonly codec: { readonly encode: (request: Req) => Buffer };
  readonly forward: readonly string[];
  readonly policy: { readonly identify?: Identify | undefined };
  readonly upstream: { readonly service: string };
}

/** @throws whatever the request's encoding throws; Failure for metadata or credentials that gRPC cannot carry */
export function prepareCall<Req>(
  cx: CallContext,
  rpc: OutgoingRpc<Req>,
  request: Req,
  extra: CallExtra | undefined,
): OutgoingCall {
  const metadata = extra?.metadata;
  const frame = rpc.codec.encode(request);
  const incoming = cx.exchange.headers;
  const forwarded = incoming.forwarded(rpc.forward);
  const { identify } = rpc.policy;
  if (metadata !== undefined) checkNotIdentity(metadata, identify === "token");
  const headers = metadata === undefined ? forwarded : withMetadata(forwarded, metadata, incoming.unsendable);
  const identity = identify && incoming.identityHeader(identify, rpc.upstream.service);
  const { retryIf, items } = extra ?? NOTHING;
  const holes = extra?.holes && valuesOf(extra.holes);
  if (identity === undefined) return { frame, headers, metadata, retryIf, items, holes };
  return { frame, headers: { ...headers, [identity.name]: identity.value }, metadata, identity, retryIf, items, holes };
}

function valuesOf(holes: () => readonly TagPart[]): readonly TagPart[] {
  try {
    return holes();
  } catch {
    return []; // tags with missing values: the answer is not kept
  }
}
const NOTHING: CallExtra = {};
