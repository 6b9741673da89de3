import { mkdir, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ServerFault } from "@protobff/runtime/internal/environment/server-fault";
import type { Sealer } from "@protobff/runtime/internal/sealing/sealer";
import { CborWriter } from "./cbor-writer.ts";
import { MEMBERS } from "./format.ts";

/** Number of files of one process. The oldest is deleted when the next one would exceed the bound. */
const FILES = 8;
/** Maximum number of files of a package in the folder, including those of earlier processes. */
const MAX_FILES = 64;
/** Maximum size of requests that are not written yet, in bytes. Further ones are lost. */
const MAX_PENDING_BYTES = 16 << 20;
/** Requests are collected for this time in milliseconds, or up to this size in bytes: small writes cost thrice as much. */
const COLLECT_MS = 50;
const COLLECT_BYTES = 512 << 10;
/** Larger buffers are not kept. */
const KEPT_BYTES = 4 << 20;
/** Longest time between two searches for files that are too old, in milliseconds. */
const SEARCH_MS = 3_600_000;

const WORDS: ReadonlyMap<string, number> = new Map(MEMBERS.map((name, number) => [name, number]));

/** Folder and bounds of files. */
interface CaptureBounds {
  readonly folder: string;
  /** Start of the names of files. */
  readonly name: string;
  /** First line of each file. */
  readonly header: string;
  /** Maximum size of all files of this process. */
  readonly maxBytes: number;
  /** A request is deleted at this age, in milliseconds. Undefined: only for the number of files. */
  readonly maxAgeMs: number | undefined;
  /** Seals each request for this purpose. */
  readonly sealed: { readonly sealer: Sealer; readonly purpose: string } | undefined;
}

/** Requests that are not written yet, and where each ends. */
class Pending extends CborWriter {
  readonly ends: number[] = [];

  constructor() {
    super(WORDS, 2 * COLLECT_BYTES);
  }
}

/** Files of captures in one folder, bounded in bytes and in age. */
export class CaptureFile {
  readonly #bounds: CaptureBounds;
  readonly #header: Buffer;
  readonly #fileBytes: number;
  readonly #fault: ServerFault;
  #files: string[] = [];
  #next = 0;
  #handle: Awaited<ReturnType<typeof open>> | undefined;
  #begunAt = 0;
  #written = 0;
  #pending = new Pending();
  /** The other buffer: it is written to the disk, or empty. */
  #full = new Pending();
  readonly #content = new CborWriter(WORDS, 1 << 10);
  #lost = 0;
  #timer: NodeJS.Timeout | undefined;
  #search: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;

  constructor(bounds: CaptureBounds, fault: ServerFault) {
    this.#bounds = bounds;
    this.#header = Buffer.from(`${bounds.header}\n`);
    this.#fileBytes = bounds.maxBytes / FILES;
    this.#fault = fault;
  }
  /** Creates the folder, and deletes the oldest files of earlier processes. */
  async prepare(): Promise<void> {
    const { folder, maxAgeMs } = this.#bounds;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const all = (await this.#all()).sort((a, b) => a.begunAt - b.begunAt);
    for (const { path } of all.slice(0, Math.max(0, all.length - MAX_FILES + FILES))) await rm(path, { force: true });
    if (maxAgeMs === undefined) return;
    await this.#deleteOld(maxAgeMs);
    const deleteOld = (): void =>
      void this.#deleteOld(maxAgeMs).catch((thrown: unknown) => this.#fault("old captures cannot be deleted", thrown));
    this.#search = setInterval(deleteOld, Math.min(maxAgeMs / FILES, SEARCH_MS)).unref();
  }
  /** Writes a request of any number of values. */
  write(request: (writer: CborWriter) => void): void {
    const pending = this.#pending;
    const begin = pending.length;
    if (begin > MAX_PENDING_BYTES) {
      this.#lost++;
      return;
    }
    const { sealed } = this.#bounds;
    try {
      pending.wrapped(() => {
        if (sealed === undefined) {
          request(pending);
          return;
        }
        this.#content.cut(0);
        request(this.#content);
        pending.encoded(sealed.sealer.seal(this.#content.written, sealed.purpose));
      });
    } catch (thrown) {
      pending.cut(begin);
      throw thrown;
    }
    if (pending.length - begin <= this.#fileBytes - this.#header.length) pending.ends.push(pending.length);
    else {
      pending.cut(begin);
      this.#fault(`a request is not captured: it is larger than a file, an eighth of bytes= of BFF_CAPTURE`, undefined);
    }
    if (pending.length > COLLECT_BYTES) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), COLLECT_MS).unref();
  }
  /** Writes all pending requests. */
  async close(): Promise<void> {
    clearInterval(this.#search);
    do {
      this.#flush();
      await this.#writing;
    } while (this.#pending.length > 0);
    await this.#handle?.close();
    this.#handle = undefined;
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#writing !== undefined || this.#pending.length === 0) return;
    const full = this.#pending;
    this.#pending = this.#full;
    this.#full = full;
    this.#writing = this.#append(full)
      .catch((thrown: unknown) => {
        this.#written = this.#fileBytes; // A request may be incomplete: the next one begins a file.
        this.#fault("captures cannot be written", thrown);
      })
      .then(() => {
        if (full.length > KEPT_BYTES) this.#full = new Pending();
        full.cut(0);
        full.ends.length = 0;
        this.#writing = undefined;
        if (this.#pending.length > 0) this.#timer ??= setTimeout(() => this.#flush(), COLLECT_MS).unref();
      });
  }
  async #append({ written, ends }: Pending): Promise<void> {
    const { maxAgeMs = Number.POSITIVE_INFINITY } = this.#bounds;
    for (let from = 0, next = 0; next < ends.length; ) {
      const isOld = Date.now() - this.#begunAt > maxAgeMs / FILES;
      const room = this.#fileBytes - this.#written;
      if (this.#handle === undefined || isOld || (ends[next] ?? 0) - from > room) await this.#nextFile();
      const most = from + this.#fileBytes - this.#written;
      while ((ends[next] ?? Number.POSITIVE_INFINITY) <= most) next++;
      const to = ends[next - 1] ?? from;
      await this.#handle?.appendFile(written.subarray(from, to));
      this.#written += to - from;
      from = to;
    }
    if (this.#lost > 0) this.#fault(`${this.#lost} captures are lost: the disk is too slow`, undefined);
    this.#lost = 0;
  }
  async #nextFile(): Promise<void> {
    await this.#handle?.close();
    this.#begunAt = Date.now();
    const { folder, name } = this.#bounds;
    const path = join(folder, `${name}-${process.pid}-${this.#begunAt}-${this.#next++}.capture`);
    this.#handle = await open(path, "a", 0o600);
    this.#files.push(path);
    this.#written = this.#header.length;
    await this.#handle.appendFile(this.#header);
    if (this.#files.length > FILES) await rm(this.#files.shift() ?? "", { force: true });
  }

  /** Returns the files of the package, with the time at which they were begun. */
  async #all(): Promise<{ readonly path: string; readonly begunAt: number }[]> {
    const { folder, name } = this.#bounds;
    return (await readdir(folder)).flatMap((file) => {
      const [, before, begunAt] = /^(.+)-\d+-(\d+)-\d+\.(?:capture|jsonl)$/.exec(file) ?? [];
      return before === name ? [{ path: join(folder, file), begunAt: Number(begunAt) }] : [];
    });
  }
  /** Deletes the files whose first request may be older. If the last one is among them, the next request begins a file. */
  async #deleteOld(maxAgeMs: number): Promise<void> {
    const now = Date.now();
    for (const { path, begunAt } of await this.#all())
      if (begunAt + maxAgeMs <= now) {
        this.#files = this.#files.filter((file) => file !== path);
        await rm(path, { force: true });
      }
  }
}
