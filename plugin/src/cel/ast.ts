import type { ExpressionCode } from "./codes.ts";

/** Where something stands in the text of an expression: UTF-16 offsets, the end exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** An expression as it was written: macros are calls here, and every node knows its place. */
export type Ast = Span &
  (
    | {
        readonly kind: "constant";
        readonly value: string | bigint | number | boolean | null | Uint8Array;
        readonly unsigned: boolean;
      }
    /** `absolute`: written with a leading dot. */
    | { readonly kind: "ident"; readonly name: string; readonly absolute: boolean }
    | { readonly kind: "select"; readonly of: Ast; readonly field: string; readonly name: Span }
    /** Operators are calls without a target, named as in the CEL spec: `_+_`, `_?_:_`, `@in`. */
    | {
        readonly kind: "call";
        readonly fn: string;
        readonly name: Span;
        readonly target: Ast | undefined;
        readonly args: readonly Ast[];
      }
    | { readonly kind: "list"; readonly elements: readonly Ast[] }
    | { readonly kind: "map"; readonly entries: readonly (readonly [Ast, Ast])[] }
    | {
        readonly kind: "message";
        readonly name: string;
        readonly at: Span;
        readonly fields: readonly { readonly name: string; readonly at: Span; readonly value: Ast }[];
      }
  );

export interface SyntaxFault extends Span {
  readonly code: ExpressionCode;
  readonly message: string;
  readonly hint: string | undefined;
}
