import { createRequire } from "node:module";
import type * as morph from "ts-morph";

export type { morph };

/** ts-morph with the TypeScript compiler in it: half a second that only who needs it should pay for. */
export function tsMorph(): typeof morph {
  return createRequire(import.meta.url)("ts-morph") as typeof morph;
}

/** Creates a project of files in memory, without lookups of dependencies. */
export function emptyProject({ Project }: typeof morph): morph.Project {
  return new Project({
    useInMemoryFileSystem: true,
    skipFileDependencyResolution: true,
    skipLoadingLibFiles: true,
    compilerOptions: { allowJs: false, noLib: true },
  });
}
