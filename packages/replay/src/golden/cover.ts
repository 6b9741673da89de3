/** A request that may be chosen. */
interface Candidate {
  /** Names of the statuses and blocks that it reaches. */
  readonly marks: ReadonlySet<string>;
  /** Smaller ones are preferred. */
  readonly size: number;
}

/** Returns few candidates that reach together what all of them reach: a greedy cover, without those that it can spare. */
export function coverOf<C extends Candidate>(candidates: readonly C[]): readonly C[] {
  const left = new Set(candidates.flatMap(({ marks }) => [...marks]));
  let chosen: C[] = [];
  const gain = ({ marks }: C): number => [...marks].filter((mark) => left.has(mark)).length;
  while (left.size > 0) {
    let [best, most] = [candidates[0], 0];
    for (const candidate of candidates) {
      const more = gain(candidate);
      if (more > most || (more === most && more > 0 && candidate.size < (best?.size ?? 0)))
        [best, most] = [candidate, more];
    }
    if (best === undefined || most === 0) break;
    chosen.push(best);
    for (const mark of best.marks) left.delete(mark);
  }
  for (const candidate of [...chosen]) {
    const others = chosen.filter((other) => other !== candidate);
    const reached = new Set(others.flatMap(({ marks }) => [...marks]));
    if ([...candidate.marks].every((mark) => reached.has(mark))) chosen = others;
  }
  return candidates.filter((candidate) => chosen.includes(candidate));
}
