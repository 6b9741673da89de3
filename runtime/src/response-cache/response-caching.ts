// What an rpc declares of its cache, and what a request gets from it.
import type { Message } from "@bufbuild/protobuf";
import type { Cache, CachePolicy } from "../cache/cache.ts";
import type { Degraded } from "../compose/degrade.ts";
import type { Request } from "../compose/request.ts";

/** How whole answers of an rpc are used again. Only for rpcs without side effects. */
export interface ResponseCaching<App, Args extends Message, Principal> extends CachePolicy {
  /** Where they are kept; one for a process. Default: one of this rpc's own. */
  readonly answers?: Cache | undefined;
  /** Stands for all that answers are composed by: another one wherever the same request could be answered otherwise. */
  readonly plan: string;
  /** What an answer depends on besides its request: fields of the principal by their proto names, or who calls as a whole. */
  readonly principal?: readonly string[] | "whole" | undefined;
  /** Whether it depends on the caller's token. */
  readonly token?: boolean | undefined;
  /** Whether it depends on the client's address. */
  readonly peer?: boolean | undefined;
  /** Names of incoming headers, in lower case. */
  readonly headers?: readonly string[] | undefined;
  /** Values of the environment, which are the same for all requests of a process. */
  readonly env?: readonly unknown[] | undefined;
  /** Which ways a request takes, where there are several. */
  readonly ways?: ((cx: Request<App, Principal>, args: Args) => string) | undefined;
  /** Guards without calls: they speak for each request, whoever has its answer. */
  readonly admit?: ((cx: Request<App, Principal>, args: Args) => void | Promise<void>) | undefined;
}

/** An answer, however it was had. */
export interface CachedResponse {
  /** Nobody else's. */
  readonly response: Message;
  /** Undefined: nothing is wrong with it. */
  readonly degraded: Degraded | undefined;
  /** Whether it, or something that it is made of, was used past its time. */
  readonly stale: boolean;
  /** Whether nothing was composed for it: it was there, or made for somebody else. */
  readonly reused: boolean;
}

/** A request that wants an answer, and has passed all that stands before it. */
export interface ResponseConsumer<App, Args extends Message, Principal> {
  readonly cx: Request<App, Principal>;
  readonly args: Args;
  /** How long an answer may take when the time of its calls is up, in milliseconds. */
  readonly marginMs: number;
  answered(answer: CachedResponse): void;
}
