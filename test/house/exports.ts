// Finds exported names that nothing imports.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { filesBelow } from "../support/files-below.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The entry points of packages, by specifier, and the folders that a specifier with `*` names. */
interface Entries {
  readonly files: ReadonlyMap<string, string>;
  readonly folders: ReadonlyMap<string, string>;
}

/**
 * Returns `path: name` for each export below the folders that no other file imports; entry points do not count.
 *
 * @param counts leaves out importing files
 */
export function unusedExports(
  product: readonly string[],
  importing: readonly string[],
  packages: readonly string[],
  counts: (path: string) => boolean = () => true,
) {
  const entries = entriesOf(packages);
  const open = new Set(entries.files.values());
  const used = new Map<string, Set<string>>();
  const whole = new Set<string>();
  for (const path of filesOf(importing).filter(counts))
    for (const { specifier, names } of importsOf(path)) {
      const to = resolved(path, specifier, entries);
      if (to === undefined) continue;
      if (names === undefined) whole.add(to);
      else used.set(to, (used.get(to) ?? new Set()).union(new Set(names)));
    }
  return filesOf(product)
    .filter((path) => !open.has(path) && !whole.has(path))
    .flatMap((path) =>
      exportsOf(path)
        .filter((name) => used.get(path)?.has(name) !== true)
        .map((name) => `${path}: ${name}`),
    );
}

/** Returns true if the file of an export, as `path: name`, uses the name, too. */
export function isUsedWhereDeclared(entry: string): boolean {
  const [path = "", name = ""] = entry.split(": ");
  return textOf(path).split(new RegExp(`\\b${name}\\b`)).length > 2;
}

const filesOf = (folders: readonly string[]): string[] =>
  folders.flatMap(filesBelow).filter((path) => /\.tsx?$/.test(path) && !/\/(node_modules|dist)\//.test(path));
const textOf = (path: string): string => readFileSync(join(root, path), "utf8");

function entriesOf(packages: readonly string[]): Entries {
  const files = new Map<string, string>();
  const folders = new Map<string, string>();
  for (const folder of packages) {
    const { name, exports = {} } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
    for (const [subpath, file] of Object.entries<string>(exports)) {
      const [specifier, path] = [join(name, subpath), join(folder, file)];
      if (!subpath.includes("*")) files.set(specifier, path);
      else folders.set(specifier, path);
    }
  }
  return { files, folders };
}

function resolved(from: string, specifier: string, { files, folders }: Entries): string | undefined {
  if (specifier.startsWith(".")) return join(from, "..", specifier);
  const file = files.get(specifier);
  if (file !== undefined) return file;
  for (const [pattern, path] of folders) {
    const [start = "", end = ""] = pattern.split("*");
    if (specifier.startsWith(start) && specifier.endsWith(end))
      return path.replace("*", specifier.slice(start.length, specifier.length - end.length));
  }
  return undefined;
}

const STATEMENT = /\b(?:import|export)\s+(?:type\s+)?([^"'`;=()]*?)\s*\bfrom\s*"([^"]+)"/g;
const CALL = /\bimport\(\s*"([^"]+)"\s*\)/g;
const DECLARATION =
  /^export (?:declare )?(?:abstract )?(?:async )?(?:const|let|function\*?|class|interface|type|enum) (\w+)/gm;

/** Names are undefined for an import of everything. Expressions, since a parser takes ten times as long for all files. */
function importsOf(path: string): { readonly specifier: string; readonly names: readonly string[] | undefined }[] {
  const text = textOf(path);
  const statements = [...text.matchAll(STATEMENT)].map(([, clause = "", specifier = ""]) => {
    const named = /\{([^}]*)\}/.exec(clause)?.[1] ?? "";
    const names = named.split(",").map(
      (name) =>
        name
          .replace(/^\s*type\s+/, "")
          .trim()
          .split(" as ")[0] ?? "",
    );
    return { specifier, names: clause.includes("*") ? undefined : names };
  });
  return [...statements, ...[...text.matchAll(CALL)].map(([, specifier = ""]) => ({ specifier, names: undefined }))];
}

const exportsOf = (path: string): string[] => [...textOf(path).matchAll(DECLARATION)].map(([, name = ""]) => name);
