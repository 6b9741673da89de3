// Prints the lines of the product by package: `node scripts/weigh.ts`. Tests and their support,
// benchmarks, examples, scripts, the site and generated code do not count.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = new URL("..", import.meta.url);
const OUTSIDE = /^(test|bench|generated|examples|scripts|site)\/|(^|\/)(gen|testing)\/|(\.test\.tsx?|_pb\.ts)$/;

/** Returns the lines of each package, by its folder. `test/house/weight.test.ts` holds them to the budget. */
export function weights(): Map<string, number> {
  const tracked = execFileSync("git", ["ls-files", "-z", "*.ts", "*.tsx"], { cwd: root, encoding: "utf8" });
  const lines = new Map<string, number>();
  for (const path of tracked.split("\0").filter((path) => path !== "" && !OUTSIDE.test(path))) {
    const text = readFileSync(new URL(path, root), "utf8");
    const name = packageOf(path);
    lines.set(name, (lines.get(name) ?? 0) + text.split("\n").length - 1);
  }
  return new Map([...lines].sort(([, a], [, b]) => b - a));
}

function packageOf(path: string): string {
  const [first = "", second = ""] = path.split("/");
  if (!path.includes("/")) return ".";
  return first === "packages" || first === "editors" ? `${first}/${second}` : first;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const found = weights();
  const all = [...found.values()].reduce((a, b) => a + b, 0);
  for (const [name, lines] of [...found, ["all", all] as const])
    console.log(`${name.padEnd(24)} ${String(lines).padStart(7)}`);
}
