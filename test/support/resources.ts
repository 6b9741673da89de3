// Counts the resources of a process, by kind: for tests that look for leaks.

export function resources(): Map<string, number> {
  const kinds = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  return kinds;
}

/** Kinds of which there are more, for people. */
export function more(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): string[] {
  return [...after].flatMap(([kind, count]) => {
    const start = before.get(kind) ?? 0;
    return count > start ? [`${kind}: ${count}, ${start} at the start`] : [];
  });
}

/** Closed handles leave the list with the event loop's next turns. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}
