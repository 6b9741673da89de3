// The bytes of `x-principal-signed-bin`: how they are made, and how they are judged.
import { createHash, type KeyObject, sign, verify } from "node:crypto";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type PrincipalAssertion,
  PrincipalAssertionSchema,
  type SignedPrincipal,
  SignedPrincipalSchema,
} from "@protobff/messages/bff/v1/identity_pb.js";
import { BASE64 } from "../base64.ts";

/** In front of what is signed, so that a signature for something else is none for this, nor this for something else. */
const CONTEXT = Buffer.from("bff.v1.SignedPrincipal\n");
/** The longest header that is looked at, in characters. */
export const MOST_CHARACTERS = 16 << 10;
/** How far the clocks of two machines may be apart, in seconds. */
export const SKEW_S = 5;

/** A key with the name under which it is published: the thumbprint of RFC 7638, section 3. */
export interface NamedKey {
  readonly id: string;
  readonly key: KeyObject;
}

export function keyIdOf(key: KeyObject): string {
  const { crv, x } = key.export({ format: "jwk" });
  return createHash("sha256")
    .update(JSON.stringify({ crv, kty: "OKP", x }))
    .digest("base64url");
}

/** The header's value: Ed25519 (RFC 8032) over the assertion's bytes as they are sent, so that nobody has to encode them again. */
export function signedHeader(assertion: PrincipalAssertion, { id, key }: NamedKey): string {
  const bytes = toBinary(PrincipalAssertionSchema, assertion);
  const signature = sign(null, Buffer.concat([CONTEXT, bytes]), key);
  const signed = create(SignedPrincipalSchema, { assertion: bytes, signature, keyId: id });
  return unpadded(toBinary(SignedPrincipalSchema, signed));
}

/** Values that an assertion must have. */
export interface AssertionExpectation {
  readonly issuer: string;
  /** Full names of services, one of which is called. */
  readonly audience: readonly string[];
  /** Unix seconds. */
  readonly now: number;
}

/** What is in the header before anything is verified; undefined: nothing that could be. */
export function readSigned(header: string): SignedPrincipal | undefined {
  if (header.length > MOST_CHARACTERS || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(header)) return undefined;
  if (!BASE64.test(header)) return undefined;
  try {
    return fromBinary(SignedPrincipalSchema, Buffer.from(header, "base64"));
  } catch {
    return undefined;
  }
}

/**
 * Why an assertion is refused, the end of a sentence that begins with "the assertion"; or the assertion.
 *
 * @param key the public key that is named in it
 */
export function checkAssertion(
  { assertion: bytes, signature }: SignedPrincipal,
  key: KeyObject,
  expected: AssertionExpectation,
): PrincipalAssertion | string {
  if (!verify(null, Buffer.concat([CONTEXT, bytes]), key, signature)) return "is not what its issuer has signed";
  return asserted(bytes, expected);
}

/** The same of an assertion whose signature has not been looked at: worth a look before its key is asked for. */
export function asserted(bytes: Uint8Array, expected: AssertionExpectation): PrincipalAssertion | string {
  let assertion: PrincipalAssertion;
  try {
    assertion = fromBinary(PrincipalAssertionSchema, bytes);
  } catch {
    return "cannot be read";
  }
  const { issuer, audience, issued, expires } = assertion;
  if (issuer !== expected.issuer) return "is of another issuer";
  if (!expected.audience.includes(audience)) return "is for another audience";
  if (Number(issued) > expected.now + SKEW_S) return "does not count yet";
  if (Number(expires) <= expected.now - SKEW_S) return "has expired";
  return assertion;
}

/** As gRPC sends headers in `-bin`. */
export function unpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64").replace(/=+$/, "");
}

/** Whose assertion a header claims to hold; nothing is verified by it. */
export function issuerOf(header: string): string | undefined {
  const signed = readSigned(header);
  if (signed === undefined) return undefined;
  try {
    return fromBinary(PrincipalAssertionSchema, signed.assertion).issuer;
  } catch {
    return undefined;
  }
}
