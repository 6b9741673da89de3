// One origin of protos, read again: its files, and what identifies their state.
import { createHash } from "node:crypto";
import { existsSync, lstatSync, readdirSync, realpathSync, statSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import type { DescFile, FileRegistry } from "@bufbuild/protobuf";
import type { FileDescriptorProto } from "@bufbuild/protobuf/wkt";
import { PROTOS } from "protoc-gen-bff/compiler";
import { type UpstreamProtos, upstreamProtos } from "../project/upstream-protos.ts";
import { Refusal } from "../terminal.ts";
import type { OriginEntry } from "./source-list.ts";

/** Files of an origin that belong into a folder, in the order of their imports. */
export interface OriginFiles {
  readonly files: readonly FileDescriptorProto[];
  readonly registry: FileRegistry;
  /** Text by name. */
  readonly texts: ReadonlyMap<string, string>;
  /** A commit, or `sha256:` and a digest of the texts. */
  readonly at: string;
  readonly missing: readonly string[];
}

/** Bound of the text of all files, and of their number. */
const MAX_BYTES = 64 << 20;
const MAX_FILES = 20_000;

/** Returns true for the URL of a server: no file, no repository, no module has this form. */
const isServer = (from: string): boolean => /^https?:\/\/[^/#]+\/?$/.test(from);

/**
 * Reads an origin. Throws a `Refusal` that names the entry if that is not possible.
 *
 * @param known names of the files that the folder has, and of the services in them; undefined: all files
 */
export function readOrigin(
  entry: Pick<OriginEntry, "name" | "from" | "paths">,
  known: KnownFiles | undefined,
  { cwd, headers }: { readonly cwd: string; readonly headers: readonly string[] },
): OriginFiles {
  let protos: UpstreamProtos | undefined;
  try {
    checkFolder(resolve(cwd, entry.from));
    protos = upstreamProtos({
      from: entry.from,
      reflect: isServer(entry.from),
      paths: entry.paths,
      headers,
      cwd,
      folder: join(cwd, "."),
    });
    return filesOf(protos, known);
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown;
    throw new Refusal(`the origin "${entry.name}" cannot be read: ${thrown.message}`, 2);
  } finally {
    protos?.close();
  }
}

function filesOf({ image, registry, source, texts }: UpstreamProtos, known: KnownFiles | undefined): OriginFiles {
  const names = selected(image.files, image.imports, registry, known);
  const files = image.files.filter(({ name }) => names.has(name));
  const copies = texts(files.map(({ name }) => name));
  const bytes = [...copies.values()].reduce((sum, text) => sum + text.length, 0);
  if (bytes > MAX_BYTES || files.length > MAX_FILES)
    throw new Refusal(`it has ${files.length} files of ${bytes} bytes: name those that are used by --path`);
  return { files, registry, texts: copies, at: stateOf(source, copies), missing: source.missing ?? [] };
}

/** Files that a folder has already, and the services in them. */
export interface KnownFiles {
  readonly files: readonly string[];
  readonly services: readonly string[];
}

/** Returns the files of a folder that the origin still has, those that services have moved to, and all their imports. */
function selected(
  files: readonly FileDescriptorProto[],
  imports: ReadonlySet<string>,
  registry: FileRegistry,
  known: KnownFiles | undefined,
): ReadonlySet<string> {
  const byName = new Map(files.map((file) => [file.name, file]));
  const fileOf = (file: DescFile | undefined): readonly string[] => (file === undefined ? [] : [file.proto.name]);
  const first =
    known === undefined
      ? files.map(({ name }) => name).filter((name) => !imports.has(name))
      : [...known.files, ...known.services.flatMap((service) => fileOf(registry.getService(service)?.file))];
  const names = new Set(first.filter((name) => byName.has(name)));
  for (const name of names)
    for (const path of byName.get(name)?.dependency ?? []) if (byName.has(path)) names.add(path);
  return new Set([...names].filter((name) => !name.startsWith("google/protobuf/") && !(name in PROTOS)));
}

/** Returns what identifies the state of an origin: the commit of a repository, else the digest of the copied files. */
export function stateOf({ kind, commit }: UpstreamProtos["source"], texts: ReadonlyMap<string, string>): string {
  return (kind === "git" ? commit : undefined) ?? digestOf(texts);
}

/** Returns the digest of files, whatever their order. */
export function digestOf(texts: ReadonlyMap<string, string>): string {
  const hash = createHash("sha256");
  for (const [name, text] of [...texts].sort(([a], [b]) => (a < b ? -1 : 1))) hash.update(`${name}\0${text}\0`);
  return `sha256:${hash.digest("hex")}`;
}

/** Throws a `Refusal` if a folder has more than is read, or a symbolic link that leaves it. */
function checkFolder(folder: string): void {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return;
  const root = realpathSync(folder);
  const seen = new Set<string>();
  let [bytes, files] = [0, 0];
  const visit = (path: string): void => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (entry.name === "node_modules" || entry.name === ".git") continue;
      const at = join(path, entry.name);
      const real = lstatSync(at).isSymbolicLink() ? targetOf(at, root) : at;
      const found = statSync(real);
      if (found.isDirectory()) {
        if (seen.has(real)) continue;
        seen.add(real);
        visit(real);
      } else if (entry.name.endsWith(".proto")) {
        bytes += found.size;
        files++;
      }
      if (bytes > MAX_BYTES || files > MAX_FILES)
        throw new Refusal(
          `${folder} has more than ${MAX_FILES} files or ${MAX_BYTES >> 20} MiB of protos: name a part`,
        );
    }
  };
  visit(root);
}

function targetOf(link: string, root: string): string {
  let target: string;
  try {
    target = realpathSync(link);
  } catch {
    throw new Refusal(`${link} is a symbolic link to nothing`);
  }
  const below = relative(root, target);
  if (below !== ".." && !below.startsWith(`..${sep}`) && dirname(below) !== below) return target;
  throw new Refusal(`${link} is a symbolic link to ${target}, outside the origin: copy the file, or leave it out`);
}
