// Events and states of upstreams and topics, for observers.
import type { Traffic } from "./wire/traffic.ts";

/** `open`: no attempt is admitted; `half-open`: only probes are admitted. */
export type BreakerState = "closed" | "open" | "half-open";

/** A breaker that has changed its state. */
export interface BreakerEvent {
  /** Full service name. */
  readonly service: string;
  /** The branch of the service; undefined: the service itself. */
  readonly branch?: string | undefined;
  /** The shard of the service; undefined: the service has none. */
  readonly shard?: string | undefined;
  /** `package.Service/Method`, if the method has a separate breaker. */
  readonly method?: string | undefined;
  readonly from: BreakerState;
  readonly to: BreakerState;
  readonly at: number;
}

/** An address of an upstream that receives no calls for a while, because calls there have failed repeatedly. */
export interface EjectionEvent {
  /** Full service name. */
  readonly service: string;
  /** The branch of the service; undefined: the service itself. */
  readonly branch?: string | undefined;
  /** The shard of the service; undefined: the service has none. */
  readonly shard?: string | undefined;
  /** The connected address, with the port: `10.0.0.7:8080`. */
  readonly address: string;
  /** Duration in milliseconds. */
  readonly forMs: number;
  /** Number of calls that have failed in a row. */
  readonly consecutive: number;
  readonly at: number;
}

/** A retry or a hedge that was not sent, because the budget of its upstream was used up. */
export interface BudgetEvent {
  /** Full service name. */
  readonly service: string;
  /** The branch of the service; undefined: the service itself. */
  readonly branch?: string | undefined;
  /** The shard of the service; undefined: the service has none. */
  readonly shard?: string | undefined;
  readonly kind: "retry" | "hedge";
  readonly at: number;
}

/** An upstream, or a branch of one, that this process may call. Reported once, at its creation. */
export interface UpstreamEvent {
  /** Full service name. */
  readonly service: string;
  /** The branch of the service; undefined: the service itself. */
  readonly branch?: string | undefined;
  /** The shard of the service; undefined: the service has none. */
  readonly shard?: string | undefined;
  /** Returns the current state. */
  state(): UpstreamState;
}

/** A topic that RPCs of this process follow or query. Reported once, at its creation. */
export interface TopicEvent {
  readonly name: string;
  /** The full name of the service that declares it. */
  readonly service?: string | undefined;
  /** Returns the current state. */
  state(): TopicState;
}

/** State of one topic in this process, at one moment. */
export interface TopicState {
  readonly followers: number;
  /** Number of keys with followers, and of keys held for followers that may reconnect. */
  readonly keys: number;
  /** Encoded size of the items in the rings of all keys, in bytes. */
  readonly ringBytes: number;
  /** Consumers of JetStream, or open streams of upstreams. */
  readonly consumers: number;
  /** Number of followers that had to start anew, since the start. */
  readonly resets: number;
}

/** State that an upstream's calls share, at one moment. */
export interface UpstreamState {
  /** The service's breaker, and those of methods (`package.Service/Method`) with a separate breaker. */
  readonly breakers: readonly ({ readonly method?: string | undefined } & BreakerReading)[];
  /** The service's limit, and those of methods. */
  readonly limits: readonly ({ readonly method?: string | undefined } & LimitState)[];
  /** Open streams of the service, and of calls with a separate stream limit. Empty if no call follows the upstream. */
  readonly streams: readonly ({ readonly method?: string | undefined } & LimitState)[];
  /** Addresses that calls may use, as far as known. */
  readonly addresses: readonly AddressState[];
  /** Methods that calls may use. */
  readonly methods: readonly CalledMethod[];
}

/** A method of an upstream that calls of this process may use. */
export interface CalledMethod {
  /** `package.Service/Method` */
  readonly method: string;
  /** True if answers of its calls are cached. */
  readonly cached: boolean;
  /** Counts the messages of its calls: each attempt, and each item of a stream. */
  readonly traffic: Traffic;
}

/** State of a breaker. */
export interface BreakerReading {
  readonly state: BreakerState;
  /** Time until the open breaker is half-open, in milliseconds; 0: with the next attempt. */
  readonly probesInMs?: number | undefined;
}

/** Use of a limit. */
export interface LimitState {
  readonly taken: number;
  /** Current maximum of `taken`. */
  readonly most: number;
  readonly waiting: number;
}

/** One address of an upstream. */
export interface AddressState {
  /** The connected address, with the port: `10.0.0.7:8080`. */
  readonly address: string;
  /** `ejected`: receives no calls, because it failed repeatedly; `leaving`: the name no longer resolves to it. */
  readonly state: "idle" | "connected" | "warming" | "ejected" | "leaving";
  /** Calls under way. */
  readonly inFlight: number;
}

/** A fair queue refuses a waiter, because its key has too many. */
export interface ShareEvent {
  /** `door`: the server's, before requests are composed. Otherwise the full service name of the upstream. */
  readonly place: string;
  /** Branch of the upstream; undefined: none. */
  readonly branch?: string | undefined;
  /** Shard of the upstream; undefined: none. */
  readonly shard?: string | undefined;
  /** Key of `fair_share`; "" for requests without one. */
  readonly key: string;
}
