import type { Breaker } from "../guard/breaker.ts";
import type { StreamPlaces } from "../guard/stream-places.ts";
import type { Identify } from "../identity/identity.ts";
import type { BranchOf, BranchRule } from "./branches.ts";
import { forwardable } from "./headers.ts";
import type { Upstream } from "./upstream.ts";

/** How the streams of one server-streaming method are opened. */
export interface StreamPolicy {
  /** Names of incoming headers to pass on. */
  readonly forward?: readonly string[] | undefined;
  /** How the upstream is told who follows; none: it is not. */
  readonly identify?: Identify | undefined;
  /** At most so many open at a time, inside the upstream's: both must admit. */
  readonly streams?: number | undefined;
  /** As of `CallPolicy`. */
  readonly branches?: readonly BranchRule<never>[] | undefined;
}

/** How the messages of a stream are written and read. */
export interface StreamCodec<Req, Res> {
  /** The request, framed. */
  readonly encode: (request: Req) => Buffer;
  readonly decode: (item: Uint8Array) => Res;
}

/** A server-streaming method of an upstream, and how it is to be opened. */
export class StreamRpc<Req, Res> {
  readonly upstream: Upstream;
  /** `package.Service/Method` */
  readonly method: string;
  readonly path: string;
  readonly codec: StreamCodec<Req, Res>;
  readonly policy: StreamPolicy;
  readonly forward: readonly string[];
  readonly breaker: Breaker | undefined;
  /** Those that an open stream is in. */
  readonly places: readonly StreamPlaces[];
  /** The same at the addresses of branches, in the order of the rules; undefined where there are none. */
  readonly branches: readonly BranchOf<StreamRpc<Req, Res>>[] | undefined;

  constructor(upstream: Upstream, method: string, policy: StreamPolicy, codec: StreamCodec<Req, Res>) {
    this.upstream = upstream;
    this.method = method;
    this.path = `/${method}`;
    this.codec = codec;
    this.policy = policy;
    this.forward = forwardable(policy.forward ?? []);
    this.breaker = upstream.breakerOf(method);
    this.places = upstream.placesOf(method, policy.streams);
    this.branches = policy.branches && this.#branched(policy.branches);
  }
  #branched(rules: readonly BranchRule<never>[]): readonly BranchOf<StreamRpc<Req, Res>>[] | undefined {
    const own = { ...this.policy, branches: undefined };
    const all = rules.flatMap((rule) => {
      const upstream = this.upstream.branches.get(rule.name);
      return upstream === undefined ? [] : [{ rule, rpc: new StreamRpc(upstream, this.method, own, this.codec) }];
    });
    return all.length === 0 ? undefined : all;
  }
}
