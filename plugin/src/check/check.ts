import type { Report } from "../diagnostic/diagnostic.ts";
import type { Model } from "../resolve/model/model.ts";

/** A check of the resolved model, and the codes that only this check reports. */
export interface Check<Input = Model> {
  /** Code → the sentence of docs/diagnostics.md: a norm and its reason. The first digit of a code is its group. */
  readonly rules: Readonly<Record<`BFF${number}`, string>>;
  readonly run: (input: Input, report: Report) => void;
}
