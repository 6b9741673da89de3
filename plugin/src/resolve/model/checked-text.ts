import type { Expression, Scope, Variable } from "../../cel/index.ts";
import type { Text } from "../../diagnostic/diagnostic.ts";
import type { Step } from "./model.ts";

/** The text of an expression with its names, for tools beside the compiler. */
export interface CheckedText {
  readonly text: Text;
  /** The names that it may use. Steps are added until its message is resolved. */
  readonly scope: Scope;
  /** The steps behind names of the scope. */
  readonly stepOf: ReadonlyMap<Variable, Step>;
  /** Undefined after a diagnostic, or if it reads a name with a fault. */
  readonly expression: Expression | undefined;
}

/** Receives each text when it is checked, faulty and empty ones included. A text in several contexts comes repeatedly. */
export type Observe = (checked: CheckedText) => void;
