import type { DescMessage } from "@bufbuild/protobuf";
import { asFailure, Code, Failure } from "../failure.ts";
import { countsAmbient, fromPage } from "./ambient.ts";
import { AuthenticatedRequest, type Recheck } from "./authenticated-request.ts";
import type { Caller } from "./caller.ts";
import { cookieValues, forgotten } from "./cookies.ts";
import { type Incoming, type IncomingHeaders, incomingOf } from "./incoming-request.ts";
import { matching, type NamePattern, namePattern } from "./network/names.ts";
import type { Propagation } from "./propagation/propagation.ts";
import { refusing, unauthenticated } from "./refusals.ts";
import type { Routes } from "./routes.ts";
import type { Source } from "./source.ts";
import type { OpenIdentity } from "./spec.ts";

/**
 * Headers that identify the caller to upstreams. If a client sends one that no source reads, it is meant for another
 * recipient.
 */
const IDENTITY_HEADERS = ["x-principal-bin", "x-principal-signed-bin", "x-forwarded-client-cert"];

/** Sources that look for their credential at the same place. */
interface Shared {
  /** Name of the header or the cookie. */
  readonly name: string;
  readonly sources: readonly Source[];
}

/** A credential that a request presents, with its source. */
interface Presented {
  readonly source: Source;
  readonly credential: string;
}

/** Authenticates requests: chooses the source of their credential, and verifies the credential with it. */
export class Authenticator implements OpenIdentity {
  readonly type: DescMessage;
  readonly sources: readonly string[];
  readonly hidden: ReadonlySet<string>;
  readonly opened: Promise<void>;
  readonly routes: Routes;
  readonly #all: readonly Source[];
  readonly #propagation: Propagation;
  readonly #headers: readonly Shared[];
  readonly #cookies: readonly Shared[];
  readonly #certificates: readonly Source[];
  readonly #from: ReadonlyMap<Source, readonly NamePattern[]>;

  constructor(type: DescMessage, all: readonly Source[], propagation: Propagation) {
    this.#propagation = propagation;
    this.type = type;
    this.sources = all.map(({ name }) => name);
    this.#all = all;
    this.#headers = sharing(all, ({ place }) => (place.kind === "header" ? place.name : undefined));
    this.#cookies = sharing(all, ({ place }) => (place.kind === "cookie" ? place.name : undefined));
    this.#certificates = all.filter(({ place }) => place.kind === "certificate");
    this.#from = new Map(all.map((source) => [source, source.from.map(namePattern)]));
    const hidden = this.#headers.map(({ name }) => name);
    this.hidden = new Set([...IDENTITY_HEADERS, ...hidden, ...(this.#cookies.length > 0 ? ["cookie"] : [])]);
    this.opened = Promise.all(all.map(({ opened }) => opened)).then(() => {});
    this.routes = new Map([...all.flatMap(({ routes }) => [...(routes ?? [])]), ...propagation.routes]);
  }

  /** @throws Failure if several credentials are presented, or none is of a known source */
  authenticate(headers: IncomingHeaders): AuthenticatedRequest | Failure | Promise<AuthenticatedRequest> {
    const incoming = incomingOf(headers);
    const presented = this.#presented(incoming);
    if (presented === undefined) return this.#byCertificate(incoming, []);
    const { source, credential } = presented;
    const caller = verified(source, credential, incoming);
    if (caller instanceof Failure) return caller;
    const resultOf = (found: Caller | undefined): AuthenticatedRequest | Promise<AuthenticatedRequest> =>
      found === undefined
        ? this.#byCertificate(incoming, forget(source))
        : this.#finish(incoming, found, [], recheckOf(source, credential, incoming));
    return caller instanceof Promise ? caller.then(resultOf) : resultOf(caller);
  }

  /** Returns the credential that counts; undefined if the request has none. */
  #presented(incoming: Incoming): Presented | undefined {
    let found: Presented | undefined;
    const add = (presented: Presented): void => {
      if (found !== undefined)
        throw unauthenticated("credentials for several sources", {
          source: `${found.source.name}, ${presented.source.name}`,
        });
      found = presented;
    };
    for (const { name, sources } of this.#headers) {
      const [value, another] = incoming.all(name);
      if (another !== undefined) throw unauthenticated(`several headers ${name}`, { source: namesOf(sources) });
      if (value !== undefined && value !== "") add(this.#owned(sources, value, incoming));
    }
    if (this.#cookies.length > 0 && incoming.get("cookie") !== null && countsAmbient(incoming)) {
      const header = incoming.all("cookie");
      for (const { name, sources } of this.#cookies) {
        const [value, another] = cookieValues(header, name);
        if (another !== undefined) throw unauthenticated(`several cookies ${name}`, { source: namesOf(sources) });
        if (value !== undefined && value !== "") add(this.#owned(sources, value, incoming));
      }
    }
    return found;
  }
  /** Returns the one source, of those that share a place, that owns this credential. */
  #owned(sources: readonly Source[], value: string, incoming: Incoming): Presented {
    let found: Presented | undefined;
    for (const source of sources) {
      const credential = withoutScheme(source, value);
      if (credential === undefined || !this.#comesFrom(source, incoming) || !source.owns(credential)) continue;
      if (found !== undefined)
        throw unauthenticated("a credential that several sources take for theirs", { source: namesOf(sources) });
      found = { source, credential };
    }
    if (found === undefined) throw unowned(sources, value);
    return found;
  }
  /** Reports whether the source accepts credentials over this connection. */
  #comesFrom(source: Source, { peer }: Incoming): boolean {
    const from = this.#from.get(source) ?? [];
    return from.length === 0 || matching(peer.names, from) !== undefined;
  }

  /** Authenticates by the connection's certificate if the request presents no other credential. */
  #byCertificate(incoming: Incoming, answer: readonly string[]): AuthenticatedRequest | Promise<AuthenticatedRequest> {
    const nobody = (): AuthenticatedRequest => this.#finish(incoming, undefined, answer);
    if (this.#certificates.length === 0 || incoming.peer.names.length === 0) return nobody();
    if (fromPage(incoming) && !countsAmbient(incoming)) return nobody();
    const first = (at: number): AuthenticatedRequest | Promise<AuthenticatedRequest> => {
      const source = this.#certificates[at];
      if (source === undefined) return nobody();
      if (!this.#comesFrom(source, incoming)) return first(at + 1);
      const caller = verified(source, "", incoming);
      if (caller instanceof Failure) throw caller;
      const resultOf = (found: Caller | undefined): AuthenticatedRequest | Promise<AuthenticatedRequest> =>
        found === undefined ? first(at + 1) : this.#finish(incoming, found, answer);
      return caller instanceof Promise ? caller.then(resultOf) : resultOf(caller);
    };
    return first(0);
  }

  #finish(
    incoming: Incoming,
    caller: Caller | undefined,
    answer: readonly string[],
    recheck?: Recheck,
  ): AuthenticatedRequest {
    const { peer } = incoming;
    const { propagator } = this.#propagation;
    const request = new AuthenticatedRequest(incoming, this.hidden, { caller, peer, answer, propagator });
    request.recheck = recheck;
    return request;
  }

  async close(): Promise<void> {
    this.#propagation.close();
    await Promise.all(this.#all.map((source) => source.close()));
  }
}

/** Verifies the credential. A refusal receives the name of its source. */
function verified(source: Source, credential: string, incoming: Incoming): ReturnType<Source["verify"]> {
  const attributed = (thrown: unknown): never => {
    throw thrown instanceof Failure ? refusing(thrown, { source: source.name }) : thrown;
  };
  try {
    const caller = source.verify(credential, incoming);
    if (caller instanceof Failure) return refusing(caller, { source: source.name });
    return caller instanceof Promise ? caller.catch(attributed) : caller;
  } catch (thrown) {
    return attributed(thrown);
  }
}

/** Returns the check of a credential whose stream is open. While the source cannot verify, the credential counts. */
function recheckOf(source: Source, credential: string, incoming: Incoming): Recheck | undefined {
  const { name, verifyAgain } = source;
  if (verifyAgain === undefined) return undefined;
  const refusalIn = (found: Caller | Failure | undefined): Failure | undefined => {
    if (found === undefined)
      return unauthenticated("the credential has ended while its stream was open", { source: name });
    if (!(found instanceof Failure) || found.clientCode !== Code.UNAUTHENTICATED) return undefined;
    return refusing(found, { source: name });
  };
  return () => {
    try {
      const found = verifyAgain(credential, incoming);
      return found instanceof Promise ? found.catch(asFailure).then(refusalIn) : refusalIn(found);
    } catch (thrown) {
      return refusalIn(asFailure(thrown));
    }
  };
}

/** Names the issuers, since a slash too many in a variable is all that most configurations get wrong. */
function unowned(sources: readonly Source[], value: string): Failure {
  const known = sources.flatMap((source) => {
    const credential = withoutScheme(source, value);
    return credential === undefined ? [] : (source.foreign?.(credential) ?? []);
  });
  const expected = [...new Set(known.flatMap((credential) => credential.expected ?? []))].join(", ");
  return unauthenticated("a credential that no source takes for its own", {
    source: namesOf(sources),
    expected: expected === "" ? undefined : expected,
    received: known[0]?.received,
  });
}

const namesOf = (sources: readonly Source[]): string => sources.map(({ name }) => name).join(", ");

function sharing(all: readonly Source[], nameOf: (source: Source) => string | undefined): readonly Shared[] {
  const names = new Set(all.flatMap((source) => nameOf(source) ?? []));
  return [...names].map((name) => ({ name, sources: all.filter((source) => nameOf(source) === name) }));
}

/** Removes the scheme. Returns undefined if the value has another scheme than the source. */
function withoutScheme({ place }: Source, value: string): string | undefined {
  if (place.kind !== "header" || place.scheme === undefined) return value;
  return /^bearer +(\S.*)$/i.exec(value)?.[1];
}

/** Returns the header that removes an invalid cookie. */
function forget({ place }: Source): readonly string[] {
  return place.kind === "cookie" ? ["set-cookie", forgotten(place.name)] : [];
}
