// CEL's types in the checker, with the protobuf kind of plain values, which binding rules need.
import type { DescEnum, DescEnumValue, DescExtension, DescField, DescMessage, ScalarType } from "@bufbuild/protobuf";
import type { Origin, Text } from "../../../diagnostic/diagnostic.ts";

export type CelType =
  | { readonly kind: "bool" | "uint" | "double" | "string" | "bytes" | "null" }
  /**
   * `enum`: a value of that enum. It counts as an int everywhere, and as a plain int among ints and values of other
   * enums.
   */
  | { readonly kind: "int"; readonly enum?: DescEnum }
  /** `any`: known to be a google.protobuf.Any, which counts as its content. */
  | { readonly kind: "dyn"; readonly any?: true }
  | { readonly kind: "list"; readonly element: CelType }
  | { readonly kind: "map"; readonly key: CelType; readonly value: CelType }
  /**
   * Any message, including google.protobuf.Timestamp and Duration (CEL's timestamp and duration). `nullable`: it may be
   * null instead, as in `c ? x : null`. A message that is read directly is never null.
   */
  | { readonly kind: "message"; readonly desc: DescMessage; readonly nullable?: true }
  /** A nullable scalar: google.protobuf.Int32Value and its like. */
  | { readonly kind: "wrapper"; readonly of: CelType }
  | { readonly kind: "optional"; readonly of: CelType }
  | { readonly kind: "type"; readonly of: CelType }
  /**
   * An error (`error-type.ts`), or a type of functions that are declared beside the language (conformance tests only).
   */
  | { readonly kind: "opaque"; readonly name: string; readonly params: readonly CelType[] }
  /** A type parameter of a function signature. */
  | { readonly kind: "param"; readonly name: string }
  /** `args` of a composed message, `env`, `error`: names with values, never a value itself. */
  | { readonly kind: "struct"; readonly members: ReadonlyMap<string, Variable> };

/**
 * Protobuf type of a value, if it is known exactly. It determines the representation in TypeScript (protobuf-es):
 * - int32, uint32, sint32, fixed32, sfixed32, enum, float and double are `number`;
 * - 64-bit integers are `bigint`;
 * - bytes are `Uint8Array`;
 * - a list is an array;
 * - a map is an object (string keys), as in protobuf-es;
 * - a message is its generated shape.
 */
export type Proto =
  /** `text`: a 64-bit integer with jstype = JS_STRING, a string in TypeScript. */
  | { readonly kind: "scalar"; readonly scalar: ScalarType; readonly text?: true }
  | { readonly kind: "enum"; readonly desc: DescEnum }
  | { readonly kind: "message"; readonly desc: DescMessage }
  | { readonly kind: "list"; readonly of: Proto }
  | { readonly kind: "map"; readonly key: ScalarType; readonly of: Proto };

/** A name that an expression may use. Identity matters: two scopes with the same variable share one object. */
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
    | "field"
    | "unknown";
  readonly type: CelType;
  /**
   * Undefined for computed values: ints and uints are then `bigint`, doubles `number`, timestamps and durations
   * protobuf-es messages.
   */
  readonly proto: Proto | undefined;
  /**
   * True if a value may be missing: reads of it must be safe, or make their expression absent. For "step", "arg",
   * "principal" and "field".
   */
  readonly absent: boolean;
  /** For "principal", "arg" and "step": the place that determines the type. */
  readonly typedAt?: Origin | undefined;
  /** For "field": the read of composed messages that it represents. */
  readonly missing?: MissingRead | undefined;
  /** True if the value is received from a client or an upstream, so that none of its messages has missing fields. */
  readonly complete?: boolean | undefined;
  /**
   * For "step": the variable that `failure` reads, if the step may fail, or be left out because of a failure, while the
   * response continues.
   */
  readonly failure?: Variable | undefined;
  /**
   * For "step": "kept" if `header` and `trailer` can read the metadata of its answer, otherwise the reason. Undefined:
   * it makes no call.
   */
  readonly received?: "kept" | NotReceived | undefined;
  /**
   * For "arg": the field with presence that provides it at every place, or at the first one. `has` tests if it is set.
   */
  readonly presence?: DescField | undefined;
  /**
   * For "arg": at most one of the arguments with the same text is set, because every place provides them as members of
   * one oneof.
   */
  readonly choice?: string | undefined;
  /**
   * For "arg": the field that provides it, of a request or by a path, if that may be unset. A path then reads no value,
   * and any other expression the default. Undefined if it is not, or cannot be, passed on unset.
   */
  readonly unset?: DescField | undefined;
  /**
   * For "arg": a request field that provides it and may be unset. Set even if `unset` is not, because each request
   * passes on its default.
   */
  readonly unsetBy?: DescField | undefined;
}

/** Why the metadata of a step's answer cannot be read. */
export interface NotReceived {
  readonly lack: string;
  readonly hint: string;
  /** The option that prevents it. */
  readonly related?: { readonly at: Origin; readonly message: string };
}

/** Why a field of a composed message can be missing: a failure is among the causes, or only conditions and keys. */
export type Lack = "failure" | "absence";

/** A read of a field of a composed message that can be missing. */
interface MissingRead {
  /** The name before the fields. Undefined for reads of items, which are in macros, and of whole messages. */
  readonly root: Variable | undefined;
  /** The fields after the name. For reads of items: the field of the first one. For whole messages: one of theirs. */
  readonly path: readonly DescField[];
  readonly lack: Lack;
  /** True if whole messages are read. */
  readonly whole?: true;
}

/** One overload of a function. */
export interface Overload {
  /** The id in cel-go, if there is one; the printer depends on it. `OWN`: a function of the user. */
  readonly id: string;
  readonly fn: string;
  /** True if the first parameter is before the dot. */
  readonly method: boolean;
  readonly params: readonly CelType[];
  readonly result: CelType;
  /** True if it can fail at run time. Integer arithmetic depends on the ranges of its operands instead. */
  readonly fails: boolean;
}

/** The id of functions of the user, which differ by their names. */
export const USER_FUNCTION = "own";

/** Scope in which expressions of one place are checked. */
export interface Scope {
  readonly lookup: (name: string) => Variable | undefined;
  /** For did-you-mean. */
  readonly names: () => Iterable<string>;
  /** The proto package, for relative names of messages and enums. */
  readonly container: string;
  /** Functions of the user. */
  readonly functions?: readonly Overload[];
  /** Variables with a value, because of a condition around the expression. */
  readonly known?: ReadonlySet<Variable>;
  /** Variables without a value, because of a condition around the expression. */
  readonly gone?: ReadonlySet<Variable>;
  /** Returns why a field of a composed message can be missing. Undefined: it never is. */
  readonly lackOf?: ((field: DescField) => Lack | undefined) | undefined;
  /** Conversions between enums, and the texts of their values. Undefined: none. */
  readonly enums?: {
    /** Returns the conversion of one enum's values to another, if there is one. `fails`: it may fail. */
    readonly converts: (from: DescEnum, to: DescEnum) => { readonly fails: boolean } | undefined;
    /** Returns the texts of the values, one for each number. Undefined if they have none. */
    readonly texts: (desc: DescEnum) => ReadonlyMap<DescEnumValue, string> | undefined;
  };
}

export type FieldType = { readonly type: CelType; readonly proto: Proto };

// A checked expression, as the rest of the compiler sees it. Made by `check.ts`, printed by `emit.ts`.
//
// Conventions of checker and printer beyond the types below:
// - A call has the id of the one overload that takes its operands. It is `dynamic` if operands of type dyn leave
//   several open, or if none fits without the checker. The operands are then unchanged, and their types select `fn` at
//   run time.
// - `optional_index`: `a[?i]`, and `a[i]` if a is an optional; args = [a, i], a an optional or not; the result is an
//   optional.
// - `error_detail`: args = [the name `error`, a typename]; the result is an optional.
// - `enum_name`, `enum_text` (its second operand is a map of all texts), `enum_from`, `enum_parse` and `enum_convert`:
//   the type of the operand, or of the result, has the enum.
// - `int64_to_enum`, `string_to_enum`: `Status(1)`, `Status("IDLE")`; `proto` is the enum. Only if enums are open.
// - Macros: with one variable all, exists, exists_one, map, filter, sortBy; with two (index or key, value) all, exists,
//   exists_one and transformList, transformMap, transformMapEntry with args [result] or [condition, result]; bind:
//   range is the bound value, args [body]; optMap and optFlatMap: range is an optional, args [body].
// - A name that is unknown without the checker is a variable of role "unknown": reading it is an error at run time.

/**
 * One read of a name. `ok(x)` tests if x has a value, and `failure(x)` reads the reason why it has none; both are
 * always safe. `header(x, …)` and `trailer(x, …)` read the metadata of its answer.
 */
export interface Read {
  readonly variable: Variable;
  readonly kind: "value" | "ok" | "failure" | "received";
  /** True if `ok(x)` is known to hold at the read (or x is never absent). */
  readonly safe: boolean;
  readonly at: Origin;
}

export interface Expression {
  readonly text: Text;
  readonly root: Node;
  readonly type: CelType;
  /**
   * The protobuf kind of a plain path, a literal list of paths, a conditional with equal branches …; undefined for
   * computed values.
   */
  readonly proto: Proto | undefined;
  /** All reads in order of appearance, comprehension variables left out. */
  readonly reads: readonly Read[];
  /**
   * The variables read unsafely that may be absent, deduplicated: if one of them is absent, the expression is not
   * evaluated.
   */
  readonly unsafe: readonly Variable[];
  /** The variables that it reads and that have a value because of a surrounding condition. */
  readonly safe: ReadonlySet<Variable>;
  /** True if evaluation can raise a CEL error (division, index, overflow, conversion …). */
  readonly fails: boolean;
  /** A name followed by field selections only (`s.a.x`), nothing else. */
  readonly path: boolean;
  /**
   * If `path`: true if an unset field on the path (or at its end) leaves the value unset; see "Presence" in
   * language.md.
   */
  readonly mayBeUnset: boolean;
  /** The literal value, if the expression is a constant. */
  readonly constant: string | bigint | number | boolean | null | undefined;
  /** True if its errors are never absorbed, and an unset value is an error (strict.ts). */
  readonly strict?: true;
}

/**
 * The typed tree. Only the checker and the printer use node kinds; other stages use only the members of `Expression`.
 */
export type Node = NodeBase &
  (
    | { readonly kind: "constant"; readonly value: string | bigint | number | boolean | null | Uint8Array }
    | { readonly kind: "name"; readonly variable: Variable }
    | { readonly kind: "enum"; readonly desc: DescEnum; readonly value: DescEnumValue }
    | { readonly kind: "typename"; readonly named: CelType }
    /**
     * `optional`: written `a.?b`, or `of` is an optional; the result is an optional (or with `test` a bool). `place`: the
     * field can be missing, and a name is before the fields. `gap`: an unsafe read of such a field of an item, or of
     * another computed message.
     */
    | {
        readonly kind: "select";
        readonly of: Node;
        readonly field: DescField | string;
        readonly test: boolean;
        readonly optional?: true;
        readonly place?: Variable;
        readonly gap?: Lack;
      }
    /** A field that an extension of proto2 adds. */
    | { readonly kind: "extension"; readonly of: Node; readonly extension: DescExtension; readonly test: boolean }
    /**
     * `userFunction`: the function of the user, if the overload is one. `gap`: a field of a message in the operands can be
     * missing, and the call reads all of them.
     */
    | {
        readonly kind: "call";
        readonly fn: string;
        readonly overload: string;
        readonly args: readonly Node[];
        readonly userFunction?: Overload;
        readonly gap?: Lack;
      }
    /**
     * `set`: not `ok(args.x)` but `has(args.x)`, of an argument that is never absent and may be unset. `field`: the tested
     * field of a composed message.
     */
    | {
        readonly kind: "ok";
        readonly variable: Variable;
        readonly set?: true;
        readonly known?: boolean;
        readonly field?: { readonly of: Node; readonly field: DescField };
      }
    /** A header or a trailer of the answer to a step's call, by its lower-case name: a string, "" if absent. */
    | {
        readonly kind: "received";
        readonly variable: Variable;
        readonly part: "header" | "trailer";
        readonly name: string;
      }
    /** `optionals`: the indexes of elements written `?x`, which are optionals. */
    | { readonly kind: "list"; readonly elements: readonly Node[]; readonly optionals?: ReadonlySet<number> }
    /** An entry written `?k: v` has `true` as its third part; its value is an optional. */
    | { readonly kind: "map"; readonly entries: readonly (readonly [key: Node, value: Node, optional?: true])[] }
    | {
        readonly kind: "message";
        readonly desc: DescMessage;
        readonly fields: readonly { readonly field: DescField; readonly value: Node; readonly optional?: true }[];
      }
    /** `declaredAt`: the places of the variables' names. */
    | {
        readonly kind: "macro";
        readonly macro: string;
        readonly range: Node;
        readonly vars: readonly Variable[];
        readonly declaredAt?: readonly Origin[];
        readonly args: readonly Node[];
      }
  );
export type CallNode = Node & { readonly kind: "call" };
export interface NodeBase {
  readonly type: CelType;
  readonly proto: Proto | undefined;
  readonly at: Origin;
  readonly fails: boolean;
}
