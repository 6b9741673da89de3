import { createRegistry, type DescFile, type DescService, type Registry } from "@bufbuild/protobuf";

/**
 * Returns the types that a google.protobuf.Any may hold in JSON: those in the files of these services, in other files,
 * and in all of their imports.
 */
export function typesOf(services: readonly DescService[], others: readonly DescFile[]): Registry {
  const files = new Set<DescFile>([...services.map(({ file }) => file), ...others]);
  for (const { dependencies } of files) for (const file of dependencies) files.add(file);
  return createRegistry(...files);
}
