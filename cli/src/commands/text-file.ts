// Files that a command line names.
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { Refusal } from "../terminal.ts";

/**
 * Returns the text of a file. Throws a `Refusal` if the file cannot be read, or is larger.
 *
 * @param what the file is, for messages: "a contract"
 */
export function readBounded(path: string, cwd: string, what: string, maxBytes: number, exitCode: 1 | 2 = 1): string {
  const full = resolve(cwd, path);
  try {
    const { size } = statSync(full);
    if (size > maxBytes) throw new Refusal(`${path} has ${size} bytes, and ${what} at most ${maxBytes}`, exitCode);
    return readFileSync(full, "utf8");
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal(`${path} cannot be read: ${error instanceof Error ? error.message : error}`, exitCode);
  }
}

/** Writes a file. Throws a `Refusal` if it cannot be written. */
export function writeText(path: string, cwd: string, text: string): void {
  try {
    writeFileSync(resolve(cwd, path), text);
  } catch (error) {
    throw new Refusal(`${path} cannot be written: ${error instanceof Error ? error.message : error}`);
  }
}
