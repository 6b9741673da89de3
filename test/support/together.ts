// Cases that buf builds many at a time, since most of what one costs is its start. Their files have the same names and packages: each case's
// are built under names of its own, just as long, so that all in the descriptors stands where it stood; then they get theirs back.
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { build, keyOf, type Protos, provided } from "./protos.ts";

/** How many are built at once. One test alone waits for so many. */
const MANY = 100;

interface Together {
  readonly shared: Protos;
  readonly own: Protos;
  /** Those that it is built with. */
  readonly chunk: Together[];
  built?: readonly FileDescriptorProto[] | undefined;
}
const known = new Map<string, Together>();

/**
 * Announces what `requestFor` will be asked for: each case's own files with those that all share. When it is asked for the first it builds
 * it and what stands around it. Who cannot be built with others, or not at all, is built alone as if nobody had announced it.
 */
export function together(shared: Protos, cases: readonly Protos[]): void {
  const fits = cases.filter((own) => segmentsOf(own, shared) !== undefined);
  for (let i = 0; i < fits.length; i += MANY) {
    const chunk: Together[] = [];
    for (const own of fits.slice(i, i + MANY)) {
      const key = keyOf({ ...shared, ...own });
      if (known.has(key)) continue;
      const one = { shared, own, chunk };
      chunk.push(one);
      known.set(key, one);
    }
  }
}

/** The files and what they import, dependencies first; undefined: nobody has announced them, or they are to be built alone. */
export function builtTogether(files: Protos): readonly FileDescriptorProto[] | undefined {
  const one = known.size === 0 ? undefined : known.get(keyOf(files));
  if (one === undefined) return undefined;
  if (one.built === undefined && one.chunk.length > 0) buildChunk(one.chunk.splice(0));
  return one.built;
}

/** What a case's names and packages begin with, to be renamed; undefined: it must not. */
function segmentsOf(own: Protos, shared: Protos): readonly string[] | undefined {
  // Numbers of extensions are used once in all that is built.
  if (Object.values(own).some((text) => /^\s*extend /m.test(text))) return undefined;
  const taken = new Set(Object.keys({ ...shared, ...provided({ ...shared, ...own }) }).map(firstOf));
  const packages = Object.values(own).map((text) => /^package (\w+)\./m.exec(text)?.[1] ?? "");
  const segments = new Set([...Object.keys(own).map(firstOf), ...packages]);
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
function renamed({ own, shared }: Together, taken: Set<string>): Renamed {
  const texts = Object.entries(own).flat().join("\n");
  const marks = (segmentsOf(own, shared) ?? []).map((from) => [from, markFor(from, texts, taken)] as const);
  const there = (text: string): string =>
    marks.reduce((said, [from, to]) => said.replace(new RegExp(`(?<!\\w)${from}(?=[./])`, "g"), to), text);
  const files = Object.fromEntries(Object.entries(own).map(([name, text]) => [there(name), there(text)]));
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

/** With the marks taken back, in its bytes: a text may stand in place of another that is as long. */
function restored(file: FileDescriptorProto, { marks }: Renamed): FileDescriptorProto {
  const bytes = Buffer.from(toBinary(FileDescriptorProtoSchema, file)).toString("latin1");
  const text = marks.reduce((said, [from, to]) => said.replace(new RegExp(`${to}(?=[./])`, "g"), from), bytes);
  return fromBinary(FileDescriptorProtoSchema, Buffer.from(text, "latin1"));
}

function buildChunk(chunk: readonly Together[]): void {
  const taken = new Set<string>();
  const open = new Map(chunk.map((one) => [one, renamed(one, taken)]));
  while (open.size > 0) {
    const files: Protos = Object.assign({}, chunk[0]?.shared, ...[...open.values()].map((one) => one.files));
    try {
      const built = new Map(build({ ...provided(files), ...files }).map((file) => [file.name, file]));
      for (const [one, to] of open) one.built = ofCase(one, to, built);
      return;
    } catch (error) {
      const wrong = [...open].filter(([, { files }]) =>
        Object.keys(files).some((name) => String(error).includes(name)),
      );
      if (wrong.length === 0) throw error;
      // They say what is wrong with them when they are built alone.
      for (const [one] of wrong) open.delete(one);
    }
  }
}

/** What buf gives for a case alone: by name, and what each imports before it. */
function ofCase(
  { shared, own }: Together,
  to: Renamed,
  built: ReadonlyMap<string, FileDescriptorProto>,
): readonly FileDescriptorProto[] {
  const restoredOwn = Object.keys(to.files).flatMap((name) => built.get(name) ?? []);
  const ours = new Map(restoredOwn.map((file) => restored(file, to)).map((file) => [file.name, file]));
  const found = new Map<string, FileDescriptorProto>();
  const add = (name: string): void => {
    const file = ours.get(name) ?? built.get(name);
    if (file === undefined || found.has(name)) return;
    for (const dependency of file.dependency) add(dependency);
    found.set(name, file);
  };
  const texts = { ...shared, ...own };
  for (const name of Object.keys({ ...texts, ...provided(texts) }).sort()) add(name);
  return [...found.values()];
}
