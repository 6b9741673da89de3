import {
  clearField,
  create,
  type DescField,
  type DescMessage,
  type Message,
  ScalarType,
  toBinary,
} from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence as Presence } from "@bufbuild/protobuf/wkt";
import { type Credential, PrincipalSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import type { Caller } from "./caller.ts";
import { type Claims, missingClaim } from "./claims/missing-claim.ts";
import { unauthenticated } from "./refusals.ts";

/** The facts that a credential proves. */
export interface Proof {
  /** The identity's message. */
  readonly type: DescMessage;
  readonly credential: Credential;
  /** Computes the principal by `set`. If undefined, the default principal is filled from the credential. */
  readonly principal: (() => Message) | undefined;
  /** Claims that `principal` reads. A refusal names the claim that is missing. */
  readonly claims?: Claims | undefined;
  /** Token that `identify: TOKEN` sends. */
  readonly token?: string | undefined;
}

/**
 * Returns the caller that a credential proves. The result can be cached with the credential: its principal is encoded
 * here. A text or bytes that are `optional` are unset if they are empty.
 *
 * @throws Failure UNAUTHENTICATED if `set` cannot be computed, or leaves a required text or bytes empty
 * @example
 * const credential = create(CredentialSchema, { source: "user", subject: "u-1" });
 * const caller = callerOf({ type: PrincipalSchema, credential, principal: undefined });
 */
export function callerOf({
  type,
  credential,
  principal: set = () => byDefault(credential),
  claims,
  token,
}: Proof): Caller {
  const refusal = (why: string, accepted: () => boolean) =>
    unauthenticated(why, claims && { claim: missingClaim(claims, accepted) });
  let principal: Message;
  try {
    principal = set();
  } catch {
    throw refusal("the principal cannot be computed", () => set() !== undefined);
  }
  if (principal.$typeName !== type.typeName) throw new TypeError(`${principal.$typeName} is no ${type.typeName}`);
  // An empty text would be equal to what a request leaves empty.
  for (const field of type.fields) {
    if (!isText(field) || !isEmpty(fieldOf(principal, field))) continue;
    if (field.presence !== Presence.EXPLICIT)
      throw refusal(`${type.typeName}.${field.name} is empty`, () => !isEmpty(fieldOf(set(), field)));
    if (field.oneof === undefined) clearField(principal, field);
  }
  freeze(principal);
  const bytes = toBinary(type, principal);
  const key = keyOf(credential.source, credential.issuer, type.typeName, bytes);
  return { credential, principal, bytes, key, token };
}

/**
 * Returns source, issuer, type and bytes as one text. Callers that differ have different texts, because each part
 * begins with its length.
 *
 * @example
 * const key = keyOf("user", "https://id.example", "bff.v1.Principal", bytes);
 */
export function keyOf(source: string, issuer: string, type: string, bytes: Uint8Array): string {
  const texts = [source, issuer, type].map((text) => `${text.length}:${text}`);
  return `${texts.join("")}${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64")}`;
}

function byDefault({ source, issuer, subject, scopes }: Credential): Message {
  return create(PrincipalSchema, { source, issuer, subject, scopes });
}

/**
 * Freezes the message, because requests share it: a resolver's change would affect all requests of the same caller.
 * Bytes cannot be frozen.
 */
function freeze(value: unknown): void {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return;
  Object.freeze(value);
  for (const part of Object.values(value)) freeze(part);
}

function isText(field: DescField): boolean {
  return field.fieldKind === "scalar" && (field.scalar === ScalarType.STRING || field.scalar === ScalarType.BYTES);
}
function fieldOf(message: Message, field: DescField): unknown {
  return (message as { readonly [name: string]: unknown })[field.localName];
}
function isEmpty(value: unknown): boolean {
  return !(typeof value === "string" || value instanceof Uint8Array) || value.length === 0;
}
