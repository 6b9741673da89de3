import { generateKeyPairSync } from "node:crypto";
import { create, type DescMessage, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { CredentialSchema, type Principal, PrincipalSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import type { Clock } from "@protobff/runtime/internal/clock";
import { AuthenticatedRequest } from "@protobff/runtime/internal/identity/authenticated-request";
import type { Identity } from "@protobff/runtime/internal/identity/identity";
import { type IncomingHeaders, incomingOf, type Peer } from "@protobff/runtime/internal/identity/incoming-request";
import { callerOf } from "@protobff/runtime/internal/identity/principal";
import { Propagator } from "@protobff/runtime/internal/identity/propagation/propagator";

/** Caller of a test's call. */
export interface TestCaller<Principal extends DescMessage = DescMessage> {
  readonly principal: MessageInitShape<Principal>;
  /** Credential of the caller. Default source: the first declared one. */
  readonly credential?: MessageInitShape<typeof CredentialSchema> | undefined;
  /** Token that upstreams receive by `identify: TOKEN`. Default: "token-1". */
  readonly token?: string | undefined;
}

const NONE: ReadonlySet<string> = new Set();

/**
 * Identity without a verifier: each call of a test names its caller.
 *
 * @example
 * const identity = new TestIdentity(PersonSchema, ["user", "browser"]);
 * const bed = new TestBed({ caller: { principal: { id: "u-1" } } }, identity);
 */
export class TestIdentity<Desc extends DescMessage> implements Identity<MessageShape<Desc>> {
  readonly type: Desc;
  readonly sources: readonly string[];
  readonly hidden = NONE;
  #propagator: Propagator | undefined;

  /**
   * @param type of principals
   * @param sources as they are declared
   */
  constructor(type: Desc, sources: readonly string[]) {
    this.type = type;
    this.sources = sources;
  }
  /** Sets the clock for identities that are passed to upstreams. They are signed with a key of this instance. */
  signBy(clock: Clock): void {
    const first = { id: "test", key: generateKeyPairSync("ed25519").privateKey };
    this.#propagator = new Propagator(this.type.typeName, clock, {
      issuer: "test",
      keys: { current: { first, all: [first] } },
    });
  }
  /** Headers alone authenticate no caller. */
  authenticate(headers: IncomingHeaders): AuthenticatedRequest {
    return new AuthenticatedRequest(headers, NONE, {
      caller: undefined,
      peer: incomingOf(headers).peer,
      answer: [],
      propagator: this.#propagator,
    });
  }
  /** @throws Failure UNAUTHENTICATED for a principal with an empty text, as it is refused in a server */
  authenticated(
    headers: IncomingHeaders,
    { principal, credential, token = "token-1" }: TestCaller<Desc>,
    peer: Peer,
  ): AuthenticatedRequest {
    const known = create(CredentialSchema, { source: this.sources[0] ?? "test", ...credential });
    const made = create(this.type, principal);
    if (made.$typeName === PrincipalSchema.typeName) fill(known, made as unknown as Principal);
    // As an API key without an issuer has in a server.
    known.issuer ||= known.source;
    const caller = callerOf({ type: this.type, credential: known, principal: () => made, token });
    return new AuthenticatedRequest(headers, NONE, { caller, peer, answer: [], propagator: this.#propagator });
  }
}

/** Gives a default principal and its credential the same facts, as they have in a server. */
function fill(credential: MessageShape<typeof CredentialSchema>, principal: Principal): void {
  credential.issuer ||= principal.issuer || principal.source || credential.source;
  credential.subject ||= principal.subject;
  principal.source ||= credential.source;
  principal.issuer ||= credential.issuer;
  principal.subject ||= credential.subject;
  if (principal.scopes.length === 0) principal.scopes = [...credential.scopes];
}
