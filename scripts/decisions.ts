// The index of docs/decisions, made from the heads of its records.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../docs/decisions", import.meta.url));

/** Areas in the order of the index. */
export const AREAS = ["language", "compiler", "runtime", "server", "identity", "operations", "tools", "tests"] as const;

/** A file of docs/decisions, with the parts of its head that it has. */
export interface DecisionRecord {
  readonly file: string;
  readonly text: string;
  readonly number: string | undefined;
  readonly title: string | undefined;
  readonly area: string | undefined;
  readonly date: string | undefined;
}

/** All records in the order of their numbers. */
export function decisionRecords(): DecisionRecord[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(".md") && file !== "README.md");
  return files.sort().map((file) => {
    const text = readFileSync(join(folder, file), "utf8");
    const [, number, title] = /^# (\d{4})\. (.+)\n/.exec(text) ?? [];
    const [, area] = /^- Area: (\w+)$/m.exec(text) ?? [];
    const [, date] = /^- Date: (\d{4}-\d\d-\d\d)$/m.exec(text) ?? [];
    return { file, text, number, title, area, date };
  });
}

const INTRODUCTION = `# Decisions

<!-- Written by \`npm run docs\` from the heads of the records. Do not edit. -->

Before you change a design, look up here why it is so, and which alternatives were rejected. A record is here while it
constrains a change. Decisions that the code, a test or a page states are in the history of git.

A new record takes the next number and the form of the others: head, context, decision, consequences. Delete a record
when it no longer holds, and never use its number again. Figures name the command that prints them or the day on which
they were measured. The date of a record is that of its last change.
`;

/** Text of docs/decisions/README.md. */
export function decisionsIndex(): string {
  const records = decisionRecords();
  const areas = AREAS.map((area) => {
    const rows = records
      .filter((record) => record.area === area)
      .map(({ file, number, title, date }) => `| [${number}](${file}) | ${title} | ${date} |`);
    const heading = `${area.charAt(0).toUpperCase()}${area.slice(1)}`;
    return `\n## ${heading}\n\n| number | decision | date |\n|---|---|---|\n${rows.join("\n")}\n`;
  });
  return INTRODUCTION + areas.join("");
}
