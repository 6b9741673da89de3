// fmutils, which Go builds. It also has fields of items and of values.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DescMessage, fromBinary } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { argument, LineProcess } from "./line-process.ts";
import { maskTree } from "./mask-tree.ts";

/** True if Go is not installed. */
export const WITHOUT_GO = process.env.PROTOBFF_WITHOUT_GO === "1";

export class Fmutils {
  readonly #folder = mkdtempSync(join(tmpdir(), "protobff-masks-"));
  readonly #process: LineProcess;

  /** @throws when there is no Go, or when it cannot have the module */
  constructor() {
    const program = join(this.#folder, "masks");
    const env = { ...process.env, GOFLAGS: "-buildvcs=false", GOWORK: "off" };
    execFileSync("go", ["build", "-o", program, "."], { cwd: join(import.meta.dirname, "go"), env, stdio: "inherit" });
    this.#process = new LineProcess(program, []);
  }

  /**
   * Returns the message with the fields of the paths, and unknown fields.
   *
   * @param paths at least one: fmutils keeps all fields without any. `owners.*.name` is the field of each value of a map
   * @throws Error for an unknown path, one below a field without fields, and a key of a map
   */
  async trimmed(desc: DescMessage, message: Uint8Array, paths: readonly string[]): Promise<Uint8Array> {
    if (paths.length === 0) throw new Error("no paths");
    const mask = maskTree(reflect(desc, fromBinary(desc, message)), paths);
    const answer = await this.#process.answer("trim", desc, argument(message), argument(JSON.stringify(mask)));
    return Buffer.from(answer.slice(1), "base64");
  }

  async close(): Promise<void> {
    await this.#process.close();
    rmSync(this.#folder, { recursive: true });
  }
}
