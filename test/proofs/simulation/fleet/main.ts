// npm run fleet [-- --processes 1,10,100,1000 --seed N]: tables of what a fleet of processes does together.
import { parseArgs } from "node:util";
import { SCENARIOS } from "./scenarios.ts";

const { values } = parseArgs({
  options: { processes: { type: "string", default: "1,10,100,1000" }, seed: { type: "string", default: "1" } },
});
const sizes = values.processes.split(",").map(Number);
for (const [name, { about, run }] of Object.entries(SCENARIOS)) {
  const rows: Readonly<Record<string, number>>[] = [];
  for (const processes of sizes) rows.push({ processes, ...(await run(processes, Number(values.seed))) });
  const columns = Object.keys(rows[0] ?? {});
  const line = (cells: readonly unknown[]): string => `| ${cells.join(" | ")} |\n`;
  process.stdout.write(`### ${name}\n\n${about}\n\n${line(columns)}${line(columns.map(() => "---:"))}`);
  for (const row of rows) process.stdout.write(line(columns.map((column) => row[column])));
  process.stdout.write("\n");
}
