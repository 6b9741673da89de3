// One pass over all messages. Only the last one counts.
import type { Diagnostic, Report } from "../diagnostic/diagnostic.ts";
import type { Ahead } from "./graph/messages-ahead.ts";
import type { CheckedText, Observe } from "./model/checked-text.ts";

/** Keeps what a pass reports and observes until it is known that no further pass follows. */
export class Pass {
  readonly ahead: Ahead | undefined;
  readonly observe: Observe | undefined;
  readonly #diagnostics: Diagnostic[] = [];
  readonly #texts: CheckedText[] = [];
  readonly #report: Report;
  readonly #observe: Observe | undefined;

  constructor(report: Report, observe: Observe | undefined, ahead: Ahead | undefined) {
    this.#report = report;
    this.#observe = observe;
    this.observe = observe && ((text) => this.#texts.push(text));
    // An editor shows the current diagnostics. A further pass may replace them.
    this.ahead = ahead && { files: ahead.files, resolved: () => ahead.resolved(this.#diagnostics) };
  }

  readonly report: Report = (diagnostic) => {
    this.#diagnostics.push(diagnostic);
  };

  /** Hands on everything that was kept. */
  ends(): void {
    for (const diagnostic of this.#diagnostics) this.#report(diagnostic);
    if (this.#observe !== undefined) for (const text of this.#texts) this.#observe(text);
  }
}
