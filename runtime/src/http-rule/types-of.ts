import { createRegistry, type DescFile, type DescService, type Registry } from "@bufbuild/protobuf";

/** What a google.protobuf.Any may hold in JSON: what the files of these services know, and other files. */
export function typesOf(services: readonly DescService[], others: readonly DescFile[]): Registry {
  const files = new Set<DescFile>([...services.map(({ file }) => file), ...others]);
  for (const { dependencies } of files) for (const file of dependencies) files.add(file);
  return createRegistry(...files);
}
