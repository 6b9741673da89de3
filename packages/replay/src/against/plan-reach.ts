// Differences of two plans, and the captured requests that reach them.

/** A request of a report. */
export interface ReportedRequest {
  readonly file: string;
  readonly id: number;
  readonly method: string;
}
/** A difference of the plans, as `protobff diff` reports it. */
interface PlanDifference {
  readonly text: string;
  /** Rpcs that have it. Undefined: it is of no single rpc, such as a variable. */
  readonly rpcs?: readonly string[] | undefined;
  /** Methods of upstreams whose calls have it. Empty: each request of the rpcs has it. */
  readonly calls: readonly string[];
}
/** Differences, or why the plans cannot be compared. */
export type PlanDifferences = readonly PlanDifference[] | string;

/** A difference with its requests. */
export interface ReachedDifference extends Omit<PlanDifference, "calls"> {
  /** Number of captured requests that reach it. */
  requests: number;
  /** Number of requests that reach it, and that the builds answer differently. */
  different: number;
  readonly examples: ReportedRequest[];
}

const EXAMPLES = 2;

/** Number of requests of each difference. */
export class PlanReach {
  readonly differences: readonly ReachedDifference[];
  readonly #calls: ReadonlyMap<ReachedDifference, ReadonlySet<string>>;

  constructor(differences: readonly PlanDifference[]) {
    const counted = differences.map(({ calls, ...difference }) => {
      const reached: ReachedDifference = { ...difference, requests: 0, different: 0, examples: [] };
      return [reached, new Set(calls)] as const;
    });
    this.differences = counted.map(([reached]) => reached);
    this.#calls = new Map(counted);
  }

  /**
   * @param calls paths of the calls of either build
   * @param differs true if the builds answer it differently
   */
  add(request: ReportedRequest, calls: readonly string[], differs: boolean): void {
    for (const difference of this.differences) {
      const { rpcs, examples } = difference;
      const of = this.#calls.get(difference);
      const isReached = of?.size === 0 || calls.some((path) => of?.has(path.slice(1)));
      if (!isReached || rpcs?.includes(request.method) !== true) continue;
      difference.requests++;
      if (!differs) continue;
      difference.different++;
      if (examples.length < EXAMPLES) examples.push(request);
    }
  }
}
