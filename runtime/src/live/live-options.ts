import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { TagPart } from "../cache/tags.ts";
import type { Request } from "../compose/request.ts";
import type { EndpointOptions } from "../endpoint/endpoint-options.ts";
import type { AnswerInputs } from "../response-cache/response-caching.ts";
import type { ItemSource, Items } from "../source/source.ts";
import type { StreamOptions } from "../stream/stream-options.ts";
import type { KeptRpc } from "./kept-answers.ts";

/** Triggers of a live answer, and the calls that run again after each. */
export interface LiveTriggers<App, Args, Result, Principal> {
  /** Inputs of the answer besides its request. Followers with equal ones share it. Undefined: they share nothing. */
  readonly shared?: AnswerInputs | undefined;
  /** The methods whose answers are kept between compositions. */
  readonly calls: readonly KeptRpc[];
  /** Tags whose purge composes the answer again. A hole with a list is one tag for each item. */
  readonly on?: readonly LiveTag<App, Args, Result, Principal>[] | undefined;
  readonly follow?: readonly LiveTopic<App, Args, Principal>[] | undefined;
  /** Time after which all calls run again, in milliseconds. Default: never. */
  readonly everyMs?: number | undefined;
  /** Shortest time between two compositions, in milliseconds. */
  readonly minIntervalMs: number;
  /** Part of that time, by which the compositions of one purge are spread. */
  readonly jitter: number;
}

interface LiveTag<App, Args, Result, Principal> {
  /** Returns the parts of the tag. A throw, or an undefined part, means that there is no tag. */
  readonly tag: (cx: Request<App, Principal>, args: Args, result: Result) => readonly (TagPart | readonly TagPart[])[];
  /** Default: all calls. */
  readonly runs?: readonly KeptRpc[] | undefined;
}

interface LiveTopic<App, Args, Principal> {
  readonly topic: { follow(key: string, resume: undefined, latestOnly: boolean, items: Items<unknown>): ItemSource };
  readonly key: (cx: Request<App, Principal>, args: Args) => string;
  readonly runs?: readonly KeptRpc[] | undefined;
}

/** Options of one server-streaming RPC: an `endpoint` whose answer is composed again when something changes. */
export interface LiveOptions<
  App,
  I extends DescMessage,
  O extends DescMessage,
  C extends DescMessage = O,
  Principal = undefined,
> extends Omit<EndpointOptions<App, I, O, C, Principal>, "cache" | "http" | "rest">,
    Pick<StreamOptions<App, I, O, undefined, unknown, C, Principal>, "stamp" | "heartbeatMs" | "maxAgeMs"> {
  readonly live: LiveTriggers<App, MessageShape<I>, MessageShape<O>, Principal>;
}
