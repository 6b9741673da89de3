/** Steps that nothing in the opening reads have its budget all the same, and causes that each item is to see. */
export async function awaitSteps(opened: unknown): Promise<void> {
  if (typeof opened !== "object" || opened === null) return;
  const steps = Object.values(opened).filter((value) => value instanceof Promise);
  if (steps.length > 0) await Promise.allSettled(steps);
}
