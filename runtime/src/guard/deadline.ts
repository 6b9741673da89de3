/** What is kept of a budget for composing the answer, once no call may run any more; all in milliseconds. */
export function marginMs(budgetMs: number): number {
  return Math.min(Math.max(budgetMs / 10, 5), 200, budgetMs / 2);
}

/** How long calls may run in a method of this timeout when nothing else has used time. */
export function callBudgetMs(methodMs: number): number {
  return methodMs - marginMs(methodMs);
}

/** The budget of a request: the method's timeout, or less when the client says so. */
export function budgetMs(methodMs: number, clientMs: number | undefined): number {
  return clientMs === undefined ? methodMs : Math.min(methodMs, clientMs);
}
