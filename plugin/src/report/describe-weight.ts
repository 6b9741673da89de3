// `plan=weight`: one report of the run.

import { type Weight, weightOf } from "../plan/check/weight.ts";
import type { Plan } from "../plan/model/plan.ts";

/** Returns no files if the run has no rpcs. */
export function weightFiles(plan: Plan): readonly { readonly name: string; readonly content: string }[] {
  const weight = weightOf(plan);
  return weight.blocks.length === 0 ? [] : [{ name: "bff_weight.txt", content: `${lines(weight).join("\n")}\n` }];
}

function lines({ blocks, overlaps }: Weight): string[] {
  const total = (of: (block: Weight["blocks"][number]) => number): number =>
    blocks.reduce((sum, block) => sum + of(block), 0);
  const rows = [
    ["", "logic", "branches", "on headers", "steps"],
    ...blocks.map(({ name, block, logic, branches, onHeaders, steps }) => [
      block.kind === "composed" ? name : `${name} (${block.kind})`,
      ...[logic, branches, onHeaders.length, steps].map(String),
    ]),
    [
      "all",
      ...[
        total((block) => block.logic),
        total((block) => block.branches),
        total((block) => block.onHeaders.length),
        total((block) => block.steps),
      ].map(String),
    ],
  ];
  const places = blocks.flatMap(({ name, onHeaders }) =>
    onHeaders.map(({ file, line, column }) => `  ${name} at ${file}:${line}:${column}`),
  );
  const pairs = overlaps.map(({ packages: [block, other], reads, logic }) => [
    `${block} and ${other}`,
    `${reads} % of reads`,
    `${logic} % of logic`,
  ]);
  return [
    ...table(rows),
    ...(places.length === 0 ? [] : ["", "branches on headers", ...places]),
    ...(pairs.length === 0 ? [] : ["", "in common", ...table(pairs).map((line) => `  ${line}`)]),
  ];
}

/** The first column to the left, numbers to the right. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  "),
  );
}
