// Verification of assertions that another deployment has signed.
import { KeyObject, webcrypto } from "node:crypto";
import type { PrincipalAssertion } from "@protobff/messages/bff/v1/identity_pb.js";
import type { JwkImport } from "../jwt/jose.ts";
import type { KeySet } from "../jwt/key-set.ts";
import type { Key } from "../jwt/keys.ts";
import { type AssertionExpectation, asserted, checkAssertion, readSigned } from "../propagation/assertion.ts";
import { unauthenticated } from "../refusals.ts";

/** The public keys of the signer. */
export type IssuerKeys = Pick<KeySet, "opened" | "serving" | "find" | "close">;

interface VerifiedAssertion {
  readonly assertion: PrincipalAssertion;
  /** Key that signed the assertion. The assertion is valid only while the key is. */
  readonly key: Key;
}

/** Algorithm under which keys of assertions are published: RFC 8037, section 3.1. */
const ALGORITHM = "EdDSA";

/** Imports keys of assertions. They are all Ed25519 keys, for which no package is necessary. */
export const ed25519: JwkImport = {
  importJWK: (jwk) => webcrypto.subtle.importKey("jwk", { ...jwk }, { name: "Ed25519" }, true, ["verify"]),
};

/**
 * Returns the assertion in a header `x-principal-signed-bin`, after verification of its issuer.
 *
 * @throws Failure UNAUTHENTICATED for one that proves nothing; UNAVAILABLE while the keys cannot be fetched
 */
export async function verifyAssertion(
  header: string,
  keys: IssuerKeys,
  expected: AssertionExpectation,
): Promise<VerifiedAssertion> {
  const signed = readSigned(header);
  if (signed === undefined) throw unauthenticated("the assertion is none");
  // An assertion that is refused in any case must not cause a fetch of keys.
  const finding = asserted(signed.assertion, expected);
  if (typeof finding === "string") throw unauthenticated(`the assertion ${finding}`);
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
