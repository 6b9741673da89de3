import type { ExpressionCode } from "./codes.ts";

/** Place in the text of an expression: UTF-16 offsets, the end exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
  /** Place that cel-go reports for this part: the operator, the dot, the bracket. Only conformance tests use it. */
  readonly anchor?: number;
}

/** An expression as written: macros are calls, and every node has its place. */
export type Ast = Span &
  (
    | {
        readonly kind: "constant";
        readonly value: string | bigint | number | boolean | null | Uint8Array;
        readonly unsigned: boolean;
      }
    /** `absolute`: written with a leading dot. */
    | { readonly kind: "ident"; readonly name: string; readonly absolute: boolean }
    /** `optional`: written `a.?b`; `quoted`: the field is written between backticks. */
    | {
        readonly kind: "select";
        readonly of: Ast;
        readonly field: string;
        readonly name: Span;
        readonly optional: boolean;
        readonly quoted: boolean;
      }
    /** Operators are calls without a target, named as in the CEL spec: `_+_`, `_?_:_`, `@in`, `_[_]`, `_[?_]`. */
    | {
        readonly kind: "call";
        readonly fn: string;
        readonly name: Span;
        readonly target: Ast | undefined;
        readonly args: readonly Ast[];
        /** A function written with a leading dot. */
        readonly absolute: boolean;
      }
    /** `optionals`: the indexes of elements written `?x`. */
    | { readonly kind: "list"; readonly elements: readonly Ast[]; readonly optionals: ReadonlySet<number> }
    | {
        readonly kind: "map";
        readonly entries: readonly { readonly key: Ast; readonly value: Ast; readonly optional: boolean }[];
      }
    /** `name` keeps its leading dot. */
    | {
        readonly kind: "message";
        readonly name: string;
        readonly at: Span;
        readonly fields: readonly {
          readonly name: string;
          readonly at: Span;
          readonly value: Ast;
          readonly optional: boolean;
        }[];
      }
  );

export interface SyntaxFault extends Span {
  readonly code: ExpressionCode;
  readonly message: string;
  readonly hint: string | undefined;
}

export type CallAst = Ast & { readonly kind: "call" };

/** Returns the parts of an expression, in the order in which they are written. */
export function partsOf(ast: Ast): readonly Ast[] {
  switch (ast.kind) {
    case "select":
      return [ast.of];
    case "call":
      return ast.target === undefined ? ast.args : [ast.target, ...ast.args];
    case "list":
      return ast.elements;
    case "map":
      return ast.entries.flatMap(({ key, value }) => [key, value]);
    case "message":
      return ast.fields.map(({ value }) => value);
    default:
      return [];
  }
}

/** Returns `a.b.c` if it is names and dots only. A leading dot is kept. */
export function dottedName(ast: Ast): string | undefined {
  if (ast.kind === "ident") return ast.absolute ? `.${ast.name}` : ast.name;
  if (ast.kind !== "select" || ast.optional || ast.quoted) return undefined;
  const of = dottedName(ast.of);
  return of === undefined ? undefined : `${of}.${ast.field}`;
}
