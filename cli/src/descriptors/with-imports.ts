// Adds missing imports to descriptors. For example, proto-loader makes one file of each package, without imports.
import type { DescriptorProto, FileDescriptorProto } from "@bufbuild/protobuf/wkt";
import { WELL_KNOWN } from "./well-known.ts";

/**
 * Returns files that import all types that they use and that exist. Stand-ins for files of google.protobuf are replaced
 * by the real files.
 *
 * @param files with names of types from the root
 */
export function withImports(files: readonly FileDescriptorProto[]): readonly FileDescriptorProto[] {
  const wellKnown = new Map([...WELL_KNOWN.values()].flatMap((file) => typesOf(file).map((name) => [name, file.name])));
  const isStandIn = (file: FileDescriptorProto): boolean =>
    file.package === "google.protobuf" &&
    !WELL_KNOWN.has(file.name) &&
    typesOf(file).every((name) => wellKnown.has(name));
  const kept = files.filter((file) => !isStandIn(file));
  const declaredIn = new Map([
    ...wellKnown,
    ...kept.flatMap((file) => typesOf(file).map((name) => [name, file.name] as const)),
  ]);
  const names = new Set([...kept.map(({ name }) => name), ...WELL_KNOWN.keys()]);
  const byName = new Map([...WELL_KNOWN, ...kept.map((file) => [file.name, file] as const)]);
  const mended = kept.map((file) => {
    const visible = visibleFrom(file, byName);
    const needed = new Set<string>();
    for (const type of usedBy(file)) {
      const name = declaredIn.get(type);
      if (name !== undefined && name !== file.name && names.has(name) && !visible.has(name)) needed.add(name);
    }
    return needed.size === 0 ? file : { ...file, dependency: [...file.dependency, ...needed] };
  });
  const there = new Set(mended.map(({ name }) => name));
  const dependencies = new Set(mended.flatMap(({ dependency }) => dependency));
  for (const name of dependencies)
    for (const dependency of WELL_KNOWN.get(name)?.dependency ?? []) dependencies.add(dependency);
  const added = [...WELL_KNOWN.values()].filter(({ name }) => dependencies.has(name) && !there.has(name));
  return [...added, ...mended];
}

/** Returns the imports of a file, and their public imports. */
function visibleFrom(file: FileDescriptorProto, byName: ReadonlyMap<string, FileDescriptorProto>): ReadonlySet<string> {
  const visible = new Set(file.dependency);
  for (const name of visible) {
    const imported = byName.get(name);
    for (const i of imported?.publicDependency ?? []) visible.add(imported?.dependency[i] ?? "");
  }
  return visible;
}

/** With a dot in front. */
function typesOf(file: FileDescriptorProto): readonly string[] {
  const scope = file.package === "" ? "" : `.${file.package}`;
  const inside = (message: DescriptorProto, name: string): string[] => [
    name,
    ...message.enumType.map((enumeration) => `${name}.${enumeration.name}`),
    ...message.nestedType.flatMap((message) => inside(message, `${name}.${message.name}`)),
  ];
  return [
    ...file.enumType.map(({ name }) => `${scope}.${name}`),
    ...file.messageType.flatMap((message) => inside(message, `${scope}.${message.name}`)),
  ];
}

function usedBy(file: FileDescriptorProto): ReadonlySet<string> {
  const used = new Set<string>();
  const message = (desc: DescriptorProto): void => {
    for (const { typeName, extendee } of [...desc.field, ...desc.extension]) used.add(typeName).add(extendee);
    for (const nested of desc.nestedType) message(nested);
  };
  for (const desc of file.messageType) message(desc);
  for (const { typeName, extendee } of file.extension) used.add(typeName).add(extendee);
  for (const { method } of file.service) for (const rpc of method) used.add(rpc.inputType).add(rpc.outputType);
  return used;
}

/** A file that does not import these. */
export function withoutImports(file: FileDescriptorProto, names: ReadonlySet<string>): FileDescriptorProto {
  if (!file.dependency.some((name) => names.has(name))) return file;
  const kept = file.dependency.filter((name) => !names.has(name));
  const moved = (indexes: readonly number[]): number[] =>
    indexes.map((i) => kept.indexOf(file.dependency[i] ?? "")).filter((i) => i >= 0);
  return {
    ...file,
    dependency: kept,
    publicDependency: moved(file.publicDependency),
    weakDependency: moved(file.weakDependency),
  };
}
