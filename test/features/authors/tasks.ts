// The tasks in tasks/*.md: what to build, its tests, and one solution.
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../../../cli/src/testing/run.ts";

const FOLDER = fileURLToPath(new URL("tasks", import.meta.url));

export interface Task {
  /** First part of the proto package: `page` of `page.v1`. */
  readonly name: string;
  readonly text: string;
  /** Tests for vitest, in the folder `test` of a package. */
  readonly tests: string;
  /** The BFF's proto. */
  readonly solution: string;
}

export function readTasks(): readonly Task[] {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith(".md"));
  return files.toSorted().map((file) => {
    const page = readFileSync(join(FOLDER, file), "utf8");
    const [, text = "", tests = "", solution = ""] =
      /^## Task\n\n(.*?)\n## Judge\n\n```ts\n(.*?)^```\n\n## Solution\n\n```proto\n(.*?)^```$/ms.exec(page) ?? [];
    const name = file.replace(/^\d+-|\.md$/g, "");
    return { name, text, tests, solution: withHead(name, solution) };
  });
}

/** The upstreams of all tasks. */
export const UPSTREAM = readFileSync(join(FOLDER, "upstream.proto"), "utf8");

function withHead(name: string, solution: string): string {
  const imports = solution.includes("bff.v1.Degradation") ? ["degradation", "options"] : ["options"];
  const lines = imports.map((file) => `import "bff/v1/${file}.proto";\n`);
  return `syntax = "proto3";\npackage ${name}.v1;\n${lines.join("")}${solution}`;
}

/** Writes files below a folder. */
export function put(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

/**
 * Begins a package over the upstreams by `init`, without a BFF.
 *
 * @param folder below the repository, so that the package finds what it imports
 */
export async function beginPackage(folder: string, agents: boolean): Promise<void> {
  put(folder, { "protos/store/v1/store.proto": UPSTREAM });
  const args = ["init", ".", "--name", "shop", "--from", "protos", "--rpc", "GetProduct", "--no-install", "--no-start"];
  const begun = await run([...args, "--ci", "none", ...(agents ? [] : ["--no-agents"])], folder);
  if (begun.exitCode !== 0) throw new Error(begun.stderr);
  symlinkSync(fileURLToPath(new URL("../../../node_modules", import.meta.url)), join(folder, "node_modules"));
}
