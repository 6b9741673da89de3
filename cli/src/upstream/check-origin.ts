// Compiles the project with the present files of an origin, as after an update.
import { join } from "node:path";
import type { FileDescriptorProto } from "@bufbuild/protobuf/wkt";
import {
  type Compilation,
  parseLock,
  parseParameter,
  renderDiagnostics,
  type Sources,
  sourcesIn,
  tryRead,
} from "protoc-gen-bff/compiler";
import { buildInputs, type Image, registryOf } from "../project/buf.ts";
import { compileImage, shown } from "../project/compile-project.ts";
import { type GenConfig, readGenConfig } from "../project/gen-config.ts";
import { inOrder } from "../project/reflection.ts";
import { type ElementChange, elementChanges } from "./element-changes.ts";
import { protosIn } from "./folder.ts";
import { digestOf, type KnownFiles, type OriginFiles, readOrigin } from "./origin.ts";
import type { OriginEntry } from "./source-list.ts";

/** The project as it is. */
interface OriginProject {
  readonly cwd: string;
  readonly config: GenConfig;
  readonly image: Image;
  /** Names of elements in the lock. */
  readonly used: ReadonlySet<string>;
}

/** An origin, compared with the folder. */
export interface OriginCheck {
  readonly entry: OriginEntry;
  readonly found: OriginFiles;
  /** `same`: the files are those of the folder; `break`: the project would not generate. */
  readonly state: "same" | "compatible" | "break";
  /** Errors of the compiler, each with its code and places. */
  readonly breaks: readonly OriginBreak[];
  readonly changes: readonly ElementChange[];
  /** The project after an update. */
  readonly image: Image;
}
interface OriginBreak {
  /** Undefined: buf would refuse the files. */
  readonly code: string | undefined;
  readonly text: string;
}

/** Reads and builds the project. Throws a `Refusal` if its protos do not build. */
export function openProject(cwd: string): OriginProject {
  const config = readGenConfig(cwd);
  const image = buildInputs(cwd, config.inputs);
  const path = parseParameter(config.parameter).parameter.lock;
  const text = tryRead(join(cwd, path));
  const lock = text === undefined ? undefined : parseLock(text, path);
  const names = lock === undefined || "message" in lock ? [] : [...lock.values()].flatMap((of) => [...of.keys()]);
  return { cwd, config, image, used: new Set(names) };
}

/** Throws a `Refusal` if the origin cannot be read. */
export function checkOrigin(entry: OriginEntry, project: OriginProject, headers: readonly string[]): OriginCheck {
  const present = protosIn(join(project.cwd, entry.folder));
  const found = readOrigin(entry, knownFiles(present, project.image), { cwd: project.cwd, headers });
  const { image } = project;
  if (digestOf(found.texts) === digestOf(present))
    return { entry, found, state: "same", breaks: [], changes: [], image };
  const files = withFiles(image.files, new Set(present.keys()), found.files);
  const next = "gone" in files ? image : { files: files.all, imports: image.imports };
  const breaks = "gone" in files ? files.gone : breaksOf(next, entry, found, project);
  const names = new Set([...present.keys(), ...found.texts.keys()]);
  const before = registryOf(image.files);
  const changes = elementChanges(before, found.registry, names, project.used);
  return { entry, found, state: breaks.length > 0 ? "break" : "compatible", breaks, changes, image: next };
}

function knownFiles(present: ReadonlyMap<string, string>, { files }: Image): KnownFiles | undefined {
  if (present.size === 0) return undefined;
  const services = files
    .filter(({ name }) => present.has(name))
    .flatMap((file) => file.service.map(({ name }) => (file.package === "" ? name : `${file.package}.${name}`)));
  return { files: [...present.keys()], services };
}

/** Replaces files of a project. Returns all in the order of imports, or the imports that are missing. */
function withFiles(
  files: readonly FileDescriptorProto[],
  removed: ReadonlySet<string>,
  added: readonly FileDescriptorProto[],
): { readonly all: readonly FileDescriptorProto[] } | { readonly gone: readonly OriginBreak[] } {
  const byName = new Map(files.filter(({ name }) => !removed.has(name)).map((file) => [file.name, file]));
  for (const file of added) byName.set(file.name, file);
  const gone = [...byName.values()].flatMap(({ name, dependency }) =>
    dependency
      .filter((path) => removed.has(path) && !byName.has(path))
      .map((path) => ({ code: undefined, text: `${name} imports ${path}, which the origin does not have` })),
  );
  if (gone.length > 0) return { gone };
  return { all: inOrder([...byName.values()]) };
}

function breaksOf(
  image: Image,
  entry: OriginEntry,
  found: OriginFiles,
  { cwd, config }: OriginProject,
): readonly OriginBreak[] {
  const sources = sourcesOf(cwd, entry, found);
  let compilation: Compilation;
  try {
    compilation = compileImage(image, config.parameter, cwd, { lock: true, sources });
  } catch (error) {
    // The files of the project and those of the origin do not hold together.
    return [{ code: undefined, text: error instanceof Error ? error.message : String(error) }];
  }
  return compilation.diagnostics
    .filter(({ severity }) => severity === "error")
    .map((diagnostic) => ({ code: diagnostic.code, text: renderDiagnostics([diagnostic], sources, "text") }));
}

/** The texts of an origin at their places after an update; all others as they are. */
function sourcesOf(cwd: string, { folder }: OriginEntry, { texts }: OriginFiles): Sources {
  const present = sourcesIn(shown(cwd));
  return Object.assign((name: string) => texts.get(name) ?? present(name), {
    path: (name: string) => (texts.has(name) ? `${folder}/${name}` : (present.path?.(name) ?? name)),
  });
}
