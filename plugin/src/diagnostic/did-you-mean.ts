/**
 * Returns the candidate nearest to a misspelt name, or undefined if none is near enough. The distance is the number of
 * letters inserted, dropped, replaced or swapped with their neighbour. At most a third of the name's length is near
 * enough, and always one letter. A difference in case alone counts as none. Among equals the first candidate wins.
 *
 * @example
 * didYouMean("GetBok", ["GetBook", "ListBooks"]); // "GetBook"
 */
export function didYouMean(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of candidates) {
    if (candidate === name) continue;
    const d = candidate.toLowerCase() === name.toLowerCase() ? 0 : distance(name, candidate, least);
    if (d < least) {
      best = candidate;
      least = d;
    }
  }
  return best;
}

/**
 * Returns the suggestion for a name with its package. Names of that package are compared without it, because the shared
 * part makes all of them alike.
 */
export function didYouMeanType(name: string, candidates: Iterable<string>): string | undefined {
  const end = name.lastIndexOf(".") + 1;
  const within = name.slice(0, end);
  const beside = new Set<string>();
  const others: string[] = [];
  for (const candidate of candidates)
    if (candidate.lastIndexOf(".") + 1 === end && candidate.startsWith(within)) beside.add(candidate.slice(end));
    else others.push(candidate);
  const like = didYouMean(name.slice(end), beside);
  if (like !== undefined) return within + like;
  const [renamed, ...more] = others.filter((other) => other.endsWith(`.${name.slice(end)}`));
  // The only type of that name, in a package that has another name.
  return didYouMean(name, others) ?? (more.length === 0 ? renamed : undefined);
}

/** Damerau-Levenshtein distance (optimal string alignment) in UTF-16 code units; `limit` when it is at least that. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, at(before, j - 2) + 1);
      row.push(cost);
    }
    before = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
