// Cache options that an RPC declares, and the answers for its requests.
import type { Message } from "@bufbuild/protobuf";
import type { Cache, CachePolicy } from "../cache/cache.ts";
import type { TagParts } from "../cache/tags.ts";
import type { Degraded } from "../compose/degrade.ts";
import type { Request } from "../compose/request.ts";

/** Inputs of an answer besides its request. */
export interface AnswerInputs {
  /**
   * Fields of the principal by their proto names, or the caller as a whole.
   */
  readonly principal?: readonly string[] | "whole" | undefined;
  /**
   * Fields of the principal that it depends on besides the caller's source, issuer and subject, because its page tokens
   * do; true: the whole principal. Undefined: it has no page tokens.
   */
  readonly subject?: readonly string[] | true | undefined;
  /** True if it depends on the caller's token. */
  readonly token?: boolean | undefined;
  /** True if it depends on the client's address. */
  readonly peer?: boolean | undefined;
  /** Names of incoming headers, in lower case. */
  readonly headers?: readonly string[] | undefined;
}

/** How whole answers of an rpc are used again. Only for rpcs without side effects. */
export interface ResponseCaching<App, Args extends Message, Principal> extends CachePolicy, AnswerInputs {
  /** Store of the answers; one for a process. Default: a separate store for this RPC. */
  readonly answers?: Cache | undefined;
  /**
   * Identifies everything that composes answers. It differs whenever the same request could be answered differently.
   */
  readonly plan: string;
  /** Values of the environment, which are the same for all requests of a process. */
  readonly env?: readonly unknown[] | undefined;
  /** Returns the branches that a request takes, if there are several. */
  readonly ways?: ((cx: Request<App, Principal>, args: Args) => string) | undefined;
  /** Returns the tags of an answer. */
  readonly tags?: ((cx: Request<App, Principal>, args: Args, result: never) => readonly TagParts[]) | undefined;
  /** Guards without calls. They run for each request, even if its answer is reused. */
  readonly admit?: ((cx: Request<App, Principal>, args: Args) => void | Promise<void>) | undefined;
}

/** An answer, however it was had. */
export interface CachedResponse {
  /** Message that no other request shares. */
  readonly response: Message;
  /** Undefined: nothing is wrong with it. */
  readonly degraded: Degraded | undefined;
  /** Declared headers that are kept with it: names and values in turn. */
  readonly headers: readonly string[];
  /** True if no HTTP cache may keep it: it, or a part of it, was used past its time, or a CDN could not purge it. */
  readonly stale: boolean;
  /** Header with its tags for a CDN: name and value. */
  readonly cdn?: readonly string[] | undefined;
  /** True if it was not composed for this request: it was stored, or composed for another request. */
  readonly reused: boolean;
}

/** A request for an answer that has passed all checks before it. */
export interface ResponseConsumer<App, Args extends Message, Principal> {
  readonly cx: Request<App, Principal>;
  readonly args: Args;
  /** How long an answer may take when the time of its calls is up, in milliseconds. */
  readonly marginMs: number;
  answered(answer: CachedResponse): void;
}
