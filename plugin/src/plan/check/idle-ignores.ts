import { caution, type Report } from "../../diagnostic/diagnostic.ts";
import type { Plan } from "../model/plan.ts";

/** Warns of ignored fields that no comparison would read. */
export function checkIdleIgnores({ files }: Plan, report: Report): void {
  const needed = new Set(
    files.flatMap(({ compared }) => [...compared.values()].flatMap(({ ignored }) => [...ignored])),
  );
  const reported = new Set<object>();
  for (const { field, name } of files.flatMap(({ upstreams }) =>
    upstreams.flatMap(({ branches }) => branches.flatMap(({ ignore }) => ignore)),
  )) {
    const { value, at } = name;
    if (at === undefined || needed.has(field) || reported.has(at)) continue;
    reported.add(at);
    caution(report, "BFF544", at, {
      message: `"${value}" is in no copied answer that this BFF reads, so no comparison reads it`,
      hint: "leave it out of `ignore`",
    });
  }
}
