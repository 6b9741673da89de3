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
import type { DescEnum, DescEnumValue, DescExtension, DescField, DescMessage } from "@bufbuild/protobuf";
import type { Origin, Text } from "../../../diagnostic/diagnostic.ts";
import type { CelType, Lack, Overload, Proto, Variable } from "./type.ts";

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
