import { create, type DescMessage, type Message } from "@bufbuild/protobuf";
import { type Credential, CredentialSchema, type Principal } from "@protobff/messages/bff/v1/identity_pb.js";
import type { Caller } from "../caller.ts";
import { CredentialCache, MAX_CALLERS, weightOf } from "../credential-cache.ts";
import type { Incoming } from "../incoming-request.ts";
import { callerOf } from "../principal.ts";
import type { Place, Source } from "../source.ts";
import type { SourceParts, SourceSpec } from "../spec.ts";
import { matching, type NamePattern, namePattern } from "./names.ts";

/** Options of a source of callers with a certificate of an authority in TLS_CLIENT_CA_FILE. */
export interface PeerOptions<P extends Message> {
  readonly name: string;
  /** Accepted SPIFFE ids, `*` for a segment. */
  readonly spiffe?: readonly string[] | undefined;
  /** Accepted DNS names, `*` for a label. If neither option is set, any name is accepted. */
  readonly dns?: readonly string[] | undefined;
  readonly from?: readonly string[] | undefined;
  readonly principal?: ((claims: undefined, credential: Credential) => P) | undefined;
}

/**
 * Returns a source that authenticates callers by the connection's client certificate, if requests present no other
 * credential.
 *
 * @example
 * const mesh = peer({ name: "mesh", dns: ["*.internal.example"] });
 */
export function peer<P extends Message = Principal>(options: PeerOptions<P>): SourceSpec<P> {
  return {
    name: options.name,
    byCertificate: true,
    open: (parts) => new PeerSource(options, parts),
  };
}

class PeerSource implements Source {
  readonly name: string;
  readonly place: Place = { kind: "certificate" };
  readonly ambient = false; // the check for requests of a page decides instead
  readonly from: readonly string[];
  readonly opened = Promise.resolve();
  readonly #principal: PeerOptions<Message>["principal"];
  readonly #type: DescMessage;
  readonly #patterns: readonly NamePattern[];
  /** Callers by the certificate's names. */
  readonly #known = new CredentialCache<Caller>(MAX_CALLERS, weightOf);

  constructor({ name, spiffe = [], dns = [], from = [], principal }: PeerOptions<Message>, { type }: SourceParts) {
    this.name = name;
    this.from = from;
    this.#principal = principal;
    this.#type = type;
    this.#patterns = [...spiffe, ...dns].map(namePattern);
  }
  owns(): boolean {
    return true;
  }
  verify(_: string, { peer: { names } }: Incoming): Caller | undefined {
    const subject = this.#patterns.length === 0 ? names[0] : matching(names, this.#patterns);
    if (subject === undefined) return undefined;
    const key = JSON.stringify(names);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const credential = create(CredentialSchema, { source: this.name, issuer: this.#issuerOf(subject), subject });
    credential.names = [...names];
    const principal = this.#principal;
    const set = principal === undefined ? undefined : () => principal(undefined, credential);
    const caller = callerOf({ type: this.#type, credential, principal: set });
    this.#known.set(key, caller);
    return caller;
  }
  /** Returns the trust domain of a SPIFFE id (SPIFFE-ID, 2.1). For other names the issuer is the source. */
  #issuerOf(subject: string): string {
    return /^spiffe:\/\/[^/]+/.exec(subject)?.[0] ?? this.name;
  }
  async close(): Promise<void> {}
}
