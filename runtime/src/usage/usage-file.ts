import { appendFile } from "node:fs/promises";
import type { StoredUsage, UsageTarget } from "./usage-queue.ts";

/** Appends events to a file, one a line. Several processes may append to it, and it may be moved meanwhile. */
export class UsageFile implements UsageTarget {
  readonly #path: string;
  /** True if the last line may be incomplete. */
  #torn = false;

  constructor(path: string) {
    this.#path = path;
  }
  async store(events: readonly StoredUsage[]): Promise<readonly StoredUsage[]> {
    const lines = events.map(({ text }) => `${text}\n`).join("");
    const start = this.#torn ? "\n" : "";
    this.#torn = true;
    await appendFile(this.#path, start + lines, { mode: 0o600 });
    this.#torn = false;
    return [];
  }
  async close(): Promise<void> {}
}
