// JSON types of the page's data. This file imports nothing, because the page's sources import it.

/** One server. */
export interface Overview {
  /** The proto package. */
  readonly name: string;
  readonly rpcs: readonly ShownRpc[];
  /**
   * Plan of each file with services, as `plan=json` writes it; undefined if the code was generated without
   * `explorer=true`.
   */
  readonly plan: readonly unknown[] | undefined;
  /** Captured requests that the page replays, newest first. Undefined: the page shows a running server. */
  readonly replays?: readonly ShownRequest[] | undefined;
}

interface ShownRpc {
  /** `package.Service/Method` */
  readonly rpc: string;
  /** A request with every field of its first levels, as JSON. */
  readonly skeleton: string;
  /** Paths of the first fields of its answer, two levels deep, for the header `bff-fields`. */
  readonly fields: readonly string[];
}

/** State that is sent repeatedly. */
export interface Live {
  readonly upstreams: readonly ShownUpstream[];
  /** Upstreams that a switch can make fail; empty: none. */
  readonly mocks: readonly ShownMock[];
  /** Requests that are new or have changed since the last time, oldest first. */
  readonly requests: readonly ShownRequest[];
}

export interface ShownUpstream {
  readonly service: string;
  readonly branch?: string | undefined;
  readonly breakers: readonly {
    readonly method?: string | undefined;
    readonly state: "closed" | "open" | "half-open";
    /** Since when, in milliseconds before now; undefined: since the start. */
    readonly forMs?: number | undefined;
    /** Time until an open breaker's next probe, in milliseconds, whole seconds; 0: the next call is a probe. */
    readonly probesInMs?: number | undefined;
  }[];
  readonly limits: readonly {
    readonly method?: string | undefined;
    readonly taken: number;
    /** null: no bound. */
    readonly most: number | null;
    readonly waiting: number;
  }[];
  /** Open streams; none of an upstream that nothing follows. */
  readonly streams: readonly { readonly method?: string | undefined; readonly taken: number; readonly most: number }[];
  readonly addresses: readonly { readonly address: string; readonly state: string; readonly inFlight: number }[];
  /** How it compares with the protos of the server; undefined: it is not compared. */
  readonly deployed?:
    | { readonly state: "unchecked" | "same" | "unknown" | "drift"; readonly texts: readonly string[] }
    | undefined;
}

export interface ShownMock {
  readonly name: string;
  readonly service: string;
  readonly behaviour: string;
}

/** A request that has begun, or was captured. */
export interface ShownRequest {
  readonly id: number;
  /** `package.Service/Method` */
  readonly rpc: string;
  /** Arrival, in milliseconds since 1970. */
  readonly at: number;
  /** Duration in milliseconds; undefined: it is running. */
  readonly ms?: number | undefined;
  /** gRPC status; `RUNNING` before there is one. */
  readonly status: string;
  /** Number of its degradation's entries. */
  readonly degraded: number;
  readonly calls: number;
  /** Value of its request id header. */
  readonly requestId: string;
}

export interface ShownDetail extends ShownRequest {
  /** Incoming headers, of a fixed list; secrets are masked. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The name of the source of the caller's credential. */
  readonly source?: string | undefined;
  /** Reason of the failure. */
  readonly failure?: string | undefined;
  readonly degradation: readonly ShownDegradation[];
  readonly spans: readonly ShownSpan[];
  /** Number of spans that did not fit. */
  readonly dropped: number;
}

export interface ShownDegradation {
  readonly path: string;
  readonly effect: string;
  readonly reason: string;
  readonly upstream: string;
}

/** Times are milliseconds since the request began. */
export type ShownSpan =
  | ShownCall
  | (ShownTime & {
      readonly kind: "cache";
      readonly outcome: "fresh" | "stale" | "joined" | "missed";
      readonly ageMs?: number | undefined;
    })
  | (ShownTime & { readonly kind: "joined"; readonly outcome: string })
  | (ShownTime & { readonly kind: "resolver"; readonly outcome: string })
  | (ShownTime & { readonly kind: "limit"; readonly outcome: string });

interface ShownTime {
  /** `package.Service/Method`, or the name of what a resolver supplies, or of a limit. */
  readonly name: string;
  readonly branch?: string | undefined;
  readonly startMs: number;
  readonly endMs?: number | undefined;
}

export interface ShownCall extends ShownTime {
  readonly kind: "call";
  /** Number of keys in a batch. */
  readonly items?: number | undefined;
  /** gRPC status, or `RUNNING`. */
  readonly outcome: string;
  /** Reason of the failure. */
  readonly failure?: string | undefined;
  readonly attempts: readonly ShownAttempt[];
  /** JSON with masked secrets, or the reason for its absence. */
  readonly request?: string | undefined;
  readonly response?: string | undefined;
}

export interface ShownAttempt {
  readonly number: number;
  readonly hedge: boolean;
  readonly startMs: number;
  readonly endMs: number;
  readonly outcome: string;
}

/** A request that the page wants to send. */
export interface Try {
  readonly rpc: string;
  /** JSON. */
  readonly body: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Caller, by a name of `Callers`; undefined: anonymous, or as the headers identify it. */
  readonly as?: string | undefined;
}

/** Names of possible callers, the default first; empty if there is no list of callers. */
export interface Callers {
  readonly names: readonly string[];
}

export interface Tried {
  readonly status: number;
  readonly ms: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Body of the answer, with masked secrets. */
  readonly body: string;
}

/** A mock's new behaviour. */
export interface Switch {
  readonly name: string;
  readonly behaviour: string;
}

/** A replay that the page orders. */
export interface ReplayOrder {
  /** Id of a captured request. */
  readonly id: number;
  /** Changes as of `protobff replay --set`; empty: the request runs as captured. */
  readonly changes: readonly string[];
  /** Number of upstream answers after which every upstream is silent; undefined: all arrive. */
  readonly answers?: number | undefined;
}

/** A replay that has run. */
export interface ShownReplay {
  /** Events in their order; the last one is the end of the request. */
  readonly events: readonly { readonly ms: number; readonly text: string }[];
  readonly calls: readonly ReplayedCall[];
  /** gRPC status. */
  readonly status: string;
  readonly tookMs: number;
  /** JSON of the answer with masked secrets, or the failure. */
  readonly answer: string;
  /** Value of the header `bff-degraded`. */
  readonly degraded: string;
  /** First difference of a replay without changes from the capture. */
  readonly difference?: string | undefined;
}

/** A call of a replay, with its attempts. */
export interface ReplayedCall {
  /** `package.Service/Method` */
  readonly name: string;
  readonly branch?: string | undefined;
  /** JSON with masked secrets. */
  readonly request: string;
  readonly response?: string | undefined;
  readonly failure?: string | undefined;
  readonly attempts: readonly ReplayedAttempt[];
}

/** An attempt of a replayed call. */
export interface ReplayedAttempt {
  readonly number: number;
  readonly hedge: boolean;
  /** Number of the attempt among those of its method, from 1. */
  readonly nth: number;
  /** Index of the event that sends it, and of the event that ends it; undefined: it has no end. */
  readonly from: number;
  readonly to?: number | undefined;
  readonly outcome: string;
  /** gRPC status; undefined: it has no end, or was canceled. */
  readonly status?: string | undefined;
}

/** Replacement of a secret. */
export const MASK = "•••";
