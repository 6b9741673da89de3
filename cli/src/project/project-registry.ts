// Descriptors of a project's protos.
import { create, createFileRegistry, type FileRegistry } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { buildImage } from "./buf.ts";
import { readGenConfig } from "./gen-config.ts";

/** Builds all inputs of `buf.gen.yaml`. Throws a `Refusal` if there is none, or if one does not build. */
export function projectRegistry(cwd: string): FileRegistry {
  const images = readGenConfig(cwd).inputs.map(({ input, paths, excludePaths }) =>
    buildImage({ cwd, input, paths, excludePaths, withoutSources: true }),
  );
  const protos = new Map(images.flatMap((image) => image.files.map((file) => [file.name, file] as const)));
  return registryOf([...protos.values()]);
}

/** Returns the types of files, each after those that it imports. Throws for files that do not hold together. */
export function registryOf(files: readonly FileDescriptorProto[]): FileRegistry {
  return createFileRegistry(create(FileDescriptorSetSchema, { file: [...files] }));
}
