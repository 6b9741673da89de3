/**
 * Returns the part of a budget that is reserved for composing the answer, when no call may run any more; all in
 * milliseconds.
 */
function marginMs(budgetMs: number): number {
  return Math.min(Math.max(budgetMs / 10, 5), 200, budgetMs / 2);
}

/** Returns the time that calls may take in a method of this timeout, if nothing else has used time. */
export function callBudgetMs(methodMs: number): number {
  return methodMs - marginMs(methodMs);
}

/** Returns the budget of a request: the method's timeout, or the client's if that is shorter. */
export function budgetMs(methodMs: number, clientMs: number | undefined): number {
  return clientMs === undefined ? methodMs : Math.min(methodMs, clientMs);
}
