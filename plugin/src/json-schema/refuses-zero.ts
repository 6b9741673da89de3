import { type DescField, ScalarType } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence as Presence } from "@bufbuild/protobuf/wkt";
import { is64Bit } from "../model/is-64-bit.ts";
import type { ElementRules, Scalar, Test } from "../model/rules.ts";

/**
 * Returns true if a field that is left out breaks its rules. Without presence it has its zero value, to which rules
 * apply, too. A result that only an expression or a function can compute counts as false.
 */
export function refusesZero(field: DescField, rules: ElementRules | undefined): boolean {
  if (rules === undefined || rules.unlessZero || field.message !== undefined) return false;
  if (field.fieldKind !== "list" && field.fieldKind !== "map" && field.presence !== Presence.IMPLICIT) return false;
  return rules.checks.some(({ test }) => refuses(test, zeroOf(field)));
}

function zeroOf({ fieldKind, scalar }: DescField): Scalar {
  if (fieldKind !== "scalar") return 0;
  switch (scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return "";
    case ScalarType.BOOL:
      return false;
    default:
      return is64Bit(scalar) ? 0n : 0;
  }
}

function refuses(test: Test, zero: Scalar): boolean {
  switch (test.kind) {
    case "size":
      return test.is !== "most" && test.count > 0n;
    case "equal":
      return test.value !== zero;
    case "in":
      return test.values.includes(zero) === test.not;
    case "range":
      return !isWithin(test);
    case "text":
      return !test.not && test.text !== "";
    case "notEmpty":
      return true;
    case "equalBytes":
      return test.value.length > 0;
    case "inBytes":
      return test.values.some(({ length }) => length === 0) === test.not;
    case "partOfBytes":
      return test.bytes.length > 0;
    case "defined":
      return !test.numbers.includes(0);
    default:
      return false;
  }
}

function isWithin({ low, high }: Test & { readonly kind: "range" }): boolean {
  const above = low === undefined || low.value < 0 || (low.inclusive && Number(low.value) === 0);
  const below = high === undefined || high.value > 0 || (high.inclusive && Number(high.value) === 0);
  const isOutside = low !== undefined && high !== undefined && low.value > high.value;
  return isOutside ? above || below : above && below;
}
