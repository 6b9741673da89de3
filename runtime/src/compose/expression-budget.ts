// The budget of the expressions of one request, or of one item of a stream.

import { StepsExceeded } from "../error-info.ts";
import { type Meter, mostSteps, useMeter } from "../expressions/value/meter.ts";
import type { Failure } from "../failure.ts";
import type { Scope } from "../scope/scope.ts";

/** Share of the steps for rules of buf.validate, permits and limits: they also run for requests that are refused. */
const GATES = 0.1;

export class ExpressionBudget implements Meter {
  left: number;
  readonly #scope: Scope | undefined;

  /** @param scope fails as a whole when the steps are used up; undefined: `exceeded` alone reports it */
  constructor(scope: Scope | undefined, steps: number) {
    this.left = steps;
    this.#scope = scope;
  }
  /** Returns the budget of a request's gates. */
  static ofGates(scope: Scope | undefined): ExpressionBudget {
    return new ExpressionBudget(scope, mostSteps() * GATES);
  }
  exceeded(): Failure {
    const failure = new StepsExceeded();
    this.#scope?.fail(failure, FIRST);
    return failure;
  }
}

/** Precedes guards. */
const FIRST = -1;

/** Runs a check of a message before its request exists. */
export function withinGates(check: () => void): void {
  useMeter(ExpressionBudget.ofGates(undefined));
  check();
}
