import { clearField, type DescField, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import { claimName } from "./claims.ts";

/** What a credential claims, decoded. */
export interface Claims {
  readonly type: DescMessage;
  readonly message: Message;
}

/**
 * The claim whose absence explains a refusal, the empty one that, filled in for a moment, would make `accepted` true.
 *
 * @param accepted evaluates `message` as it is then; may throw, which counts as false
 */
export function missingClaim({ type, message }: Claims, accepted: () => boolean): string | undefined {
  for (const field of type.fields) {
    const filling = fillingOf(field);
    if (filling === undefined || !isEmpty(Reflect.get(message, field.localName))) continue;
    Reflect.set(message, field.localName, filling);
    try {
      if (accepted()) return claimName(field);
    } catch {
      // another claim is missing, too
    } finally {
      clearField(message, field);
    }
  }
  return undefined;
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
