// What observers are told of upstreams and topics, and what these are asked for.

/** `open`: nothing is let out; `half-open`: probes are. */
export type BreakerState = "closed" | "open" | "half-open";

/** A breaker that has changed its state. */
export interface BreakerEvent {
  /** Full service name. */
  readonly service: string;
  /** The branch of the service; undefined: the service itself. */
  readonly branch?: string | undefined;
  /** `package.Service/Method`, when it is the breaker of a method of its own. */
  readonly method?: string | undefined;
  readonly from: BreakerState;
  readonly to: BreakerState;
  readonly at: number;
}

/** An address of an upstream that gets no calls for a while, since calls there have failed again and again. */
export interface EjectionEvent {
  /** Full service name. */
  readonly service: string;
  /** The branch of the service; undefined: the service itself. */
  readonly branch?: string | undefined;
  /** As it is connected to, with the port: `10.0.0.7:8080`. */
  readonly address: string;
  /** For how long, in milliseconds. */
  readonly forMs: number;
  /** How many calls have failed in a row. */
  readonly consecutive: number;
  readonly at: number;
}

/** An upstream, or a branch of one, that this process may call: told once, when it is made. */
export interface UpstreamEvent {
  /** Full service name. */
  readonly service: string;
  /** The branch of the service; undefined: the service itself. */
  readonly branch?: string | undefined;
  /** As it is now. */
  state(): UpstreamState;
}

/** A topic that rpcs of this process follow or ask: told once, when it is made. */
export interface TopicEvent {
  readonly name: string;
  /** The full name of the service that declares it. */
  readonly service?: string | undefined;
  /** As it is now. */
  state(): TopicState;
}

/** What one topic holds in this process, at one moment. */
export interface TopicState {
  readonly followers: number;
  /** That somebody follows, or that are held for those who come again. */
  readonly keys: number;
  /** Of the items in the rings of all keys, encoded. */
  readonly ringBytes: number;
  /** Consumers of JetStream, or open streams of upstreams. */
  readonly consumers: number;
  /** How many followers have had to begin anew, so far. */
  readonly resets: number;
}

/** What an upstream's calls share, at one moment. */
export interface UpstreamState {
  /** The service's own, and those of methods (`package.Service/Method`) that have one of their own. */
  readonly breakers: readonly ({ readonly method?: string | undefined } & BreakerReading)[];
  /** The service's own, and those of methods. */
  readonly limits: readonly ({ readonly method?: string | undefined } & LimitState)[];
  /** Open streams: of the service, and of calls that say for themselves how many. None of an upstream that nothing follows. */
  readonly streams: readonly ({ readonly method?: string | undefined } & LimitState)[];
  /** Where its calls may go, as far as that is known. */
  readonly addresses: readonly AddressState[];
}

/** How a breaker stands. */
export interface BreakerReading {
  readonly state: BreakerState;
  /** While it is open: how long until it is half-open, in milliseconds; 0: with the next attempt. */
  readonly probesInMs?: number | undefined;
}

/** How much of a limit is taken. */
export interface LimitState {
  readonly taken: number;
  /** At most so many at once, as it is now. */
  readonly most: number;
  readonly waiting: number;
}

/** One address of an upstream. */
export interface AddressState {
  /** As it is connected to, with the port: `10.0.0.7:8080`. */
  readonly address: string;
  /** `ejected`: left alone, since it failed again and again; `leaving`: the name no longer has it. */
  readonly state: "idle" | "connected" | "warming" | "ejected" | "leaving";
  /** Calls under way. */
  readonly inFlight: number;
}
