// Conversions of values from one form to another, and their targets.
import type { DescEnum, DescField, DescMessage, DescOneof } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import { type Expression, type Proto, presenceOf } from "../cel/index.ts";
import type { Text } from "../diagnostic/diagnostic.ts";

/** An expression, and the conversion of its value. */
export interface BoundExpression {
  readonly expression: Expression;
  readonly conversion: Conversion;
  /** The copy of the converted value, if it is a field of another message. Only of fields. */
  readonly copy?: FieldCopy | undefined;
}

export interface FieldBinding {
  /** From the request message down to the field that is set. */
  readonly path: readonly DescField[];
  readonly bound: BoundExpression;
  readonly if: Expression | undefined;
  /** Reason for which a sensitive value may be sent there. */
  readonly reveal?: Text | undefined;
}

// ---- fields ----

/** A field of the response, or the whole of a oneof. */
export type Target = FieldTarget | OneofTarget;

export interface FieldTarget {
  readonly kind: "field";
  readonly field: DescField;
  readonly bound: BoundExpression;
}

export interface OneofTarget {
  readonly kind: "oneof";
  readonly oneof: DescOneof;
  readonly members: readonly {
    readonly field: DescField;
    readonly if: Expression | undefined;
    readonly bound: BoundExpression;
    readonly default: boolean;
    /** True for a member of another message that is not copied: if it is chosen, none is set. */
    readonly left?: true | undefined;
  }[];
}

// ---- conversions ----

/** Conversion of a value from one protobuf form to another. */
export type Conversion =
  | { readonly kind: "same" }
  /** Between numeric forms, range-checked where the source may be wider; also CEL lists and maps of such. */
  | { readonly kind: "represent"; readonly as: Proto }
  | { readonly kind: "message"; readonly via: MessageConversion }
  | { readonly kind: "enum"; readonly via: EnumConversion }
  | { readonly kind: "list"; readonly of: Conversion }
  | { readonly kind: "map"; readonly of: Conversion };

export interface Conversions {
  readonly messages: readonly MessageConversion[];
  readonly enums: readonly EnumConversion[];
}

/** A pruned copy, made field by field. */
export interface MessageConversion {
  readonly from: DescMessage;
  readonly to: DescMessage;
  /** The BFF's message: its file holds the function. */
  readonly owner: DescMessage;
  /** Index of the alias among those of the owner, from 0. */
  readonly position: number;
  readonly targets: readonly ConvertedTarget[];
}

export interface FieldCopy {
  readonly kind: "field";
  readonly to: DescField;
  readonly from: DescField;
  readonly conversion: Conversion;
  /** A constant in the form of the copy's field, for an unset value. */
  readonly fallback?: BoundExpression | undefined;
}

export type ConvertedTarget =
  | FieldCopy
  | {
      readonly kind: "oneof";
      readonly to: DescOneof;
      readonly members: readonly {
        readonly to: DescField;
        readonly from: DescField;
        readonly conversion: Conversion;
      }[];
    }
  /** From an upstream: of an expression over its message, `source`. */
  | {
      readonly kind: "computed";
      readonly to: DescField;
      readonly bound: BoundExpression;
      readonly fallback: BoundExpression | undefined;
    }
  /** Towards an upstream: a message that paths lead into, set where one of its parts is. */
  | { readonly kind: "message"; readonly to: DescField; readonly targets: readonly ConvertedTarget[] };

export interface Copied {
  readonly from: DescField;
  readonly to: DescField;
}
/** Returns the fields that are taken unchanged. One with a `fallback` always has a value. */
export function copiedIn(target: ConvertedTarget): readonly Copied[] {
  if (target.kind === "oneof") return target.members;
  return target.kind === "field" && target.fallback === undefined ? [target] : [];
}

export interface EnumConversion {
  readonly from: DescEnum;
  readonly to: DescEnum;
  readonly owner: DescEnum;
  readonly position: number;
  /** From number to number; several may share a target. */
  readonly values: readonly { readonly from: number; readonly to: number }[];
  /** Undefined: an unmapped value fails (towards upstreams INVALID_ARGUMENT). */
  readonly default: number | undefined;
}

// Presence of fields: a field may be without a value.

/** Returns true if a field can be without a value. */
export function canBeAbsent(field: DescField): boolean {
  if (field.fieldKind === "list" || field.fieldKind === "map") return true;
  return presenceOf(field) !== "implicit" && !isRequired(field);
}

/** `required` of proto2, and what editions have for it: a message without it cannot be sent. */
export function isRequired(field: DescField): boolean {
  return field.presence === FeatureSet_FieldPresence.LEGACY_REQUIRED;
}
