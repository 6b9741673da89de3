// The format of captures. The first line of a file is a `CaptureHeader` in JSON. All others are a `CapturedRequest`
// each, or a sequence of CBOR (RFC 8742) follows it: a byte string for each request, with `[members, tape]` in it.
// Names of members, events and `texts` are numbers there, and times of events differences from the arrival before. A
// reader gives both in the form of JSON: bytes are base64, times are microseconds of the process's clock.

/** Version of the format. A reader refuses newer ones. */
export const CAPTURE_FORMAT = 5;
/** Kinds of arrivals, in the order of their numbers in CBOR. A change of the order needs a new version. */
export const ARRIVALS = [
  ...["reply", "fault", "timer", "place", "shed", "joined", "second", "shared", "accepted", "received", "finished"],
  ...["lost", "broken", "gone", "ready", "drain"],
] as const;
/** Kinds of effects, whose numbers follow those of arrivals. */
export const EFFECTS = ["send", "cancel", "open", "take", "close", "opened", "message", "beat", "answer"] as const;
/** Names of members that CBOR has as numbers. */
export const MEMBERS: readonly string[] = [
  ...["id", "method", "at", "message", "clientMs", "resume", "headers", "peer", "caller", "rechecks", "passed"],
  ...["incomparable", "masked", "startedAt", "readings", "dates", "random", "decisions", "entries", "joins", "queries"],
  ...["unkept", "endedAt", "outcome", "answer", "degraded", "failure", "code", "stream", "token", "address", "direct"],
  ...["names", "principal", "credential", "kind", "details"],
];

/** Value of a header that is a secret: its presence is kept, and its value is not. */
export const WITHHELD = "(withheld)";

/** First line of a capture: the server that wrote it. */
export interface CaptureHeader {
  /** `CAPTURE_FORMAT` of the writer. */
  readonly capture: number;
  /** Proto package of the BFF. */
  readonly package: string;
  /** Version of @protobff/server. */
  readonly version: string;
  /** Digest of the protos of the BFF and of its upstreams, options included. */
  readonly digest: string;
  /** Names of the upstreams' clients, as `agent` and `agent.canary`. */
  readonly clients: readonly string[];
  /** Events that the server's observers receive. The runtime makes no other events. */
  readonly events: readonly string[];
  /** Type of the principals, and numbers of its fields. Undefined: no identity, or a former version. */
  readonly principal?: { readonly type: string; readonly fields: readonly number[] } | undefined;
  /** True if topics are in NATS. */
  readonly nats?: true | undefined;
  /** Texts that have their number in the requests: clients, paths of upstreams, and RPCs. Undefined: lines of JSON. */
  readonly texts?: readonly string[] | undefined;
  /** True if each request is sealed with a key of `BFF_CAPTURE_KEYS`. */
  readonly sealed?: true | undefined;
  readonly at: string;
}
/** Returns the purpose for which requests are sealed: those of another package do not open. */
export const sealPurpose = (header: Pick<CaptureHeader, "package">): string => `capture ${header.package}`;

/** Bytes as readers have them. A server has `Uint8Array`. */
type Base64 = string;

/** A fault of an attempt, as of `Fault`. */
export interface CapturedFault<Bytes = Base64> {
  readonly kind: "status" | "transport" | "unprocessed" | "invalid" | "unsendable";
  readonly code: number;
  readonly message: string;
  readonly pushbackMs?: number;
  readonly upstreamText?: string;
  readonly details?: Bytes;
  readonly kept?: 3 | 4;
}

/** Failure of a fetch of the cache, or of a topic, as of `Failure`. */
export interface CapturedFailure {
  readonly code: number;
  readonly reason: number;
  readonly callee: string;
  readonly message: string;
  readonly clientCode: number;
  readonly clientMessage?: string;
}

/** Entry of the cache: its answer, when it came in milliseconds of the clock, its jitter, the failure of its refresh. */
export type CapturedEntry<Bytes = Base64> = readonly [
  bytes: Bytes,
  at: number,
  jitter: number,
  failed?: CapturedFailure,
];

/** Headers and trailers of an upstream's answer. */
export type CapturedMetadata = readonly [
  headers: Readonly<Record<string, unknown>>,
  trailers: Readonly<Record<string, unknown>>,
];

/**
 * Arrival of a value: its time, the number of clock readings before it, and whether it came in one turn with the
 * arrival before it. No promise was continued between arrivals of one turn.
 */
type Arrival<Kind extends string, Rest extends readonly unknown[]> = readonly [
  kind: Kind,
  at: number,
  readings: number,
  joined: 0 | 1,
  ...Rest,
];

/**
 * Events of a request in their order. Arrivals: `reply` and `fault` of an attempt, `timer` that fires, with
 * the time of the last arrival before its start (since the begin of the request) and its own time, `place` that a
 * waiting attempt gets or (`shed`) does not get, the result of a look-up in the `second` level of the cache (with its age in
 * milliseconds; null: a miss), the result of a fetch that the request has `joined`, an act of another
 * request that has `shared` a fetch of this one, an upstream's stream or a topic that is `accepted`, of which an
 * item is `received` (of a topic with its token, and 1 for a reset), that has `finished`, is `broken` or (a topic)
 * `lost`, `gone` client, `ready` client that has read a message, `drain` of the
 * server. Effects: `send` of an attempt with a checksum of its message, `cancel` of an attempt, `open` of an upstream's
 * stream or of a topic's key, with a checksum, `take` of further items, `close` of the stream, `opened` stream of the client, `message` for
 * the client with its token, and 1 if the client takes more at once, `beat` of a stream, `answer` for the end of the
 * request.
 */
export type ArrivalEvent =
  | Arrival<"reply", [attempt: number, bytes: string, receivedBytes: number, metadata?: CapturedMetadata]>
  | Arrival<"fault", [attempt: number, fault: CapturedFault, metadata?: CapturedMetadata]>
  | Arrival<"timer", [timer: number, afterUs?: number, us?: number]>
  | Arrival<"place" | "shed", [waiter: number]>
  | Arrival<
      "joined",
      [
        join: number,
        what: "received" | "found" | "outdated" | "spared" | "failed",
        value: string | CapturedEntry | CapturedFailure | null,
      ]
    >
  | Arrival<"second", [lookUp: number, bytes: string | null, ageMs: number]>
  | Arrival<"shared", [fetch: number, act: SharedAct, sharer: number]>
  | Arrival<"accepted", [stream: number]>
  | Arrival<"received", [stream: number, bytes: string, token?: string | null, reset?: 0 | 1]>
  | Arrival<"finished", [stream: number, reset?: 0 | 1]>
  | Arrival<"lost", [stream: number, failure: CapturedFailure]>
  | Arrival<"broken", [stream: number, fault: CapturedFault]>
  | Arrival<"gone", []>
  | Arrival<"ready", []>
  | Arrival<"drain", []>;
/** Act of another request on a fetch. `need`: the other request joins the fetch, and requires its result. */
export type SharedAct = "join" | "need" | "leave" | "renew" | "urge";
/** An effect of the request, as described above. */
export type EffectEvent =
  | readonly [kind: "send", client: string, path: string, checksum: number, attempt: number]
  | readonly [kind: "cancel", attempt: number]
  | readonly [kind: "open", client: string, path: string, checksum: number]
  | readonly [kind: "take", stream: number, items: number]
  | readonly [kind: "close", stream: number]
  | readonly [kind: "opened"]
  | readonly [kind: "message", bytes: string, token: string | null, more: 0 | 1]
  | readonly [kind: "beat", token: string | null]
  | readonly [kind: "answer"];
/** An event of a request. */
export type TapeEvent = ArrivalEvent | EffectEvent;

/**
 * Decision of a guard that was not the usual one: the guard refused, or its place had to be awaited. `nth` is its number
 * among those of the guard in the request, from 0; undefined in captures of former versions.
 */
export type CapturedDecision = readonly [decision: number, guard: string, result: "no" | "wait" | "full", nth?: number];

/** The outcome for the client. Undefined members: the client has left. */
export interface CapturedOutcome<Bytes = Base64> {
  /** Bytes of the answer. */
  readonly answer?: Bytes | undefined;
  /** Value of the header `bff-degraded`. */
  readonly degraded?: string | undefined;
  readonly failure?: { readonly code: number; readonly message: string } | undefined;
  /** A stream has ended without a failure, or is captured only until a bound of its size. */
  readonly stream?: "ended" | "cut" | undefined;
  /** Token with which a client resumes after the failure of a stream. */
  readonly token?: string | undefined;
}

/** An authenticated caller. `token`: true if its credential was passed on to upstreams. */
interface CapturedCaller<Bytes> {
  readonly principal: Bytes;
  readonly credential: Bytes;
  readonly token: boolean;
}

/** One request, with all that entered it. */
export interface CapturedRequest extends CapturedMembers {
  readonly id: number;
  readonly at: string;
  readonly tape: readonly TapeEvent[];
}

/** A request without its events. */
export interface CapturedMembers<Bytes = Base64> {
  /** `package.Service/Method` */
  readonly method: string;
  /** Bytes of the request's message. */
  readonly message: Bytes;
  /** Time that the client's deadline left, in milliseconds. */
  readonly clientMs?: number | undefined;
  /** Token with which the client has resumed a stream. */
  readonly resume?: string | undefined;
  /** Headers that were read. Null: absent. */
  readonly headers: Readonly<Record<string, string | null>>;
  readonly peer?: { readonly address: string; readonly direct: string; readonly names: readonly string[] } | undefined;
  /** The authenticated caller: its principal and its credential, without secrets. Null: not authenticated. */
  readonly caller?: CapturedCaller<Bytes> | null | undefined;
  /** True if the caller of a stream is checked again while it is open. */
  readonly rechecks?: true | undefined;
  /** True if the request has passed early limits before its capture began. */
  readonly passed?: true | undefined;
  /** Decision from outside that the capture does not contain. Undefined: none. */
  readonly incomparable?: string | undefined;
  /** True if `debug_redact` fields were masked. */
  readonly masked?: true | undefined;
  readonly startedAt: number;
  /** Readings of the clock, each as the difference from the one before. */
  readonly readings: readonly number[];
  /** Readings of the wall clock, in milliseconds. */
  readonly dates: readonly number[];
  readonly random: readonly number[];
  readonly decisions: readonly CapturedDecision[];
  /** Entries of the cache, with the number of the lookup. Undefined: no lookup has found any. */
  readonly entries?: readonly (readonly [look: number, ...CapturedEntry<Bytes>])[] | undefined;
  /** Lookups of running fetches that have found one of another request. Undefined: none. */
  readonly joins?: readonly number[] | undefined;
  /** Look-ups that the second level did not answer at once. Undefined: none. */
  readonly queries?: readonly number[] | undefined;
  /** Answers that came and that no cache kept, because of a purge or a tag without a value. Undefined: none. */
  readonly unkept?: readonly number[] | undefined;
  readonly endedAt: number;
  readonly outcome: CapturedOutcome<Bytes>;
}
