// The options of this version, for files that buf does not build.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { FileRegistry } from "@bufbuild/protobuf";
import { PROTOS } from "protoc-gen-bff/compiler";
import { buildImage, registryOf } from "./buf.ts";

let built: FileRegistry | undefined;

/** Returns the descriptors of bff.v1, which buf builds once per process. */
export function optionsRegistry(): FileRegistry {
  if (built !== undefined) return built;
  const folder = mkdtempSync(join(tmpdir(), "protobff-options-"));
  try {
    for (const [path, text] of Object.entries(PROTOS)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    built = registryOf(buildImage({ cwd: folder, withoutSources: true }).files);
    return built;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
