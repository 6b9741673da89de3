// Readers that the types do not show: components of other languages, scripts outside of the programs, paths of rpcs.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import type { ts as TypeScript } from "ts-morph";
import { Refusal } from "../terminal.ts";
import type { Answers } from "./answers.ts";

const MAX_ENTRIES = 200_000;
const MAX_SCRIPT_BYTES = 4 << 20;
const OTHER_LANGUAGE = /\.(vue|svelte|astro|mdx)$/;
const SCRIPT = /\.[cm]?[jt]sx?$/;
/** Files that no user runs. */
const TEST = /\.(test|spec|stories|bench)\.|\.d\.[cm]?ts$|\/(__tests__|__mocks__|tests?|e2e|cypress|playwright)\//;

/** Returns the places of strings that may be addresses of rpcs, with the answers. */
export function* pathReaders(
  ts: typeof TypeScript,
  file: TypeScript.SourceFile,
  { byPath }: Answers,
  placeOf: (node: TypeScript.Node) => string,
): Generator<{ readonly message: string; readonly place: string }> {
  const paths = [...byPath].filter(([path]) => file.text.includes(path));
  if (paths.length === 0) return;
  const open: TypeScript.Node[] = [file];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    ts.forEachChild(node, (child) => void open.push(child));
    if (!ts.isStringLiteralLike(node) && !ts.isTemplateHead(node) && !ts.isTemplateMiddleOrTemplateTail(node)) continue;
    for (const [path, messages] of paths)
      if (node.text.includes(path)) for (const message of messages) yield { message, place: placeOf(node) };
  }
}

/** Returns places in the client's folder whose code is in no program, but may receive its messages. */
export function hiddenReaders(
  ts: typeof TypeScript,
  config: string,
  programs: readonly TypeScript.Program[],
  cwd: string,
): readonly string[] {
  const inside = new Set(
    programs.flatMap((program) => program.getSourceFiles().map(({ fileName }) => resolve(fileName))),
  );
  const out = new Set(
    programs.flatMap((program) => program.getCompilerOptions().outDir ?? []).map((path) => resolve(path)),
  );
  const found: string[] = [];
  const open = [dirname(config)];
  let entries = 0;
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      entries += 1;
      if (entries > MAX_ENTRIES)
        throw new Refusal(
          `${relative(cwd, dirname(config))} has more than ${MAX_ENTRIES} files: name a smaller part`,
          2,
        );
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        if (!/^(node_modules|dist|build|coverage|\..*)$/.test(entry.name) && !out.has(path)) open.push(path);
      } else if (OTHER_LANGUAGE.test(entry.name)) found.push(`${shown(path, cwd)}:1`);
      else if (SCRIPT.test(entry.name) && !inside.has(path) && !TEST.test(path.slice(dirname(config).length))) {
        const line = importingLine(ts, path, inside);
        if (line !== undefined) found.push(`${shown(path, cwd)}:${line}`);
      }
    }
  }
  return found;
}

const shown = (path: string, cwd: string): string => relative(cwd, path).replaceAll("\\", "/");

/** Returns the line of the first import of a file of the programs. */
function importingLine(ts: typeof TypeScript, path: string, inside: ReadonlySet<string>): number | undefined {
  if (statSync(path).size > MAX_SCRIPT_BYTES) return 1;
  const text = readFileSync(path, "utf8");
  for (const { fileName, pos } of ts.preProcessFile(text, true, true).importedFiles) {
    const base = resolve(dirname(path), fileName);
    const bare = base.replace(/\.[cm]?jsx?$/, "");
    const aliased = /^[@~]\//.test(fileName);
    const ends = ["", ".ts", ".tsx", ".mts", ".js", ".jsx", "/index.ts", "/index.tsx", "/index.js"];
    if (aliased || (fileName.startsWith(".") && ends.some((end) => inside.has(base + end) || inside.has(bare + end))))
      return text.slice(0, pos).split("\n").length;
  }
  return undefined;
}
