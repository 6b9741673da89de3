import type { PlanMethod } from "../../plan/model/plan.ts";

/** Header of an rpc's answers; expressions appear as written. */
export interface HeaderReport {
  readonly name: string;
  readonly by: string;
  readonly if?: string;
}

/** Returns the headers in order of declaration; undefined: the rpc declares none. */
export function headerReports({ headers }: PlanMethod): readonly HeaderReport[] | undefined {
  return headers?.of.headers.map(({ name, by, if: condition }) => ({
    name,
    by: by.text.value,
    ...(condition !== undefined && { if: condition.text.value }),
  }));
}

/** `answers have x-tokens-used: string(result.tokens), if result.tokens > 0` */
export function headerLines(planned: PlanMethod): string[] {
  return (headerReports(planned) ?? []).map(
    ({ name, by, if: condition }) => `answers have ${name}: ${by}${condition === undefined ? "" : `, if ${condition}`}`,
  );
}
