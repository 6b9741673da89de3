import { mkdir, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ServerFault } from "@protobff/runtime/internal/environment/server-fault";

/** Number of files of one process. The oldest is deleted when the next one would exceed the bound. */
const FILES = 8;
/** Maximum number of files of a package in the folder, including those of earlier processes. */
const MAX_FILES = 64;
/** Maximum length of lines that are not written yet, in characters. Further lines are lost. */
const MAX_PENDING_BYTES = 16 << 20;
/** Time for which lines are collected, in milliseconds. */
const COLLECT_MS = 50;

/** Files of captures in one folder, bounded in bytes. */
export class CaptureFile {
  readonly #folder: string;
  readonly #name: string;
  readonly #header: string;
  readonly #fileBytes: number;
  readonly #fault: ServerFault;
  #files: string[] = [];
  #next = 0;
  #handle: Awaited<ReturnType<typeof open>> | undefined;
  #written = 0;
  #pending: string[] = [];
  #pendingLength = 0;
  #lost = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  /**
   * @param name start of the names of files
   * @param header first line of each file
   */
  constructor(folder: string, name: string, header: string, maxBytes: number, fault: ServerFault) {
    this.#folder = folder;
    this.#name = name;
    this.#header = `${header}\n`;
    this.#fileBytes = maxBytes / FILES;
    this.#fault = fault;
  }
  /** Creates the folder, and deletes the oldest files of earlier processes. */
  async prepare(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const all = (await readdir(this.#folder)).filter((file) => file.startsWith(`${this.#name}-`)).sort();
    for (const file of all.slice(0, Math.max(0, all.length - MAX_FILES + FILES)))
      await rm(join(this.#folder, file), { force: true });
  }
  write(line: string): void {
    if (this.#pendingLength + line.length > MAX_PENDING_BYTES) {
      this.#lost++;
      return;
    }
    this.#pending.push(line, "\n");
    this.#pendingLength += line.length;
    this.#timer ??= setTimeout(() => this.#flush(), COLLECT_MS).unref();
  }
  /** Writes all pending lines. */
  async close(): Promise<void> {
    this.#flush();
    await this.#writing;
    await this.#handle?.close();
    this.#handle = undefined;
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#pending.length === 0) return;
    const text = this.#pending.join("");
    this.#pending = [];
    this.#writing = this.#writing.then(() => this.#append(text)).catch((thrown: unknown) => this.#failed(thrown));
  }
  async #append(text: string): Promise<void> {
    const bytes = Buffer.from(text);
    if (this.#handle === undefined || this.#written + bytes.length > this.#fileBytes) await this.#nextFile();
    this.#written += bytes.length;
    await this.#handle?.appendFile(bytes);
    this.#pendingLength = this.#pending.reduce((sum, { length }) => sum + length, 0);
    if (this.#lost > 0) this.#fault(`${this.#lost} captures are lost: the disk is too slow`, undefined);
    this.#lost = 0;
  }
  async #nextFile(): Promise<void> {
    await this.#handle?.close();
    const path = join(this.#folder, `${this.#name}-${process.pid}-${Date.now()}-${this.#next++}.jsonl`);
    this.#handle = await open(path, "a", 0o600);
    this.#files.push(path);
    this.#written = this.#header.length;
    await this.#handle.appendFile(this.#header);
    if (this.#files.length > FILES) await rm(this.#files.shift() ?? "", { force: true });
  }
  #failed(thrown: unknown): void {
    this.#pendingLength = 0;
    this.#fault("captures cannot be written", thrown);
  }
}
