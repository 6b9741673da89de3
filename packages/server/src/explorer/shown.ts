// What the page is given, as JSON. It imports nothing, for the page's own sources do.

/** One server, as it stands. */
export interface Overview {
  /** The proto package. */
  readonly name: string;
  readonly rpcs: readonly ShownRpc[];
  /** What will run, of each file with services, as `plan=json` writes it; undefined: it was generated without `explorer=true`. */
  readonly plan: readonly unknown[] | undefined;
}

export interface ShownRpc {
  /** `package.Service/Method` */
  readonly rpc: string;
  /** A request with every field of its first levels, as JSON. */
  readonly skeleton: string;
}

/** What is told again and again. */
export interface Live {
  readonly upstreams: readonly ShownUpstream[];
  /** Upstreams that a switch can make fail; empty: there are none. */
  readonly mocks: readonly ShownMock[];
  /** Those that are new or have changed since the last time, oldest first. */
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
    /** Of one that is open: how long until it lets out a probe, in milliseconds, whole seconds; 0: the next call is one. */
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
}

export interface ShownMock {
  readonly name: string;
  readonly service: string;
  readonly behaviour: string;
}

export interface ShownRequest {
  readonly id: number;
  /** `package.Service/Method` */
  readonly rpc: string;
  /** When it came, in milliseconds since 1970. */
  readonly at: number;
  /** How long it took; undefined: it is running. */
  readonly ms?: number | undefined;
  /** Of gRPC; `RUNNING` before there is one. */
  readonly status: string;
  /** Entries of its degradation. */
  readonly degraded: number;
  readonly calls: number;
  /** Of its header. */
  readonly requestId: string;
}

export interface ShownDetail extends ShownRequest {
  /** Incoming headers, of a fixed list; what is secret is masked. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The name of the source of the caller's credential. */
  readonly source?: string | undefined;
  /** Why it failed. */
  readonly failure?: string | undefined;
  readonly degradation: readonly ShownDegradation[];
  readonly spans: readonly ShownSpan[];
  /** How many spans there was no room for. */
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

export interface ShownTime {
  /** `package.Service/Method`, or the name of what a resolver supplies, or of a limit. */
  readonly name: string;
  readonly branch?: string | undefined;
  readonly startMs: number;
  readonly endMs?: number | undefined;
}

export interface ShownCall extends ShownTime {
  readonly kind: "call";
  /** Of a batch: how many keys are in it. */
  readonly items?: number | undefined;
  /** Of gRPC, or `RUNNING`. */
  readonly outcome: string;
  /** Why it failed. */
  readonly failure?: string | undefined;
  readonly attempts: readonly ShownAttempt[];
  /** JSON with what is secret masked, or why there is none. */
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

/** What the page asks to be sent. */
export interface Try {
  readonly rpc: string;
  /** JSON. */
  readonly body: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Who calls, by a name of `Callers`; undefined: nobody, or whom the headers say. */
  readonly as?: string | undefined;
}

/** Who a request may be from, the usual one first; none where nobody has told. */
export interface Callers {
  readonly names: readonly string[];
}

export interface Tried {
  readonly status: number;
  readonly ms: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** What is secret is masked. */
  readonly body: string;
}

/** What the page asks a mock to do. */
export interface Switch {
  readonly name: string;
  readonly behaviour: string;
}

/** In place of what is secret. */
export const MASK = "•••";
