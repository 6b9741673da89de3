// Goldens: a directory per case, with the protos of a BFF and what the plugin makes of them.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CodeGeneratorRequest } from "@bufbuild/protobuf/wkt";
import { type Compilation, compile } from "../../plugin/src/compile.ts";
import { requestFor } from "./request.ts";

const golden = fileURLToPath(new URL("../golden", import.meta.url));

/** With UPDATE_GOLDENS=1 what differs is written instead of failing; read the difference before committing it. */
export const UPDATE = process.env.UPDATE_GOLDENS === "1";

export interface GoldenCase {
  readonly name: string;
  readonly folder: string;
  /** Its own protos, name relative to their module → text. */
  readonly protos: Readonly<Record<string, string>>;
}

/** All cases of a suite ("emit", "diagnostics"), by name. */
export function goldenCases(suite: string): readonly GoldenCase[] {
  return readdirSync(join(golden, suite))
    .sort()
    .map((name) => {
      const folder = join(golden, suite, name);
      return { name, folder, protos: textsBelow(join(folder, "proto")) };
    });
}

/** The upstreams that every case sees without importing them. */
export const UPSTREAMS = textsBelow(join(golden, "upstreams"));

/** The request that buf would send for a case. */
export function requestOf(
  { protos }: Pick<GoldenCase, "protos">,
  upstreams: Readonly<Record<string, string>> = UPSTREAMS,
): CodeGeneratorRequest {
  return requestFor({ ...upstreams, ...protos }, Object.keys(protos));
}

/** What a case says in a line `// opt: server=web` of one of its protos; else the options of all. */
export function parameterOf({ protos }: Pick<GoldenCase, "protos">): string {
  const said = Object.values(protos).flatMap((text) => /^\/\/ opt: (.*)$/m.exec(text)?.[1] ?? []);
  return `import_extension=ts,${said[0] ?? "server=true"}`;
}

/** The plugin's answer; `parameter` as in `opt:`. Excerpts show the given texts. */
export function compileCase(
  request: CodeGeneratorRequest,
  texts: Readonly<Record<string, string>>,
  parameter = "import_extension=ts",
): Compilation {
  return compile({ ...request, parameter }, (file) => texts[file]);
}

/** Every file below a folder, by its path from there; none when there is no such folder. */
export function textsBelow(folder: string): Readonly<Record<string, string>> {
  let found: readonly string[];
  try {
    found = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() || entry.isSymbolicLink())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw error;
  }
  return Object.fromEntries(found.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}
