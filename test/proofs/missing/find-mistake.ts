// node test/proofs/missing/find-mistake.ts <number> <seed>: puts one mistake into the compiler, and prints how many random
// BFFs find it. Ends with exit code 1 if 500 do not.
import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import { MISTAKES } from "./mistakes.ts";

/** Cases within which each mistake must be found. */
const CASES = 500;
const root = new URL("../../../", import.meta.url).href;
const mistake = MISTAKES[Number(process.argv[2])];
if (mistake === undefined) throw new Error(`there is no mistake ${process.argv[2]}`);

let isPlanted = false;
registerHooks({
  load(url, context, next) {
    if (url !== root + mistake.file) return next(url, context);
    const text = readFileSync(fileURLToPath(url), "utf8");
    if (text.split(mistake.from).length !== 2) throw new Error(`${mistake.file} contains "${mistake.from}" not once`);
    isPlanted = true;
    return { format: "module-typescript", source: text.replace(mistake.from, () => mistake.to), shortCircuit: true };
  },
});
// The hooks only see modules that are loaded after them.
const { proveMissing } = await import("./run.ts");
const options = { cases: CASES, seed: Number(process.argv[3]), only: undefined };
const { cases, faults } = await proveMissing(options, () => {}, 1);
if (!isPlanted) throw new Error(`nothing loads ${mistake.file}`);
console.log(faults.length > 0 ? `found within ${cases} cases: ${faults[0]}` : `not found by ${cases} cases`);
process.exitCode = faults.length > 0 ? 0 : 1;
