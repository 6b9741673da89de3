// node test/proofs/corpora/cel-go/run.ts [--count 100000] [--seed 1,2,3] [--file expressions.txt] [--no-tsc] [--all]:
// expressions held against cel-go. Prints how many agree, what does not, and what of it is on the list of deviations.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { generateAll } from "./generated-files.ts";

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "20000" },
    seed: { type: "string", default: String(Date.now() % 2 ** 31) },
    file: { type: "string" },
    "no-tsc": { type: "boolean", default: false },
    all: { type: "boolean", default: false },
  },
});
generateAll();
// These modules import generated files.
const { hold, report } = await import("./hold.ts");
const { questions } = await import("./expressions/generate.ts");
for (const seed of values.seed.split(",").map(Number)) {
  const questionList =
    values.file === undefined
      ? questions(seed, Number(values.count))
      : readFileSync(values.file, "utf8")
          .split("\n")
          .filter((line) => line !== "")
          .map((expression) => ({ expression }));
  const result = await hold(questionList, { types: !values["no-tsc"] });
  console.log(`seed ${seed}: ${report(result, values.all)}`);
  if (result.faults.length > 0) process.exitCode = 1;
}
