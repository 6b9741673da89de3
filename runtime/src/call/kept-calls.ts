import type { CachePolicy } from "../cache/cache.ts";
import type { TagPart } from "../cache/tags.ts";
import type { Running } from "../scope/scope.ts";
import type { Sink } from "../scope/sink.ts";
import type { ResponseMetadata } from "./response-metadata.ts";

/** Declares the tags of its answers. */
export interface KeptMethod {
  readonly cache?: Pick<CachePolicy, "tags" | "purged"> | undefined;
}

/** A call that may be made. */
export interface KeptCall<Res> {
  /** Method of an upstream, as composing code names it. */
  readonly of: object;
  /** The method of the branch or shard that is called. */
  readonly rpc: KeptMethod;
  /** Values of the holes in tags that do not read the answer. */
  readonly holes: readonly TagPart[] | undefined;
  /** Returns the key of the call: equal calls have equal answers. */
  readonly key: () => string;
  /** State of the response: whether an old answer was used, and metadata by answer. */
  readonly calls: { readonly stale: boolean; readonly received: Map<unknown, ResponseMetadata> };
  readonly sink: Sink<Res>;
  readonly start: (sink: Sink<Res>) => Running | undefined;
}

/** Answers of the calls of an earlier composition, for later compositions of a live answer. */
export interface KeptCalls {
  /** Resolves the sink with the kept answer, or starts the call and keeps its answer. */
  call<Res>(call: KeptCall<Res>): Running | undefined;
  /** Returns the value of a batch's key, in an object; undefined: it has to be fetched. */
  item(of: object, key: string): { readonly value: unknown } | undefined;
  /** Keeps the value of a batch's key, which is in a response. */
  keep(of: object & KeptMethod, key: string, value: unknown, response: unknown): void;
}
