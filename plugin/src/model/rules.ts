// Checks of a request before it is composed (buf.validate), as data: the values, the tests, and the texts of
// violations.
import type { DescField, DescMessage, DescOneof } from "@bufbuild/protobuf";
import type { Expression, Variable } from "../cel/index.ts";
import type { Origin } from "../diagnostic/diagnostic.ts";

/** Checks of one message, and of the messages inside of it. */
export interface RuledMessage {
  readonly desc: DescMessage;
  /** Rules over the whole message. */
  readonly cel: readonly CelRule[];
  /** `(buf.validate.message).oneof`: at most one of these is set, or exactly one. */
  readonly groups: readonly RuledGroup[];
  /** Oneofs of which one member has to be set. */
  readonly oneofs: readonly DescOneof[];
  readonly fields: readonly RuledField[];
}
export interface RuledGroup {
  readonly fields: readonly DescField[];
  readonly required: boolean;
}
export interface RuledField {
  readonly field: DescField;
  readonly required: boolean;
  /** Checks of the value of a field that is set; without presence, always. Undefined: none. */
  readonly value: ElementRules | undefined;
}
export interface ValueRules {
  readonly cel: readonly CelRule[];
  readonly checks: readonly RuleCheck[];
  /** `(buf.validate.predefined)`: rules that users have defined in CEL. Their `this` is the value inside a wrapper. */
  readonly predefined: readonly CelRule[];
  readonly items: ElementRules | undefined;
  readonly keys: ElementRules | undefined;
  readonly values: ElementRules | undefined;
  /** A message with separate checks. */
  readonly nested: DescMessage | undefined;
}
export interface ElementRules extends ValueRules {
  /** True if the zero value is exempt. */
  readonly unlessZero: boolean;
}

/** Members of a violation that describe its rule. */
export interface RuleText {
  /** `string.min_len` */
  readonly id: string;
  /** Empty if an expression returns the message. */
  readonly message: string;
  /** Path in `buf.validate.FieldRules`; empty: it is not a field's rule. */
  readonly path: readonly RuleStep[];
}
/**
 * A field on the way to a rule: name, number, type (of `google.protobuf.FieldDescriptorProto.Type`), and the index in a
 * list.
 */
export type RuleStep = readonly [name: string, number: number, type: number, index?: number];

/** A rule in CEL. */
export interface CelRule {
  readonly rule: RuleText;
  readonly expression: Expression;
  /**
   * Result of the expression. `bool`: true for a valid value; `string`: the fault, or empty; `dyn`: either, known at
   * run time.
   */
  readonly gives: "bool" | "string" | "dyn";
  /** `this` in the expression. */
  readonly value: Variable;
  /** Value of a predefined rule, as text. */
  readonly is?: string;
}

/** A standard rule. */
export interface RuleCheck {
  readonly rule: RuleText;
  readonly at: Origin;
  readonly test: Test;
}
export type Scalar = string | number | bigint | boolean;
/** `google.protobuf.Timestamp` and `Duration` in short. */
export interface Time {
  readonly seconds: bigint;
  readonly nanos: number;
}
export interface Bound<T> {
  readonly value: T;
  readonly inclusive: boolean;
}
/** Condition on a value. */
export type Test =
  | { readonly kind: "equal"; readonly value: Scalar }
  | { readonly kind: "in"; readonly values: readonly Scalar[]; readonly not: boolean }
  /** Between the bounds; where the lower one is above the upper one, outside of them. */
  | {
      readonly kind: "range";
      readonly low: Bound<number | bigint> | undefined;
      readonly high: Bound<number | bigint> | undefined;
      /** Values may be NaN, which is in no range. */
      readonly nan: boolean;
    }
  | { readonly kind: "finite" }
  /** `unit`: characters of a text, its bytes as UTF-8, bytes, items, pairs. */
  | {
      readonly kind: "size";
      readonly unit: "characters" | "utf8" | "bytes" | "items" | "pairs";
      readonly is: "least" | "most" | "exact";
      readonly count: bigint;
    }
  | {
      readonly kind: "text";
      readonly part: "prefix" | "suffix" | "contains";
      readonly text: string;
      readonly not: boolean;
    }
  | { readonly kind: "pattern"; readonly pattern: string; readonly bytes: boolean }
  /**
   * A function of the runtime decides; `others` are its further arguments. `empty`: true if empty texts are checked,
   * too.
   */
  | { readonly kind: "format"; readonly name: string; readonly others: readonly Scalar[]; readonly empty: boolean }
  | { readonly kind: "notEmpty"; readonly bytes: boolean }
  | { readonly kind: "equalBytes"; readonly value: Uint8Array }
  | { readonly kind: "inBytes"; readonly values: readonly Uint8Array[]; readonly not: boolean }
  | { readonly kind: "partOfBytes"; readonly part: "prefix" | "suffix" | "contains"; readonly bytes: Uint8Array }
  /** Zero, or one of these. */
  | { readonly kind: "bytesLength"; readonly lengths: readonly number[] }
  | { readonly kind: "defined"; readonly numbers: readonly number[] }
  | { readonly kind: "unique" }
  | { readonly kind: "typeUrl"; readonly urls: readonly string[]; readonly not: boolean }
  | { readonly kind: "equalTime"; readonly value: Time }
  | { readonly kind: "inTimes"; readonly values: readonly Time[]; readonly not: boolean }
  | { readonly kind: "timeRange"; readonly low: Bound<Time> | undefined; readonly high: Bound<Time> | undefined }
  | { readonly kind: "now"; readonly is: "before" | "after" }
  | { readonly kind: "within"; readonly of: Time }
  | { readonly kind: "paths"; readonly is: "equal" | "in" | "not_in"; readonly paths: readonly string[] };
