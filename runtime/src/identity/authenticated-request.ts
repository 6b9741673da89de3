import type { Failure } from "../failure.ts";
import type { Caller } from "./caller.ts";
import type { IncomingHeaders, Peer } from "./incoming-request.ts";
import type { Propagator } from "./propagation/propagator.ts";

/** Check of a caller whose stream is open. Returns the refusal, if there is one. Never throws or rejects. */
export type Recheck = () => Failure | undefined | Promise<Failure | undefined>;

/** The result of authentication. */
interface AuthenticatedRequestParts {
  readonly caller: Caller | undefined;
  readonly peer: Peer;
  readonly answer: readonly string[];
  readonly propagator?: Propagator | undefined;
}

/**
 * A request whose credentials were verified. Its headers hide them.
 *
 * @example
 * const subjectOf = (verdict: Verdict): string | undefined =>
 *   verdict instanceof AuthenticatedRequest ? verdict.caller?.credential.subject : undefined;
 */
export class AuthenticatedRequest implements IncomingHeaders {
  /** The verified caller. Undefined if the request has none. */
  readonly caller: Caller | undefined;
  readonly peer: Peer;
  /** Response headers: names in lower case, each followed by its value. They make the browser forget a cookie. */
  readonly answer: readonly string[];
  /** Makes the headers that identify the caller to upstreams. Undefined if no upstream receives the identity. */
  readonly propagator: Propagator | undefined;
  /** Duration of the authentication, in milliseconds. 0 if no external lookup was necessary. */
  tookMs = 0;
  /** The early limits that the request has passed, if any. `all` in replays of captured requests. */
  passed: object | "all" | undefined;
  /** Returns the refusal of a caller who was denied, or whose credential was revoked, since. Undefined: no check is needed. */
  recheck: Recheck | undefined;
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
