import { appendFile } from "node:fs/promises";
import { tame } from "@protobff/runtime/internal/environment/one-line";
import type { ServerFault } from "@protobff/runtime/internal/environment/server-fault";
import type { Observer } from "@protobff/runtime/internal/observer";
import type { AuditEvent } from "@protobff/runtime/internal/observer-requests";
import type { LineStream } from "./line-writer.ts";

/** Maximum size of waiting lines, in characters. Further lines are counted and dropped. */
const MOST_WAITING = 1 << 20;

/** Appends lines, each with its line break. Rejects if they are lost. */
export type AppendLines = (lines: string) => Promise<void>;

/**
 * Writes a line of JSON for each audit event, without any part of a credential. Failures to write do not block
 * requests.
 */
export class AuditLog implements Observer {
  readonly #append: AppendLines;
  readonly #fault: ServerFault;
  #waiting: string[] = [];
  #length = 0;
  #lost = 0;
  #writing: Promise<void> | undefined;

  constructor(append: AppendLines, fault: ServerFault) {
    this.#append = append;
    this.#fault = fault;
  }

  audit({ event, at, ...rest }: AuditEvent): void {
    const texts: Record<string, string> = { time: at.toISOString(), event };
    for (const name in rest) {
      const value = rest[name as keyof typeof rest];
      if (value !== undefined && value !== "") texts[name] = tame(value);
    }
    const line = `${JSON.stringify(texts)}\n`;
    if (this.#length + line.length > MOST_WAITING) {
      this.#lost++;
      return;
    }
    this.#waiting.push(line);
    this.#length += line.length;
    this.#writing ??= this.#write();
  }
  /** Resolves when all lines are written or lost, or after the given time in milliseconds. */
  async flush(withinMs = Number.POSITIVE_INFINITY): Promise<void> {
    if (this.#writing === undefined) return;
    const expired = Promise.withResolvers<void>();
    const timer = Number.isFinite(withinMs) ? setTimeout(expired.resolve, Math.max(0, withinMs)) : undefined;
    await Promise.race([this.#writing, expired.promise]);
    clearTimeout(timer);
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const lines = this.#waiting;
      const lost = this.#lost;
      this.#waiting = [];
      this.#length = 0;
      const reason =
        lost === 0 ? "" : `${JSON.stringify({ time: new Date().toISOString(), event: "lost", count: lost })}\n`;
      try {
        await this.#append(lines.join("") + reason);
        this.#lost -= lost;
      } catch (thrown) {
        this.#lost += lines.length;
        this.#fault("cannot write the audit log", thrown);
      }
    }
    this.#writing = undefined;
  }
}

/** Appends to a file. If the file is moved or deleted meanwhile, the next lines begin another one. */
export function appendingTo(path: string): AppendLines {
  return (lines) => appendFile(path, lines, { mode: 0o600 });
}

/**
 * A closed standard error must not stop the server. If its reader stalls, lines wait up to the bound, and later lines
 * are dropped.
 */
export function appendingToStream(stream: LineStream = process.stderr): AppendLines {
  return (lines) =>
    new Promise((resolve) => {
      if (stream.destroyed) resolve();
      else stream.write(lines, () => resolve());
    });
}
