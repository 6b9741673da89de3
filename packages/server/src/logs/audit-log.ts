import { appendFile } from "node:fs/promises";
import { tame } from "@protobff/runtime/internal/environment/one-line";
import type { ServerFault } from "@protobff/runtime/internal/environment/server-fault";
import type { Observer } from "@protobff/runtime/internal/observer";
import type { AuditEvent } from "@protobff/runtime/internal/observer-requests";
import type { LineStream } from "./line-writer.ts";

/** Time between two writes of a flood of lines, in milliseconds: each write opens the file. */
const PAUSE_MS = 10;
/** Maximum size of waiting lines, in characters. Further lines are counted and dropped. */
const MAX_WAITING_BYTES = 1 << 20;

/** Bounds of the texts that are kept quoted: their number, and the length of each in characters. */
const MAX_TEXTS = 1_000;
const MAX_TEXT_CHARACTERS = 200;

/** Appends lines, each with its line break. Rejects if they are lost. */
type AppendLines = (lines: string) => Promise<void>;

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
  readonly #quotedTexts = new Map<string, string>();
  #writing: Promise<void> | undefined;
  /** Ends the pause between two writes. */
  #resume: (() => void) | undefined;

  constructor(append: AppendLines, fault: ServerFault) {
    this.#append = append;
    this.#fault = fault;
  }

  audit(event: AuditEvent): void {
    let line = `{"time":"${event.at.toISOString()}","event":"${event.event}"`;
    for (const name in event) {
      if (name === "at" || name === "event") continue;
      const value = event[name as Exclude<keyof AuditEvent, "at" | "event">];
      if (value !== undefined && value !== "") line += `,"${name}":${this.#quoted(value)}`;
    }
    line += "}\n";
    if (this.#length + line.length > MAX_WAITING_BYTES) {
      this.#lost++;
      return;
    }
    this.#waiting.push(line);
    this.#length += line.length;
    this.#writing ??= this.#write();
  }
  /** Events of a flood repeat most of their texts. */
  #quoted(text: string): string {
    let quoted = this.#quotedTexts.get(text);
    if (quoted !== undefined) return quoted;
    quoted = JSON.stringify(tame(text));
    if (this.#quotedTexts.size >= MAX_TEXTS) this.#quotedTexts.clear();
    if (text.length <= MAX_TEXT_CHARACTERS) this.#quotedTexts.set(text, quoted);
    return quoted;
  }
  /** Resolves when all lines are written or lost, or after the given time in milliseconds. */
  async flush(withinMs = Number.POSITIVE_INFINITY): Promise<void> {
    if (this.#writing === undefined) return;
    this.#resume?.();
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
      if (this.#waiting.length > 0) await this.#pause();
    }
    this.#writing = undefined;
  }
  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, PAUSE_MS);
      this.#resume = () => {
        clearTimeout(timer);
        resolve();
      };
    });
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
