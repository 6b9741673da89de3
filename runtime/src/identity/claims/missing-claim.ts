import { clearField, create, type DescField, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import { claimName } from "./claims.ts";

/** The decoded claims of a credential. */
export interface Claims {
  readonly type: DescMessage;
  readonly message: Message;
}

/** Maximum search depth in claims: `realm_access.roles` of Keycloak is 2 deep. */
const MAX_DEPTH = 3;

/**
 * Returns the claim whose absence explains a refusal: the empty claim that, when filled in temporarily, would make
 * `accepted` true. A claim inside another one is named by its path, with dots.
 *
 * @param accepted evaluates `message` as it is at the call; may throw, which counts as false
 */
export function missingClaim(claims: Claims, accepted: () => boolean, depth = MAX_DEPTH): string | undefined {
  for (const field of claims.type.fields) {
    const name = claimName(field);
    const inner = isSearched(field) && depth > 1 ? missingInside(field, claims.message, accepted, depth) : undefined;
    if (inner !== undefined) return `${name}.${inner}`;
    const filling = fillingOf(field);
    if (filling === undefined || !isEmpty(Reflect.get(claims.message, field.localName))) continue;
    Reflect.set(claims.message, field.localName, filling);
    try {
      if (accepted()) return name;
    } catch {
      // another claim is missing, too
    } finally {
      clearField(claims.message, field);
    }
  }
  return undefined;
}

type MessageField = DescField & { readonly fieldKind: "message" };
/**
 * Reports whether a field is searched. Messages of google.protobuf are not messages in protobuf-es objects: a
 * StringValue is a string.
 */
function isSearched(field: DescField): field is MessageField {
  const isPlain = field.fieldKind === "message" && field.oneof === undefined;
  return isPlain && !field.message.typeName.startsWith("google.protobuf.");
}
function missingInside(field: MessageField, owner: Message, accepted: () => boolean, depth: number) {
  const present = Reflect.get(owner, field.localName) as Message | undefined;
  const message = present ?? create(field.message);
  if (present === undefined) Reflect.set(owner, field.localName, message);
  try {
    return missingClaim({ type: field.message, message }, accepted, depth - 1);
  } finally {
    if (present === undefined) clearField(owner, field);
  }
}

function fillingOf(field: DescField): unknown {
  if (field.oneof !== undefined || (field.fieldKind !== "scalar" && field.fieldKind !== "list")) return undefined;
  const text = filledText(field.scalar);
  return field.fieldKind === "list" ? text && [text] : text;
}
function filledText(type: ScalarType | undefined): string | Uint8Array | undefined {
  if (type === ScalarType.STRING) return "x";
  return type === ScalarType.BYTES ? new Uint8Array(1) : undefined;
}
function isEmpty(value: unknown): boolean {
  return value === undefined || (value as { readonly length?: unknown }).length === 0;
}
