import { generateKeyPairSync } from "node:crypto";
import { create, type DescMessage, type Message } from "@bufbuild/protobuf";
import { CredentialSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import { systemClock } from "@protobff/runtime/internal/clock";
import { AuthenticatedRequest } from "@protobff/runtime/internal/identity/authenticated-request";
import type { Identity } from "@protobff/runtime/internal/identity/identity";
import { type IncomingHeaders, NOWHERE } from "@protobff/runtime/internal/identity/incoming-request";
import { callerOf } from "@protobff/runtime/internal/identity/principal";
import { Propagator } from "@protobff/runtime/internal/identity/propagation/propagator";
import { sample } from "@protobff/runtime/internal/samples";

const NONE: ReadonlySet<string> = new Set();

/** Every caller is the sample of a principal, by the first source. A key of this object's own signs what upstreams receive. */
export class SampleIdentity implements Identity {
  readonly type: DescMessage;
  readonly sources: readonly string[];
  readonly hidden = NONE;
  readonly #principal: Message;
  readonly #propagator: Propagator;

  constructor({ type, sources }: Pick<Identity, "type" | "sources">) {
    this.type = type;
    this.sources = sources;
    this.#principal = sample(type);
    const first = { id: "test", key: generateKeyPairSync("ed25519").privateKey };
    const keys = { current: { first, all: [first] } };
    this.#propagator = new Propagator(type.typeName, systemClock, { issuer: "test", keys });
  }
  authenticate(headers: IncomingHeaders): AuthenticatedRequest {
    const credential = create(CredentialSchema, { source: this.sources[0] ?? "test" });
    const caller = callerOf({ type: this.type, credential, principal: () => this.#principal, token: "token-1" });
    return new AuthenticatedRequest(headers, NONE, { caller, peer: NOWHERE, answer: [], propagator: this.#propagator });
  }
}
