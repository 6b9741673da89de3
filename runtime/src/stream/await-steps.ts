/**
 * Waits for the steps of an opening, including those that it does not read. They have its budget, and items must see
 * their causes.
 */
export async function awaitSteps(opened: unknown): Promise<void> {
  if (typeof opened !== "object" || opened === null) return;
  const steps = Object.values(opened).filter((value) => value instanceof Promise);
  if (steps.length > 0) await Promise.allSettled(steps);
}
