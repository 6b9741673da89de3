// Encoding and verification of the bytes of `x-principal-signed-bin`.
import { createHash, type KeyObject, sign, verify } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import {
  type PrincipalAssertion,
  PrincipalAssertionSchema,
  type SignedPrincipal,
  SignedPrincipalSchema,
} from "@protobff/messages/bff/v1/identity_pb.js";
import { readMessage } from "../../wire/reader.ts";
import { BASE64 } from "../base64.ts";

/** Prefix of the signed bytes. It keeps a signature for another purpose from being valid here, and the reverse. */
const CONTEXT = Buffer.from("bff.v1.SignedPrincipal\n");
/** Maximum length of the header, in characters. */
export const MAX_CHARACTERS = 16 << 10;
/** Accepted difference between the clocks of two machines, in seconds. */
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

/**
 * Returns the header's value: Ed25519 (RFC 8032) over the assertion's bytes as they are sent. A verifier need not
 * encode them again.
 */
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

/** Reads the header without verification. Returns undefined if it cannot contain a signed principal. */
export function readSigned(header: string): SignedPrincipal | undefined {
  if (header.length > MAX_CHARACTERS || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(header)) return undefined;
  if (!BASE64.test(header)) return undefined;
  try {
    return readMessage(SignedPrincipalSchema, Buffer.from(header, "base64"));
  } catch {
    return undefined;
  }
}

/**
 * Returns the assertion, or the reason to refuse it: the end of a sentence that begins with "the assertion".
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

/** Returns the same result without a check of the signature. It precedes the fetch of the key. */
export function asserted(bytes: Uint8Array, expected: AssertionExpectation): PrincipalAssertion | string {
  let assertion: PrincipalAssertion;
  try {
    assertion = readMessage(PrincipalAssertionSchema, bytes);
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

/** Encodes bytes as gRPC sends headers in `-bin`: base64 without padding. */
export function unpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64").replace(/=+$/, "");
}

/** Returns the issuer that a header claims. The header is not verified. */
export function issuerOf(header: string): string | undefined {
  const signed = readSigned(header);
  if (signed === undefined) return undefined;
  try {
    return readMessage(PrincipalAssertionSchema, signed.assertion).issuer;
  } catch {
    return undefined;
  }
}
