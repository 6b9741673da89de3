// protobuf-java's FieldMaskUtil, whose artifacts Maven brings: it takes a moment, and the network.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { DescMessage } from "@bufbuild/protobuf";
import { argument, LineProcess } from "./line-process.ts";

const FOLDER = join(import.meta.dirname, "java");
const GENERATED = join(import.meta.dirname, ".generated");

/** True if there is no JDK, or if Maven cannot have the artifacts. */
export const WITHOUT_JAVA = process.env.PROTOBFF_WITHOUT_JAVA === "1" || process.env.PROTOBFF_WITHOUT_MAVEN === "1";

/**
 * Returns the folder of the artifacts.
 *
 * @throws when there is no Maven, or when it cannot have the artifacts
 */
function jars(): string {
  const jars = join(GENERATED, "jars");
  if (existsSync(jars)) return jars;
  mkdirSync(GENERATED, { recursive: true });
  const copied = mkdtempSync(`${jars}-`);
  const copy = ["-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime", `-DoutputDirectory=${copied}`];
  execFileSync("mvn", copy, { cwd: FOLDER, stdio: ["ignore", "ignore", "inherit"] });
  try {
    renameSync(copied, jars);
  } catch (thrown) {
    // Another process was faster.
    if (!existsSync(jars)) throw thrown;
    rmSync(copied, { recursive: true });
  }
  return jars;
}

/** Trims by paths that end at lists and maps; paths below them are invalid. */
export class FieldMaskUtil {
  readonly #process = new LineProcess("java", ["-cp", `${jars()}/*`, join(FOLDER, "Masks.java")]);

  /**
   * Returns the message with the fields of the paths only. Unknown fields are left out.
   *
   * @param paths may end with `*`
   * @throws Error for an unknown path, and for a path below a list, a map or a scalar
   */
  async trimmed(desc: DescMessage, message: Uint8Array, paths: readonly string[]): Promise<Uint8Array> {
    const names = paths.flatMap((path) =>
      path === "*" ? desc.fields.map(({ name }) => name) : [path.replace(/\.\*$/, "")],
    );
    const answer = await this.#process.answer("trim", desc, argument(message), argument(names.join(",")));
    return Buffer.from(answer.slice(1), "base64");
  }

  /** True if a mask may hold the path. */
  async isValid(desc: DescMessage, path: string): Promise<boolean> {
    return (await this.#process.answer("valid", desc, argument(path))) === "true";
  }

  close(): Promise<void> {
    return this.#process.close();
  }
}
