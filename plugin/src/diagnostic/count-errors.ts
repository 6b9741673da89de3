import type { Report } from "./diagnostic.ts";
import { isError } from "./severity.ts";

/** Returns a report that counts its errors. */
export function countErrors(report: Report): { readonly report: Report; readonly errors: () => number } {
  let errors = 0;
  const counting: Report = (diagnostic) => {
    if (isError(diagnostic)) errors++;
    report(diagnostic);
  };
  return { report: counting, errors: () => errors };
}
