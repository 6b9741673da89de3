/** Reasons of requests and values that a golden file lacks. */
export class Notes {
  /** Files and lines that cannot be used. */
  readonly unusable: string[] = [];
  readonly #leftOut = new Map<string, { requests: number; readonly example: string }>();

  leaveOut(reason: string, place: string): void {
    const key = this.#leftOut.size < MAX_REASONS ? reason : "other reasons";
    const found = this.#leftOut.get(key) ?? { requests: 0, example: place };
    found.requests++;
    this.#leftOut.set(key, found);
  }

  /** @param chosen the requests of the file, with the names of what they lack */
  lines(
    chosen: readonly {
      readonly removed: ReadonlySet<string>;
      readonly headers: readonly string[];
      readonly hasCaller: boolean;
    }[],
  ): readonly string[] {
    const names = (all: Iterable<string>): string => {
      const distinct = [...new Set(all)].sort();
      const more = distinct.length > MAX_NAMES ? ` and ${distinct.length - MAX_NAMES} more` : "";
      return `${distinct.slice(0, MAX_NAMES).join(", ")}${more}`;
    };
    const fields = names(chosen.flatMap(({ removed }) => [...removed]));
    const headers = names(chosen.flatMap((request) => request.headers));
    const hasCallers = chosen.some(({ hasCaller }) => hasCaller);
    return [
      ...[...this.#leftOut].map(
        ([reason, { requests, example }]) =>
          `left out: ${requests === 1 ? "" : `${requests} requests, as `}${example}: ${reason}`,
      ),
      ...(fields === "" ? [] : [`left out: the fields ${fields}, which are masked, unknown, or have no JSON`]),
      ...(headers === "" ? [] : [`left out: the headers ${headers}: pass them by --header`]),
      ...(hasCallers ? ["left out: the credentials of callers: pass them by --header"] : []),
      ...this.unusable.map((reason) => `unusable: ${reason}`),
    ];
  }
}
const MAX_NAMES = 20;
const MAX_REASONS = 1_000;
