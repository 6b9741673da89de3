// Goldens: the protos of BFFs and what the plugin makes of them, in the archives that test/golden/README.md describes.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CodeGeneratorRequest } from "@bufbuild/protobuf/wkt";
import { type Compilation, compile } from "../../plugin/src/compile.ts";
import { archivesOf, goldenTexts, type Texts, writeGolden } from "./archive.ts";
import { requestFor } from "./request.ts";

/** With UPDATE_GOLDENS=1 what differs is written instead of failing; read the difference before committing it. */
export const UPDATE = process.env.UPDATE_GOLDENS === "1";

export interface GoldenCase {
  readonly name: string;
  /** Its own protos, name relative to their module → text. */
  readonly protos: Texts;
}

/** A case of an archive. */
export interface Golden extends GoldenCase {
  readonly archive: string;
  /** The case's folder in the archive, with a slash; empty if the archive is the case. */
  readonly prefix: string;
}

/** Suites with an archive per code, `BFF102`, and a folder per condition; other suites have an archive per case. */
const BY_CODE = ["diagnostics", "diagnostics-lock"];

/** All cases of a suite ("emit", "diagnostics"), by name. */
export function goldenCases(suite: string): readonly Golden[] {
  const places = archivesOf(suite).flatMap((archive) => {
    const name = archive.slice(suite.length + 1);
    if (!BY_CODE.includes(suite)) return [{ name, archive, prefix: "" }];
    const conditions = new Set(Object.keys(goldenTexts(archive)).map((path) => path.slice(0, path.indexOf("/"))));
    return [...conditions].map((condition) => ({ name: `${name}-${condition}`, archive, prefix: `${condition}/` }));
  });
  return places
    .map((place) => ({ ...place, protos: textsIn(place, "proto") }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The files of a case below one of its folders, or the text of a file, by the name "". */
export function textsIn({ archive, prefix }: Pick<Golden, "archive" | "prefix">, folder: string): Texts {
  return goldenTexts(archive, `${prefix}${folder}`.replace(/\/$/, ""));
}

/** Returns the printed output of a case, from its file `expected.txt`; empty until the file is written. */
export const printedOf = (golden: Golden): string => textsIn(golden, "expected.txt")[""] ?? "";

/** The texts of an archive's folder, or of a file by the name ""; UPDATE_GOLDENS=1 writes the found ones there first. */
export function goldenOf(archive: string, folder: string, found: Texts): Texts {
  if (UPDATE) writeGolden(archive, folder, found);
  return goldenTexts(archive, folder);
}

/** The upstreams that every case sees without importing them. */
export const UPSTREAMS = textsBelow(fileURLToPath(new URL("../golden/upstreams", import.meta.url)));

/** The request that buf would send for a case. */
export function requestOf(
  { protos }: Pick<GoldenCase, "protos">,
  upstreams: Readonly<Record<string, string>> = UPSTREAMS,
): CodeGeneratorRequest {
  return requestFor({ ...upstreams, ...protos }, Object.keys(protos));
}

/** Returns the options of a case: those of a line `// opt: server=web` in one of its protos; else the default. */
export function parameterOf({ protos }: Pick<GoldenCase, "protos">): string {
  const options = Object.values(protos).flatMap((text) => /^\/\/ opt: (.*)$/m.exec(text)?.[1] ?? []);
  return `import_extension=ts,${options[0] ?? "server=true"}`;
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
