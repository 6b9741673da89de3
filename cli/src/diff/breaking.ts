// What `buf breaking` finds, as findings.
import type { Finding } from "./finding.ts";

/** @param lines of `--error-format=json` */
export function breakingFindings(lines: string): readonly Finding[] {
  return lines.split("\n").flatMap((line): readonly Finding[] => {
    const said = line.startsWith("{")
      ? (JSON.parse(line) as { path?: string; start_line?: number; type?: string; message?: string })
      : undefined;
    if (said === undefined) return [];
    const place = said.start_line === undefined ? "" : `:${said.start_line}`;
    return [
      {
        ...{ kind: "breaking", level: "worse" },
        says: [{ code: said.message ?? "" }, ` (${/^[A-Z_]+$/.test(said.type ?? "") ? said.type : "buf breaking"})`],
        where: said.path === undefined ? [] : [`${said.path}${place}`],
      },
    ];
  });
}
