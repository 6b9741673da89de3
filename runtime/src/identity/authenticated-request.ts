import type { Caller } from "./caller.ts";
import type { IncomingHeaders, Peer } from "./incoming.ts";
import type { Propagator } from "./propagation/propagator.ts";

/** The result of authentication. */
export interface AuthenticatedRequestParts {
  readonly caller: Caller | undefined;
  readonly peer: Peer;
  readonly answer: readonly string[];
  readonly propagator?: Propagator | undefined;
}

/** A request whose credentials were verified. Its headers hide them. */
export class AuthenticatedRequest implements IncomingHeaders {
  /** Undefined: nobody that is known. */
  readonly caller: Caller | undefined;
  readonly peer: Peer;
  /** What the answer tells in turn, names in lower case and values in turn: that a cookie is to be forgotten. */
  readonly answer: readonly string[];
  /** Who tells upstreams about the caller; undefined: nobody. */
  readonly propagator: Propagator | undefined;
  /** How long that has taken, in milliseconds; 0 where nobody had to be asked. */
  tookMs = 0;
  /** Which early limits it has passed, if any. */
  passed: object | undefined;
  readonly #headers: IncomingHeaders;
  readonly #hidden: ReadonlySet<string>;

  /** @param hidden names of headers that hold credentials, lower-case */
  constructor(
    headers: IncomingHeaders,
    hidden: ReadonlySet<string>,
    { caller, peer, answer, propagator }: AuthenticatedRequestParts,
  ) {
    this.#headers = headers;
    this.#hidden = hidden;
    this.caller = caller;
    this.peer = peer;
    this.answer = answer;
    this.propagator = propagator;
  }
  get(name: string): string | null {
    // fetch's `Headers` find a name in any case
    return this.#hidden.has(name.toLowerCase()) ? null : this.#headers.get(name);
  }
}
