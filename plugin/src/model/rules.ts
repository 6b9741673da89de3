// What is checked of a request before it is composed (buf.validate), as data: which values, which tests, what is told of one that fails.
import type { DescField, DescMessage, DescOneof } from "@bufbuild/protobuf";
import type { Expression, Variable } from "../cel/index.ts";
import type { Origin } from "../diagnostic/origin.ts";

/** What is checked of one message, and of what is inside of it. */
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
  /** What is looked at where the field is set; without presence, always. Undefined: nothing. */
  readonly value: ElementRules | undefined;
}
export interface ValueRules {
  readonly cel: readonly CelRule[];
  readonly checks: readonly Check[];
  /** `(buf.validate.predefined)`: rules that users have made of CEL. What is in a wrapper is their `this`. */
  readonly predefined: readonly CelRule[];
  readonly items: ElementRules | undefined;
  readonly keys: ElementRules | undefined;
  readonly values: ElementRules | undefined;
  /** A message with checks of its own. */
  readonly nested: DescMessage | undefined;
}
export interface ElementRules extends ValueRules {
  /** Not where it is the zero value. */
  readonly unlessZero: boolean;
}

/** What a violation tells of its rule. */
export interface RuleText {
  /** `string.min_len` */
  readonly id: string;
  /** Empty where an expression says it. */
  readonly message: string;
  /** Where it stands in `buf.validate.FieldRules`; empty: it is not a field's. */
  readonly path: readonly RuleStep[];
}
/** A field on the way to a rule: name, number, type (of `google.protobuf.FieldDescriptorProto.Type`), and the index in a list. */
export type RuleStep = readonly [name: string, number: number, type: number, index?: number];

/** A rule in CEL. */
export interface CelRule {
  readonly rule: RuleText;
  readonly expression: Expression;
  /** Whether the value is right, or what is wrong with it; `dyn`: either, found at run time. */
  readonly gives: "bool" | "string" | "dyn";
  /** `this` in the expression. */
  readonly value: Variable;
  /** What a predefined rule is set to, as text. */
  readonly is?: string;
}

/** A standard rule. */
export interface Check {
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
/** What has to hold of a value. */
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
  /** A function of the runtime says so; `others` are its further arguments. `empty`: whether it is asked of empty texts, too. */
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
