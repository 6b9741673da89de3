// Finds a project's generated code that requires resolvers and functions.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { type GeneratedResolvers, readGenerated } from "../resolvers/generated-resolvers.ts";
import { slashes } from "../resolvers/update.ts";
import { Refusal } from "../terminal.ts";

/**
 * Returns the requirements of the generated files of one package. These are the files in `from`, those that the text
 * imports already, or the only ones below the working directory.
 *
 * @param file the user's module, from the working directory, as all returned paths
 * @param text of the file; undefined: it does not exist yet
 */
export function findGenerated(
  file: string,
  text: string | undefined,
  from: readonly string[],
  cwd: string,
): readonly GeneratedResolvers[] {
  const none = from.find((path) => !existsSync(resolve(cwd, path)));
  if (none !== undefined) throw new Refusal(`there is no "${none}"`);
  const paths = from.length > 0 ? from : imported(file, text, cwd);
  const files = (paths.length > 0 ? paths : ["."]).flatMap((path) => bffFiles(path, cwd));
  const folders = byFolder([...new Set(files)], cwd);
  const all = [...folders.values()].flat();
  const where = from.length > 0 ? `in ${from.join(", ")}` : "below the working directory";
  if (all.length === 0)
    throw new Refusal(
      `no generated code ${where} needs resolvers or functions. Mark a message or a field with \`resolver: true\`, or declare a function, and run \`buf generate\`. If the code is elsewhere, name it with --from`,
    );
  if (folders.size > 1 && paths.length === 0) {
    const names = [...folders.keys()].map(slashes);
    throw new Refusal(
      [
        `several packages need resolvers, each in a separate file: choose one with --from, as in --from ${names[0]}`,
        ...names.map((name) => `  ${name}`),
      ].join("\n"),
    );
  }
  return all;
}

/** The folders of the generated files that the user's file imports. */
function imported(file: string, text: string | undefined, cwd: string): string[] {
  const names = [...(text ?? "").matchAll(/\bfrom\s*["'](\.{1,2}\/[^"']*_bff)(?:\.[jt]s)?["']/g)].map(
    (match) => match[1] ?? "",
  );
  const folders = names.map((name) => dirname(join(dirname(file), name)));
  const isFolder = (path: string): boolean =>
    statSync(resolve(cwd, path), { throwIfNoEntry: false })?.isDirectory() === true;
  const known = [...new Set(folders)].filter(isFolder);
  return [...new Set(known.map((folder) => sharedServer(folder, cwd) ?? folder))];
}

const SKIPPED = /^(node_modules|\..*)$/;

/** All `_bff.ts` in a folder and below it, or the one that is named; in order of their paths. */
function bffFiles(path: string, cwd: string): string[] {
  try {
    if (!statSync(resolve(cwd, path)).isDirectory()) return [path];
    return readdirSync(resolve(cwd, path), { withFileTypes: true })
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .flatMap((entry) => {
        if (entry.isDirectory()) return SKIPPED.test(entry.name) ? [] : bffFiles(join(path, entry.name), cwd);
        return entry.name.endsWith("_bff.ts") ? [join(path, entry.name)] : [];
      });
  } catch (error) {
    throw new Refusal(`${path} cannot be read: ${error instanceof Error ? error.message : error}`);
  }
}

/**
 * Groups the requirements of these files by folder. One folder is one proto package and one server, or several packages
 * that one server serves.
 */
function byFolder(files: readonly string[], cwd: string): Map<string, GeneratedResolvers[]> {
  const folders = new Map<string, GeneratedResolvers[]>();
  for (const path of files) {
    const found = readGenerated(path, readFileSync(resolve(cwd, path), "utf8"));
    if (found.length === 0) continue;
    const folder = sharedServer(dirname(path), cwd) ?? dirname(path);
    folders.set(folder, [...(folders.get(folder) ?? []), ...found]);
  }
  return folders;
}

/**
 * Returns the folder above whose server serves this folder's code together with that of others; undefined: there is
 * none.
 */
function sharedServer(folder: string, cwd: string): string | undefined {
  for (let inner = folder; dirname(inner) !== inner; inner = dirname(inner)) {
    const at = dirname(inner);
    const server = resolve(cwd, at, "server_main.ts");
    if (existsSync(server) && readFileSync(server, "utf8").includes(`"./${slashes(relative(at, folder))}/`)) return at;
  }
  return undefined;
}
