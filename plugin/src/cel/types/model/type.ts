// CEL's types as the checker sees them, and beside them the protobuf kind of plain values, which binding rules need.
import type { DescEnum, DescEnumValue, DescField, DescMessage, ScalarType } from "@bufbuild/protobuf";

export type CelType =
  | { readonly kind: "bool" | "uint" | "double" | "string" | "bytes" | "null" }
  /** `enum`: a value of that enum. It counts as an int everywhere, and is no more than one among ints and values of other enums. */
  | { readonly kind: "int"; readonly enum?: DescEnum }
  /** `any`: known to be a google.protobuf.Any, which counts as what is in it. */
  | { readonly kind: "dyn"; readonly any?: true }
  | { readonly kind: "list"; readonly element: CelType }
  | { readonly kind: "map"; readonly key: CelType; readonly value: CelType }
  /**
   * Any message. google.protobuf.Timestamp and Duration are messages here too (CEL's timestamp and duration). `nullable`: it may be null
   * instead, as in `c ? x : null`; a message that is read from somewhere never is.
   */
  | { readonly kind: "message"; readonly desc: DescMessage; readonly nullable?: true }
  /** A nullable scalar: google.protobuf.Int32Value and its like. */
  | { readonly kind: "wrapper"; readonly of: CelType }
  | { readonly kind: "optional"; readonly of: CelType }
  | { readonly kind: "type"; readonly of: CelType }
  /** An error (`error-type.ts`), or a type that functions declared beside the language give and take (conformance tests only). */
  | { readonly kind: "opaque"; readonly name: string; readonly params: readonly CelType[] }
  /** A type parameter of a function signature. */
  | { readonly kind: "param"; readonly name: string }
  /** `args` of a composed message, `env`, `error`: names with values, never a value itself. */
  | { readonly kind: "struct"; readonly members: ReadonlyMap<string, Variable> };

/**
 * What a value is in protobuf, where that is known exactly: it says how the value is represented in TypeScript (protobuf-es):
 * int32, uint32, sint32, fixed32, sfixed32, enum, float and double are `number`; 64-bit integers `bigint`; bytes `Uint8Array`; a list
 * an array; a map an object (string keys) as protobuf-es has it; a message its generated shape.
 */
export type Proto =
  /** `text`: a 64-bit integer with jstype = JS_STRING, a string in TypeScript. */
  | { readonly kind: "scalar"; readonly scalar: ScalarType; readonly text?: true }
  | { readonly kind: "enum"; readonly desc: DescEnum }
  | { readonly kind: "message"; readonly desc: DescMessage }
  | { readonly kind: "list"; readonly of: Proto }
  | { readonly kind: "map"; readonly key: ScalarType; readonly of: Proto };

/** A name that an expression may use. Identity matters: two scopes that mean the same thing share one object. */
export interface Variable {
  readonly name: string;
  readonly role:
    | "step"
    | "args"
    | "arg"
    | "item"
    | "headers"
    | "env"
    | "var"
    | "now"
    | "error"
    | "principal"
    | "peer"
    | "failure"
    | "resume"
    | "local"
    | "unknown";
  readonly type: CelType;
  /** Undefined for what CEL computes: then ints and uints are `bigint`, doubles `number`, timestamps and durations protobuf-es messages. */
  readonly proto: Proto | undefined;
  /** Whether a value may be missing: then reads of it have to be safe, or make their expression absent. For "step", "arg" and "principal". */
  readonly absent: boolean;
  /** For "step": what `failure` reads of it, where it may have failed, or been left out because of a failure, and the response goes on. */
  readonly failure?: Variable | undefined;
  /** For "step": whether `header` and `trailer` read what came beside its value, or why they cannot. Undefined: it makes no call. */
  readonly received?: "kept" | { readonly lack: string; readonly hint: string } | undefined;
  /** For "arg": the field with presence by which every place gives it, or the first place does: `has` asks whether it is set. */
  readonly presence?: DescField | undefined;
  /** For "arg": of arguments with the same text at most one is set, since every place gives them as members of one oneof. */
  readonly choice?: string | undefined;
  /**
   * For "arg": the field that gives it, of a request or by a path, when that may be unset. A path then reads nothing, any other expression the default.
   * Undefined where nothing is, or can be, handed on unset.
   */
  readonly unset?: DescField | undefined;
  /** For "arg": a field of a request that gives it and may be unset, also where `unset` is not because each request hands on its default. */
  readonly unsetBy?: DescField | undefined;
}

/** One way to call a function. */
export interface Overload {
  /** As in cel-go, where it has a name there; the printer goes by it. `OWN`: a function of the user. */
  readonly id: string;
  readonly fn: string;
  /** Whether the first parameter stands before the dot. */
  readonly method: boolean;
  readonly params: readonly CelType[];
  readonly result: CelType;
  /** Whether it can end in an error at run time. Integer arithmetic is judged by the ranges of its operands instead. */
  readonly fails: boolean;
}

/** The id of functions of the user, which are told apart by their names. */
export const OWN = "own";

/** Where expressions of one place are checked. */
export interface Scope {
  readonly lookup: (name: string) => Variable | undefined;
  /** For did-you-mean. */
  readonly names: () => Iterable<string>;
  /** The proto package, for relative names of messages and enums. */
  readonly container: string;
  /** Functions of the user. */
  readonly functions?: readonly Overload[];
  /** What a condition around the expression has made sure of: these have a value. */
  readonly known?: ReadonlySet<Variable>;
  /** And these have none. */
  readonly gone?: ReadonlySet<Variable>;
  /** What enums mean to each other and to readers. None: nothing. */
  readonly enums?: {
    /** Whether a value of one enum can be made one of the other, and whether that may fail. */
    readonly converts: (from: DescEnum, to: DescEnum) => { readonly fails: boolean } | undefined;
    /** The texts of the values, once for each number; undefined where they have none. */
    readonly texts: (desc: DescEnum) => ReadonlyMap<DescEnumValue, string> | undefined;
  };
}

export type FieldType = { readonly type: CelType; readonly proto: Proto };
