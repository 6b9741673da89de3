// Text archives of goldens: many files in one, as test/golden/README.md describes.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { applyChange } from "./change.ts";
import { fold, unfold } from "./folded-json.ts";

export type Texts = Readonly<Record<string, string>>;

/** A part of an archive as it is written: its path and its lines. */
export interface Section {
  readonly path: string;
  readonly text: string;
}

const root = fileURLToPath(new URL("../golden", import.meta.url));
const fileOf = (archive: string): string => join(root, `${archive}.txtar`);
const MARKER = /^-- (\S+) --$/;

/** The sections of an archive in order; lines before the first are the section "", a comment. */
export function parseArchive(text: string): readonly Section[] {
  const sections: { readonly path: string; text: string }[] = [{ path: "", text: "" }];
  for (const line of text.split(/(?<=\n)/)) {
    const [, path] = MARKER.exec(line.trimEnd()) ?? [];
    const last = sections.at(-1);
    if (path !== undefined) sections.push({ path, text: "" });
    else if (last !== undefined) last.text += line;
  }
  return sections;
}

export function printArchive(sections: readonly Section[]): string {
  return sections.map(({ path, text }) => (path === "" ? text : `-- ${path} --\n${text}`)).join("");
}

let frames: Texts | undefined;
/** Blocks of protos that goldens share, by name. */
export function allFrames(): Texts {
  frames ??= Object.fromEntries(parseArchive(readFileSync(fileOf("frames"), "utf8")).map((s) => [s.path, s.text]));
  return frames;
}

/** Replaces each line `// frame: a b` by the frames with these names, with a blank line between them. */
export function withFrames(text: string, frames: Texts): string {
  return text.replace(/^\/\/ frame: (.+)\n/gm, (_, names: string) =>
    names
      .split(" ")
      .map((name) => {
        const frame = frames[name];
        if (frame === undefined) throw new Error(`there is no frame "${name}"`);
        return frame;
      })
      .join("\n"),
  );
}

/** Emitted code with a line `// frame: emitted/a` in place of each frame of this kind. */
function framed(text: string): string {
  const emitted = Object.entries(allFrames()).filter(([name]) => name.startsWith("emitted/"));
  return emitted.reduce((rest, [name, frame]) => rest.replaceAll(frame, `// frame: ${name}\n`), text);
}

/** The names of frames that an archive refers to. */
export function framesIn(archive: string): readonly string[] {
  const lines = readFileSync(fileOf(archive), "utf8").matchAll(/^\/\/ frame: (.+)$/gm);
  return [...lines].flatMap(([, names = ""]) => names.split(" "));
}

/** The files of an archive, with frames, changes and folded JSON in full. */
export function filesOf(sections: readonly Section[], frames: Texts): ReadonlyMap<string, string> {
  const named = new Map(
    sections.filter(({ path }) => path.startsWith("frame/")).map(({ path, text }) => [path.slice(6), text]),
  );
  const known = { ...frames, ...Object.fromEntries(named) };
  const files = new Map<string, string>();
  for (const { path, text } of sections) {
    if (path === "" || path.startsWith("frame/")) continue;
    const [file, content] = fileIn(path, text, files, known);
    if (files.has(file)) throw new Error(`${file} stands twice in the archive`);
    files.set(file, content);
  }
  return files;
}

function fileIn(
  path: string,
  text: string,
  files: ReadonlyMap<string, string>,
  frames: Texts,
): readonly [string, string] {
  const file = plainPath(path);
  if (path.endsWith(".folded")) return [file, unfold(text)];
  if (!path.endsWith(".diff")) return [file, /\.(proto|ts)$/.test(path) ? withFrames(text, frames) : text];
  const [group, , ...rest] = file.split("/");
  for (const [base, content] of files) {
    const [baseGroup, , ...baseRest] = base.split("/");
    if (baseGroup === group && baseRest.join("/") === rest.join("/")) return [file, applyChange(content, text)];
  }
  throw new Error(`${path} changes a file that does not stand before it`);
}

const read = new Map<string, ReadonlyMap<string, string>>();

/** The files of an archive below a folder, by their paths from there, or a single file by the name ""; none without archive. */
export function goldenTexts(archive: string, folder = ""): Texts {
  let files = read.get(archive);
  if (files === undefined) {
    const path = fileOf(archive);
    files = existsSync(path) ? filesOf(parseArchive(readFileSync(path, "utf8")), allFrames()) : new Map();
    read.set(archive, files);
  }
  const single = files.get(folder);
  if (single !== undefined) return { "": single };
  const start = folder === "" ? "" : `${folder}/`;
  const below = [...files].filter(([path]) => path.startsWith(start));
  return Object.fromEntries(below.map(([path, text]) => [path.slice(start.length), text]));
}

/** The names of a suite's archives. */
export function archivesOf(suite: string): readonly string[] {
  return readdirSync(join(root, suite))
    .filter((name) => name.endsWith(".txtar"))
    .map((name) => `${suite}/${name.slice(0, -".txtar".length)}`)
    .sort();
}

/** Writes the files below a folder of an archive, or a single file by the name "", in place of what is there. */
export function writeGolden(archive: string, folder: string, texts: Texts): void {
  const path = fileOf(archive);
  const old = existsSync(path) ? readFileSync(path, "utf8") : "";
  const sections = parseArchive(old);
  const start = folder === "" ? "" : `${folder}/`;
  const isOld = (section: Section): boolean =>
    section.path !== "" && (plainPath(section.path) === folder || section.path.startsWith(start));
  const byName = Object.entries(texts).sort(([a], [b]) => (a < b ? -1 : 1));
  const added = byName.map(([name, text]) => sectionOf(name === "" ? folder : start + name, text));
  const at = sections.findIndex(isOld);
  const place = at < 0 ? placeBehindInputs(sections, folder.slice(0, folder.lastIndexOf("/") + 1)) : at;
  const kept = (part: readonly Section[]) => part.filter((section) => !isOld(section));
  const now = printArchive([...kept(sections.slice(0, place)), ...added, ...kept(sections.slice(place))]);
  if (now !== old) writeFileSync(path, now);
  read.delete(archive);
}

/** The place for new results: behind the inputs of their condition, else the end. */
function placeBehindInputs(sections: readonly Section[], condition: string): number {
  const isInput = ({ path }: Section): boolean =>
    path.startsWith(condition) && /^(proto|before|after|bff\.lock\.json)(\/|$)/.test(path.slice(condition.length));
  return sections.findLastIndex(isInput) + 1 || sections.length;
}

/** The path of the file that a section holds. */
const plainPath = (path: string): string => path.replace(/\.(diff|folded)$/, "");

/** JSON of many lines is folded wherever that can be undone; emitted code refers to frames. */
export function sectionOf(path: string, text: string): Section {
  if (path.endsWith(".ts")) return { path, text: framed(text) };
  const folded = path.endsWith(".json") ? fold(text) : undefined;
  return folded === undefined ? { path, text } : { path: `${path}.folded`, text: folded };
}
