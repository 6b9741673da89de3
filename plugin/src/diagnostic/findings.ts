import type { Diagnostic, Report } from "./diagnostic.ts";
import { isError, isWarning, type Severities, withSeverity } from "./severity.ts";

/** The diagnostics of one run, with the severities that the options set. */
export class Findings {
  readonly #severities: Severities;
  #all: Diagnostic[] = [];

  constructor(severities: Severities) {
    this.#severities = severities;
  }

  readonly report: Report = (diagnostic) => {
    this.#all.push(...this.adjusted([diagnostic]));
  };

  /** Returns diagnostics with the severities that the options set, without adding them. */
  adjusted(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
    return diagnostics.flatMap((diagnostic) => withSeverity(diagnostic, this.#severities) ?? []);
  }

  /** Replaces all diagnostics, for a stage that removes or joins some. */
  replace(all: readonly Diagnostic[]): void {
    this.#all = [...all];
  }

  get all(): readonly Diagnostic[] {
    return this.#all;
  }

  get errors(): readonly Diagnostic[] {
    return this.#all.filter(isError);
  }

  get warnings(): readonly Diagnostic[] {
    return this.#all.filter(isWarning);
  }

  get sound(): boolean {
    return !this.#all.some(isError);
  }
}
