// Generated files on disk. Only files that differ are written, so that unchanged files keep their times.
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
  #contents = new Map<string, string>();
  #removed = new Set<string>();

  /** @param cwd the project's folder */
  constructor(cwd: string) {
    this.#cwd = cwd;
  }

  /**
   * Writes the files that differ from the disk, and removes earlier outputs that are no longer generated. Other files
   * stay. Returns the absolute paths of files that changed, also if another program, such as git, has written them.
   * Throws errors of the file system.
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
      const before = this.#contents.get(path);
      if (!isWritten || (before !== undefined && before !== content)) touched.push(path);
    }
    for (const path of this.#contents.keys()) {
      if (next.has(path)) continue;
      rmSync(path, { force: true });
      this.#removed.add(path);
      touched.push(path);
    }
    this.#contents = next;
    return touched;
  }

  /** Returns true if the file is as `write` has left it, even if another program has written it since. */
  isAsWritten(path: string): boolean {
    if (this.#removed.has(path)) return read(path) === undefined;
    const content = this.#contents.get(path);
    return content !== undefined && read(path) === content;
  }

  has(path: string): boolean {
    return this.#contents.has(path);
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
