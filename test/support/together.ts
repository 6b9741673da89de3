// Builds many cases in one run of buf, because most of the cost of a case is buf's start. The cases' files have the
// same names and packages. Each case is therefore built under unique names of the same length, which keeps all offsets
// in the descriptors. Afterwards the names are restored.
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { build, keyOf, type Protos, provided } from "./protos.ts";

/** Number of cases that are built at once. A test that runs alone waits for all of them. */
const MANY = 100;

interface Together {
  readonly shared: Protos;
  readonly protos: Protos;
  /** Cases that it is built with. */
  readonly chunk: Together[];
  built?: readonly FileDescriptorProto[] | undefined;
}
const known = new Map<string, Together>();

/**
 * Announces the inputs of `requestFor`: each case's own files with the shared ones. The first request for a case builds
 * the case and its neighbours. A case that cannot be built with others, or not at all, is built alone as if it were not
 * announced.
 */
export function together(shared: Protos, cases: readonly Protos[]): void {
  const fits = cases.filter((protos) => segmentsOf(protos, shared) !== undefined);
  for (let i = 0; i < fits.length; i += MANY) {
    const chunk: Together[] = [];
    for (const protos of fits.slice(i, i + MANY)) {
      const key = keyOf({ ...shared, ...protos });
      if (known.has(key)) continue;
      const entry = { shared, protos, chunk };
      chunk.push(entry);
      known.set(key, entry);
    }
  }
}

/**
 * Returns the files and their imports, dependencies first; undefined if they are not announced, or must be built alone.
 */
export function builtTogether(files: Protos): readonly FileDescriptorProto[] | undefined {
  const entry = known.size === 0 ? undefined : known.get(keyOf(files));
  if (entry === undefined) return undefined;
  if (entry.built === undefined && entry.chunk.length > 0) buildChunk(entry.chunk.splice(0));
  return entry.built;
}

/** Returns the first segments of a case's names and packages, for renaming; undefined if renaming is not possible. */
function segmentsOf(protos: Protos, shared: Protos): readonly string[] | undefined {
  // Numbers of extensions are used once in all that is built.
  if (Object.values(protos).some((text) => /^\s*extend /m.test(text))) return undefined;
  const taken = new Set(Object.keys({ ...shared, ...provided({ ...shared, ...protos }) }).map(firstOf));
  const packages = Object.values(protos).map((text) => /^package (\w+)\./m.exec(text)?.[1] ?? "");
  const segments = new Set([...Object.keys(protos).map(firstOf), ...packages]);
  return [...segments].every((name) => name.length > 2 && name !== "google" && !taken.has(name))
    ? [...segments]
    : undefined;
}

/** Empty: it is in no folder. */
function firstOf(name: string): string {
  return name.slice(0, Math.max(0, name.indexOf("/")));
}

interface Renamed {
  readonly files: Protos;
  readonly marks: readonly (readonly [from: string, to: string])[];
}

/** A case's files under names that no other has; `taken` are those names. */
function renamed({ protos, shared }: Together, taken: Set<string>): Renamed {
  const texts = Object.entries(protos).flat().join("\n");
  const marks = (segmentsOf(protos, shared) ?? []).map((from) => [from, markFor(from, texts, taken)] as const);
  const there = (text: string): string =>
    marks.reduce((current, [from, to]) => current.replace(new RegExp(`(?<!\\w)${from}(?=[./])`, "g"), to), text);
  const files = Object.fromEntries(Object.entries(protos).map(([name, text]) => [there(name), there(text)]));
  return { files, marks };
}

/** As long as the name, and nowhere in the texts. */
function markFor(name: string, texts: string, taken: Set<string>): string {
  for (let n = 0; ; n++) {
    const mark = `${name[0]}${n.toString(36).padStart(name.length - 1, "0")}`;
    if (taken.has(mark) || texts.includes(mark)) continue;
    if (mark.length > name.length) throw new Error(`no name as long as ${name} is free`);
    taken.add(mark);
    return mark;
  }
}

/** Restores the names in the bytes of a file: a text may replace another of the same length. */
function restored(file: FileDescriptorProto, { marks }: Renamed): FileDescriptorProto {
  const bytes = Buffer.from(toBinary(FileDescriptorProtoSchema, file)).toString("latin1");
  const text = marks.reduce((current, [from, to]) => current.replace(new RegExp(`${to}(?=[./])`, "g"), from), bytes);
  return fromBinary(FileDescriptorProtoSchema, Buffer.from(text, "latin1"));
}

function buildChunk(chunk: readonly Together[]): void {
  const taken = new Set<string>();
  const open = new Map(chunk.map((entry) => [entry, renamed(entry, taken)]));
  while (open.size > 0) {
    const files: Protos = Object.assign({}, chunk[0]?.shared, ...[...open.values()].map((result) => result.files));
    try {
      const built = new Map(build({ ...provided(files), ...files }).map((file) => [file.name, file]));
      for (const [entry, to] of open) entry.built = ofCase(entry, to, built);
      return;
    } catch (error) {
      const wrong = [...open].filter(([, { files }]) =>
        Object.keys(files).some((name) => String(error).includes(name)),
      );
      if (wrong.length === 0) throw error;
      // Each of them reports its error when it is built alone.
      for (const [entry] of wrong) open.delete(entry);
    }
  }
}

/** Returns buf's result for a case alone: by name, each file with its imports before it. */
function ofCase(
  { shared, protos }: Together,
  to: Renamed,
  built: ReadonlyMap<string, FileDescriptorProto>,
): readonly FileDescriptorProto[] {
  const caseFiles = Object.keys(to.files).flatMap((name) => built.get(name) ?? []);
  const ours = new Map(caseFiles.map((file) => restored(file, to)).map((file) => [file.name, file]));
  const found = new Map<string, FileDescriptorProto>();
  const add = (name: string): void => {
    const file = ours.get(name) ?? built.get(name);
    if (file === undefined || found.has(name)) return;
    for (const dependency of file.dependency) add(dependency);
    found.set(name, file);
  };
  const texts = { ...shared, ...protos };
  for (const name of Object.keys({ ...texts, ...provided(texts) }).sort()) add(name);
  return [...found.values()];
}
