// `buf breaking` over both sides of a project.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Refusal } from "../terminal.ts";
import { type Image, spawnBuf } from "./buf.ts";
import type { GenConfig } from "./gen-config.ts";
import type { OtherSide } from "./other-side.ts";

/** Both sides, and their images. */
interface Sides {
  readonly cwd: string;
  readonly projectConfig: GenConfig;
  readonly other: OtherSide;
  readonly now: Image;
  readonly then: Image;
}

/**
 * Returns the output for each input, as JSON, a finding on a line. Paths that generation leaves out are compared too,
 * because buf would leave them out on this side alone. Throws a `Refusal` with buf's message if buf cannot compare the
 * sides.
 */
export function bufBreaking(sides: Sides): readonly string[] {
  const { cwd, projectConfig, other } = sides;
  if (other.image) return [ofImages(sides)];
  try {
    return projectConfig.inputs.map(({ input }, i) => breaking(cwd, input, other.inputs[i] ?? ""));
  } catch (thrown) {
    // buf compares modules with separate rules one by one, which fails if a module was added or removed.
    if (thrown instanceof Refusal && /contained \d+ images, whereas/.test(thrown.message)) return [ofImages(sides)];
    throw thrown;
  }
}

const FOUND = 100;
function breaking(cwd: string, input: string, against: string, more: readonly string[] = []): string {
  const args = ["breaking", input, "--against", against, "--error-format=json", ...more];
  return new TextDecoder().decode(spawnBuf(args, cwd, [0, FOUND]).stdout);
}

/** All of one side with all of the other. */
function ofImages({ cwd, now, then }: Sides): string {
  const folder = mkdtempSync(join(tmpdir(), "protobff-"));
  const write = (name: string, { files }: Image): string => {
    const path = join(folder, `${name}.binpb`);
    writeFileSync(path, toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file: [...files] })));
    return path;
  };
  try {
    const config = existsSync(join(cwd, "buf.yaml")) ? ["--config", "buf.yaml"] : [];
    return breaking(cwd, write("now", now), write("then", then), config);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
