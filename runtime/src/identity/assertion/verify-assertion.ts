// What another deployment has signed: whether it has, and what it says.
import { KeyObject, webcrypto } from "node:crypto";
import type { PrincipalAssertion } from "@protobff/messages/bff/v1/identity_pb.js";
import type { JwkImport } from "../jwt/jose.ts";
import type { KeySet } from "../jwt/key-set.ts";
import type { Key } from "../jwt/keys.ts";
import { type AssertionExpectation, asserted, checkAssertion, readSigned } from "../propagation/assertion.ts";
import { unauthenticated } from "../refusals.ts";

/** The public keys of whoever signs. */
export type IssuerKeys = Pick<KeySet, "opened" | "serving" | "find" | "close">;

export interface VerifiedAssertion {
  readonly assertion: PrincipalAssertion;
  /** What has signed it: it counts for as long as that does. */
  readonly key: Key;
}

/** As keys of assertions are published: RFC 8037, section 3.1. */
const ALGORITHM = "EdDSA";

/** Keys of assertions are of one kind, for which nothing has to be installed. */
export const ed25519: JwkImport = {
  importJWK: (jwk) => webcrypto.subtle.importKey("jwk", { ...jwk }, { name: "Ed25519" }, true, ["verify"]),
};

/**
 * What a header `x-principal-signed-bin` says, once it is known to be said by the issuer.
 *
 * @throws Failure UNAUTHENTICATED for one that proves nothing; UNAVAILABLE while the keys are away
 */
export async function verifyAssertion(
  header: string,
  keys: IssuerKeys,
  expected: AssertionExpectation,
): Promise<VerifiedAssertion> {
  const signed = readSigned(header);
  if (signed === undefined) throw unauthenticated("the assertion is none");
  // What is refused anyway makes nobody fetch keys.
  const said = asserted(signed.assertion, expected);
  if (typeof said === "string") throw unauthenticated(`the assertion ${said}`);
  const key = await keys.find(signed.keyId, ALGORITHM);
  if (key === undefined) throw unauthenticated("the assertion is signed with an unknown key");
  const assertion = checkAssertion(signed, await keyObjectOf(key), expected);
  if (typeof assertion === "string") throw unauthenticated(`the assertion ${assertion}`);
  return { assertion, key };
}

const keyObjects = new WeakMap<Key, KeyObject>();

async function keyObjectOf(key: Key): Promise<KeyObject> {
  const known = keyObjects.get(key);
  if (known !== undefined) return known;
  let made: KeyObject;
  try {
    made = KeyObject.from(await key.for(ALGORITHM));
  } catch {
    throw unauthenticated("the assertion is signed with a key that is none");
  }
  keyObjects.set(key, made);
  return made;
}
