// A checked expression: what the rest of the compiler knows about it. Made by `check.ts`, printed by `emit.ts`.
import type { DescEnum, DescEnumValue, DescField, DescMessage } from "@bufbuild/protobuf";
import type { Origin, Text } from "../origin.ts";
import type { CelType, Proto, Variable } from "./type.ts";

/** One read of a name. `ok(x)` asks whether x has a value and is always safe. */
export interface Read {
  readonly variable: Variable;
  readonly kind: "value" | "ok";
  /** Whether the read stands where `ok(x)` is known to hold (or x is never absent). */
  readonly safe: boolean;
  readonly at: Origin;
}

export interface Expression {
  readonly text: Text;
  readonly root: Node;
  readonly type: CelType;
  /** The protobuf kind of a plain path, a literal list of such, a conditional of two alike …; undefined for computed values. */
  readonly proto: Proto | undefined;
  /** All reads in order of appearance, comprehension variables left out. */
  readonly reads: readonly Read[];
  /** The variables read unsafely that may be absent, deduplicated: when one of them is absent the expression is not evaluated. */
  readonly unsafe: readonly Variable[];
  /** Whether evaluation can raise a CEL error (division, index, overflow, conversion …). */
  readonly fails: boolean;
  /** A name followed by field selections only (`s.a.x`), nothing else. */
  readonly path: boolean;
  /** When `path`: whether an unset field on the way (or at its end) leaves the value unset: see "Presence" in language.md. */
  readonly mayBeUnset: boolean;
  /** The literal value when the expression is a constant. */
  readonly constant: string | bigint | number | boolean | null | undefined;
}

/** The typed tree. Node kinds are the checker's own; other stages use only what stands in `Expression`. */
export type Node = NodeBase &
  (
    | { readonly kind: "constant"; readonly value: string | bigint | number | boolean | null | Uint8Array }
    | { readonly kind: "name"; readonly variable: Variable }
    | { readonly kind: "enum"; readonly desc: DescEnum; readonly value: DescEnumValue }
    | { readonly kind: "typename"; readonly named: CelType }
    | { readonly kind: "select"; readonly of: Node; readonly field: DescField | string; readonly test: boolean }
    | { readonly kind: "call"; readonly fn: string; readonly overload: string; readonly args: readonly Node[] }
    | { readonly kind: "ok"; readonly variable: Variable }
    | { readonly kind: "list"; readonly elements: readonly Node[] }
    | { readonly kind: "map"; readonly entries: readonly (readonly [Node, Node])[] }
    | {
        readonly kind: "message";
        readonly desc: DescMessage;
        readonly fields: readonly { readonly field: DescField; readonly value: Node }[];
      }
    | {
        readonly kind: "macro";
        readonly macro: string;
        readonly range: Node;
        readonly vars: readonly Variable[];
        readonly args: readonly Node[];
      }
  );
export interface NodeBase {
  readonly type: CelType;
  readonly proto: Proto | undefined;
  readonly at: Origin;
  readonly fails: boolean;
}
