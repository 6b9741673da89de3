import { hash } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { PrincipalAssertionSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import type { Clock } from "../../clock.ts";
import type { Caller } from "../caller.ts";
import type { Identify } from "../identify-kind.ts";
import { signedHeader, unpadded } from "./assertion.ts";
import type { KeyFiles } from "./key-files.ts";

/** A header that identifies the caller to an upstream. */
export interface IdentityHeader {
  /** Name of the header, in lower case. */
  readonly name: string;
  readonly value: string;
  /** Text for cache keys in place of the header. It is the same for the same caller, independent of the signature. */
  readonly key: string;
}

/** Request header by which `identify: SIGNED` sends the caller: a `bff.v1.SignedPrincipal` in base64. */
export const SIGNED_HEADER = "x-principal-signed-bin";
const PLAIN_HEADER = "x-principal-bin";
/** Maximum life of an assertion, in seconds. */
const LIFE_S = 60;

/** A signed header, and the time until which it is sent, in Unix seconds. */
interface Signed {
  readonly header: IdentityHeader;
  readonly until: number;
  readonly keyId: string;
}

/** Makes the headers that identify a caller to upstreams, signed with the keys of this deployment. */
export class Propagator {
  readonly #type: string;
  readonly #clock: Clock;
  readonly #signing: { readonly issuer: string; readonly keys: Pick<KeyFiles, "current"> } | undefined;
  readonly #signed = new WeakMap<Caller, Map<string, Signed>>();
  readonly #others = new WeakMap<Caller, { plain?: IdentityHeader; token?: IdentityHeader }>();

  /**
   * @param type the full name of the principal's message
   * @param signing undefined: nothing is signed
   */
  constructor(
    type: string,
    clock: Clock,
    signing: { readonly issuer: string; readonly keys: Pick<KeyFiles, "current"> } | undefined,
  ) {
    this.#type = type;
    this.#clock = clock;
    this.#signing = signing;
  }
  /**
   * Returns the header that identifies this caller to a service; undefined if the caller has no value for it.
   *
   * @param audience the full name of the service
   */
  header(caller: Caller, how: Identify, audience: string): IdentityHeader | undefined {
    if (how === "signed") return this.#signedHeader(caller, audience);
    let others = this.#others.get(caller);
    if (others === undefined) {
      others = {};
      this.#others.set(caller, others);
    }
    if (how === "plain") {
      others.plain ??= { name: PLAIN_HEADER, value: unpadded(caller.bytes), key: caller.key };
      return others.plain;
    }
    const { token } = caller;
    if (token === undefined) return undefined;
    others.token ??= { name: "authorization", value: `Bearer ${token}`, key: hash("sha256", token, "base64") };
    return others.token;
  }

  /**
   * Returns the same header for half of its life, because a new signature for each call would cost more than the call.
   */
  #signedHeader(caller: Caller, audience: string): IdentityHeader | undefined {
    const signing = this.#signing;
    if (signing === undefined) return undefined;
    const { first } = signing.keys.current;
    const now = Math.floor(this.#clock.date().getTime() / 1_000);
    let ofCaller = this.#signed.get(caller);
    if (ofCaller === undefined) {
      ofCaller = new Map();
      this.#signed.set(caller, ofCaller);
    }
    const known = ofCaller.get(audience);
    if (known !== undefined && known.until > now && known.keyId === first.id) return known.header;
    const { credential, bytes } = caller;
    const ends = Number(credential.expires);
    const expires = ends === 0 ? now + LIFE_S : Math.min(now + LIFE_S, ends);
    const assertion = create(PrincipalAssertionSchema, {
      issuer: signing.issuer,
      audience,
      source: credential.source,
      type: this.#type,
      principal: bytes,
      issued: BigInt(now),
      expires: BigInt(expires),
    });
    const header = { name: SIGNED_HEADER, value: signedHeader(assertion, first), key: caller.key };
    ofCaller.set(audience, { header, until: now + (expires - now) / 2, keyId: first.id });
    return header;
  }
}
