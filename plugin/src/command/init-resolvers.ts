// `protoc-gen-bff init-resolvers <file>`: begins the user's module of resolvers, or adds what is missing.
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { parseArgs } from "node:util";
import { EXPORTS, type Export, type GeneratedResolvers, readGenerated } from "./generated-resolvers.ts";
import { failed, type Output } from "./output.ts";
import { newFile, type Refused, type Updated, updatedFile, type Wanted, type WantedType } from "./resolver-file.ts";

export function initResolvers(args: readonly string[]): Output {
  const options = readOptions(args);
  if (typeof options === "string") return failed(options);
  const { file, from } = options;
  const text = existsSync(file) ? readText(file) : undefined;
  if (typeof text === "object") return failed(text.refused);
  const generated = find(file, text, from);
  if (typeof generated === "string") return failed(generated);

  const command = `npx protoc-gen-bff init-resolvers ${slashes(file)}`;
  const needed = EXPORTS.map((exported) => needs(generated, exported, file)).filter(({ wanted }) => wanted.length > 0);
  const updated = updatedBy(needed, text, command);
  if ("refused" in updated) {
    const place = updated.at === undefined ? slashes(file) : `${slashes(file)}:${updated.at[0]}:${updated.at[1]}`;
    const names = needed.flatMap(({ wanted }) => wanted.map(({ name }) => name));
    return failed(`${place}: ${updated.refused}\n${slashes(file)} is unchanged; it needs ${list(names)}`);
  }
  if (updated.text !== text) {
    try {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, updated.text);
    } catch (error) {
      return failed(`${slashes(file)} cannot be written: ${reason(error)}`);
    }
  }
  return { exitCode: 0, stdout: told(slashes(file), text === undefined, updated), stderr: "" };
}

/** What one export of the file has to have. */
interface Needed {
  readonly exported: Export;
  readonly wanted: readonly Wanted[];
  readonly types: readonly WantedType[];
}
function needs(generated: readonly GeneratedResolvers[], exported: Export, file: string): Needed {
  const own = generated.filter((one) => one.exported === exported);
  return {
    exported,
    wanted: [...new Map(own.flatMap(({ members }) => members.map((one) => [one.name, one]))).values()],
    types: own.map((one) => ({
      name: one.type,
      as: own.some((other) => other !== one && other.type === one.type) ? byFolderName(one) : undefined,
      from: specifier(file, one.path, one.extension),
    })),
  };
}

/** `WebV1PageResolvers`, of `gen/web/v1/page_bff.ts`: of several packages in one server each has a folder. */
function byFolderName({ path, type }: GeneratedResolvers): string {
  const folders = slashes(dirname(path)).split(/[^A-Za-z0-9]+/);
  const version = folders.pop() ?? "";
  return `${[folders.pop() ?? "", version].map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join("")}${type}`;
}

/** All that was added, by export, and what nothing asks for. */
interface AllUpdated extends Pick<Updated, "text" | "obsolete"> {
  readonly added: readonly { readonly exported: Export; readonly names: readonly string[] }[];
}

/** One export after the other. */
function updatedBy(needed: readonly Needed[], before: string | undefined, command: string): AllUpdated | Refused {
  let all: AllUpdated = { text: before ?? "", added: [], obsolete: [] };
  for (const [i, { exported, wanted, types }] of needed.entries()) {
    const isNew = before === undefined && i === 0;
    const updated = isNew ? newFile(wanted, types, command, exported) : updatedFile(all.text, wanted, types, exported);
    if ("refused" in updated) return updated;
    const { text, added, obsolete } = updated;
    all = { text, added: [...all.added, { exported, names: added }], obsolete: [...all.obsolete, ...obsolete] };
  }
  return all;
}

function told(file: string, isNew: boolean, { added, obsolete }: AllUpdated): string {
  const names = added.flatMap((one) => one.names);
  const counts = added.flatMap(({ exported, names: { length } }) =>
    length === 0 ? [] : [`${length} ${exported.slice(0, -1)}${length === 1 ? "" : "s"}`],
  );
  const head = isNew
    ? `${file} is new, with ${counts.join(" and ")}`
    : names.length > 0
      ? `${file} has ${counts.join(" and ")} more`
      : `${file} has all ${added.map(({ exported }) => exported).join(" and ")}`;
  return [
    names.length === 0 ? head : `${head}: ${names.join(", ")}`,
    ...obsolete.map(({ name, line }) => `${file}:${line}: nothing asks for ${name} any more`),
    "",
  ].join("\n");
}

function readOptions(args: readonly string[]): { readonly file: string; readonly from: readonly string[] } | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { from: { type: "string", multiple: true, default: [] } },
    });
    const [file, more] = positionals;
    if (file === undefined) return "init-resolvers needs the file to write, as in init-resolvers resolvers.ts";
    if (more !== undefined) return `init-resolvers writes one file, not also "${more}"`;
    if (!/\.m?ts$/.test(file) || /\.d\.m?ts$/.test(file))
      return `"${file}" is no TypeScript file: name one that ends in .ts`;
    return { file, from: values.from };
  } catch (error) {
    return reason(error);
  }
}

function readText(file: string): string | { readonly refused: string } {
  try {
    const bytes = readFileSync(file);
    const text = bytes.toString("utf8");
    // What cannot be written back as it was is left alone.
    return Buffer.from(text).equals(bytes) ? text : { refused: `${slashes(file)} is not UTF-8` };
  } catch (error) {
    return { refused: `${slashes(file)} cannot be read: ${reason(error)}` };
  }
}

/** The generated files of one package: named, or imported by the file already, or the only ones below the working directory. */
function find(file: string, text: string | undefined, from: readonly string[]): GeneratedResolvers[] | string {
  try {
    const none = from.find((path) => !existsSync(path));
    if (none !== undefined) return `there is no "${none}"`;
    const paths = from.length > 0 ? from : imported(file, text);
    const folders = byFolder([...new Set((paths.length > 0 ? paths : ["."]).flatMap(bffFiles))]);
    const all = [...folders.values()].flat();
    const where = from.length > 0 ? `in ${from.join(", ")}` : "below the working directory";
    if (all.length === 0)
      return `no generated code ${where} asks for resolvers or functions: mark a message or a field with \`resolver: true\`, or declare a function, run \`buf generate\`, or say where it is with --from`;
    if (folders.size > 1 && from.length === 0 && paths.length === 0) {
      const names = [...folders.keys()].map(slashes);
      return `several packages ask for resolvers, each in a file of its own: say which with --from, as in --from ${names[0]}\n${names.map((name) => `  ${name}\n`).join("")}`.trimEnd();
    }
    return all;
  } catch (error) {
    return reason(error);
  }
}

/** The folders of the generated files that the user's file imports. */
function imported(file: string, text: string | undefined): string[] {
  const names = [...(text ?? "").matchAll(/\bfrom\s*["'](\.{1,2}\/[^"']*_bff)(?:\.[jt]s)?["']/g)].map(
    (match) => match[1] ?? "",
  );
  const folders = names.map((name) => dirname(join(dirname(file), name)));
  const known = [...new Set(folders)].filter((folder) => existsSync(folder) && statSync(folder).isDirectory());
  return [...new Set(known.map((folder) => sharedServer(folder) ?? folder))];
}

function specifier(file: string, path: string, extension: string): string {
  const to = slashes(relative(dirname(file), path)).replace(/\.ts$/, extension);
  return to.startsWith(".") ? to : `./${to}`;
}
const slashes = (path: string): string => path.replaceAll("\\", "/");
const list = (names: readonly string[]): string => names.join(", ");
const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

// ---- generated files ----

const SKIPPED = /^(node_modules|\..*)$/;

/** All `_bff.ts` in a folder and below it, or the one that is named; in order of their paths. */
function bffFiles(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      if (entry.isDirectory()) return SKIPPED.test(entry.name) ? [] : bffFiles(join(path, entry.name));
      return entry.name.endsWith("_bff.ts") ? [join(path, entry.name)] : [];
    });
}

/** Of these files, what each folder asks for: one folder is one proto package, and one server, or several packages that one server serves. */
function byFolder(files: readonly string[]): Map<string, GeneratedResolvers[]> {
  const folders = new Map<string, GeneratedResolvers[]>();
  for (const path of files) {
    const found = readGenerated(path, readFileSync(path, "utf8"));
    if (found.length === 0) continue;
    const folder = sharedServer(dirname(path)) ?? dirname(path);
    folders.set(folder, [...(folders.get(folder) ?? []), ...found]);
  }
  return folders;
}

/** The folder above of the server that serves a folder's code together with that of others; undefined: there is none. */
function sharedServer(folder: string): string | undefined {
  for (let inner = folder; dirname(inner) !== inner; inner = dirname(inner)) {
    const at = dirname(inner);
    const server = join(at, "server.ts");
    if (existsSync(server) && readFileSync(server, "utf8").includes(`"./${slashes(relative(at, folder))}/`)) return at;
  }
  return undefined;
}
