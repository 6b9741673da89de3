import type { DescField, DescOneof } from "@bufbuild/protobuf";

/** One rule of a message, as generated code has it. */
export interface Rule {
  /** `buf.validate.Violation.rule_id`. */
  readonly id: string;
  /** Text for the client. */
  readonly message: string;
  /** Position of the rule in `buf.validate.FieldRules`; undefined: it is not the rule of a field. */
  readonly path?: readonly RuleStep[];
}

/** A field on the way to a rule: its name, number and type (of `google.protobuf.FieldDescriptorProto.Type`), and the index in a list. */
export type RuleStep = readonly [name: string, number: number, type: number, index?: number];

/** One step of the path to a violation. */
export interface FieldStep {
  readonly of: DescField | DescOneof;
  /** The index in a list; the key in a map, as protobuf-es has it: a string. */
  readonly at: number | string | undefined;
}

export interface Violation {
  readonly rule: Rule;
  readonly message: string;
  readonly forKey: boolean;
  /** From the inside out. */
  readonly path: FieldStep[];
}
