// What is generated, on the disk: only what differs is written, so that nothing looks changed that is not.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** A generated file. */
export interface OutputFile {
  /** From the project's folder. */
  readonly path: string;
  readonly content: string;
}

/** The generated files of one project. */
export class Outputs {
  readonly #cwd: string;
  #given = new Map<string, string>();
  #removed = new Set<string>();

  /** @param cwd the project's folder */
  constructor(cwd: string) {
    this.#cwd = cwd;
  }

  /**
   * Writes those that differ from the disk, and removes those that were given before and are not any more; what others have written stays.
   * Gives the absolute paths of what is other than before, also where somebody else, such as git, has written it so. Throws what the file
   * system throws.
   */
  write(files: readonly OutputFile[]): readonly string[] {
    const next = new Map(files.map(({ path, content }) => [join(this.#cwd, path), content]));
    const touched: string[] = [];
    for (const [path, content] of next) {
      const isWritten = read(path) === content;
      if (!isWritten) {
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, content);
      }
      this.#removed.delete(path);
      const before = this.#given.get(path);
      if (!isWritten || (before !== undefined && before !== content)) touched.push(path);
    }
    for (const path of this.#given.keys()) {
      if (next.has(path)) continue;
      rmSync(path, { force: true });
      this.#removed.add(path);
      touched.push(path);
    }
    this.#given = next;
    return touched;
  }

  /** Whether it is as `write` has left it: who wrote it last does not matter. */
  isAsWritten(path: string): boolean {
    if (this.#removed.has(path)) return read(path) === undefined;
    const content = this.#given.get(path);
    return content !== undefined && read(path) === content;
  }

  has(path: string): boolean {
    return this.#given.has(path);
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
