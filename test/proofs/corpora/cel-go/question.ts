/** An expression to evaluate, or with `field` to give to that field of t.All; `optional`: it gives an optional there. */
export interface Question {
  readonly expression: string;
  readonly field?: string;
  readonly optional?: boolean;
}

/** The expression for a language that has no bindings of fields. */
export function expressionOf({ expression, field, optional }: Question): string {
  return field === undefined ? expression : `All{${optional ? "?" : ""}${field}: ${expression}}`;
}

/** Answer of one side. */
export interface Answer {
  /** Why the checker refuses it. */
  readonly refused?: string;
  /** As cel-go writes types. */
  readonly type?: string;
  /** See canonical.ts. */
  readonly value?: string;
  /** The error at run time. */
  readonly error?: string;
}
