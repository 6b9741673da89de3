// Certificates whose files are checked at intervals. Issuers of certificates for a day or an hour renew them while the
// process runs.
import { hash, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { DescService } from "@bufbuild/protobuf";
import type { Clock, Timer } from "@protobff/runtime/internal/clock";
import type { Environment } from "@protobff/runtime/internal/environment/env-reader";
import type { CertificateEvent } from "@protobff/runtime/internal/observer";
import { variablePrefix } from "../config/config-upstreams.ts";

/** PEM. */
export interface Certificates {
  readonly cert?: Buffer;
  readonly key?: Buffer;
  /** Authorities that sign the peer's certificates. */
  readonly ca?: Buffer;
}

/** The variables that have the paths, and the paths. */
export interface CertificatePaths {
  /** The upstream or branch, as in `ServerConfig`. Undefined: the server itself. */
  readonly of: string | undefined;
  /** Name in reports: the variable of the certificate, or of the authorities if there is no certificate. */
  readonly variable: string;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly ca: string | undefined;
}

/** Returns the paths of all certificates that are set. */
export function certificatePaths(
  source: Environment,
  upstreams: Readonly<Record<string, DescService>>,
  branches: { readonly [name: string]: readonly string[] | undefined } = {},
): readonly CertificatePaths[] {
  const all = Object.entries(upstreams).flatMap(([name, { typeName }]) => [
    { of: name, prefix: variablePrefix(typeName) },
    ...(branches[name] ?? []).map((branch) => ({
      of: `${name}.${branch}`,
      prefix: `${variablePrefix(typeName)}_${branch.toUpperCase()}`,
    })),
  ]);
  const serverFiles = { of: undefined, cert: "TLS_CERT_FILE", key: "TLS_KEY_FILE", ca: "TLS_CLIENT_CA_FILE" };
  const theirs = all.map(({ of, prefix }) => ({
    of,
    cert: `${prefix}_CERT_FILE`,
    key: `${prefix}_KEY_FILE`,
    ca: `${prefix}_CA_FILE`,
  }));
  return [serverFiles, ...theirs].flatMap(({ of, cert, key, ca }) => {
    const paths = { cert: source[cert] || undefined, key: source[key] || undefined, ca: source[ca] || undefined };
    if (paths.cert === undefined && paths.ca === undefined) return [];
    return [{ of, variable: paths.cert === undefined ? ca : cert, ...paths }];
  });
}

/**
 * Interval between checks of the files, in milliseconds. Checks compare contents: a mounted secret changes by a
 * symbolic link, which emits no event.
 */
export const LOOK_MS = 10_000;
/**
 * Remaining lifetime below which expiry is reported once a day. For certificates with a lifetime of a day or an hour,
 * the limit is a quarter of the lifetime.
 */
const SOON_MS = 14 * 24 * 3_600_000;
const SOON_PART = 1 / 4;
const DAY_MS = 24 * 3_600_000;
/** Maximum size of a file, in bytes. */
const MAX_BYTES = 1 << 20;

interface CertificateFilesOptions {
  readonly clock: Clock;
  /** Receives renewed certificates. If it throws, the error is reported and the previous certificates stay. */
  readonly renew: (certificates: Certificates) => void;
  readonly report: (event: CertificateEvent) => void;
}

/** One pair of files, and the authorities beside it. Invalid files change nothing. */
export class CertificateFiles {
  readonly #paths: CertificatePaths;
  readonly #options: CertificateFilesOptions;
  #current: string | undefined;
  /** Fault of the previous check: during a change, a certificate may be beside the key of another. */
  #suspect: string | undefined;
  #reportedDays: number | undefined;
  #lasts: Lasts | undefined;
  #timer: Timer | undefined;
  #closed = false;

  /** @param first what holds now */
  constructor(paths: CertificatePaths, first: Certificates, options: CertificateFilesOptions) {
    this.#paths = paths;
    this.#options = options;
    this.#current = digestOf(first);
    this.#lasts = lastsOf(first);
    this.#reportEnd();
    this.#later();
  }
  /** Name of the variable, for reports. */
  get variable(): string {
    return this.#paths.variable;
  }
  /** Expiry of the current certificate. Undefined: there are only authorities. */
  get ends(): Date | undefined {
    return this.#lasts?.to;
  }
  close(): void {
    this.#closed = true;
    if (this.#timer !== undefined) this.#options.clock.clearTimeout(this.#timer);
  }
  #later(): void {
    if (this.#closed) return;
    const look = (files: CertificateFiles): void => void files.look().finally(() => files.#later());
    this.#timer = this.#options.clock.setTimeout(look, LOOK_MS, this as CertificateFiles);
    // A process that is done does not wait for it.
    if ("unref" in this.#timer && typeof this.#timer.unref === "function") this.#timer.unref();
  }
  /** Never rejects. */
  async look(): Promise<void> {
    let digest: string | undefined;
    try {
      const { cert, key, ca } = this.#paths;
      const [certPem, keyPem, caPem] = await Promise.all([contentOf(cert), contentOf(key), contentOf(ca)]);
      const found: Certificates = {
        ...(certPem !== undefined && { cert: certPem }),
        ...(keyPem !== undefined && { key: keyPem }),
        ...(caPem !== undefined && { ca: caPem }),
      };
      digest = digestOf(found);
      if (digest !== this.#current && !this.#closed) this.#take(found, digest);
      else this.#suspect = undefined;
    } catch (thrown) {
      this.#refuse(digest ?? String(thrown), thrown);
    }
    this.#reportEnd();
  }
  #take(found: Certificates, digest: string): void {
    check(found, this.#options.clock.date());
    this.#options.renew(found);
    this.#current = digest;
    this.#suspect = undefined;
    this.#reportedDays = undefined;
    this.#lasts = lastsOf(found);
    this.#options.report({ variable: this.#paths.variable, outcome: "renewed", ends: this.#lasts?.to });
  }
  /** Reports a fault at its second check, once for the same contents. */
  #refuse(what: string, thrown: unknown): void {
    const before = this.#suspect;
    const reported = `reported ${what}`;
    if (before === reported) return;
    this.#suspect = before === what ? reported : what;
    if (this.#suspect !== reported) return;
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    this.#options.report({ variable: this.#paths.variable, outcome: "refused", ends: this.#lasts?.to, reason });
  }
  #reportEnd(): void {
    if (this.#lasts === undefined) return;
    const { from, to } = this.#lasts;
    const leftMs = to.getTime() - this.#options.clock.date().getTime();
    const days = Math.floor(leftMs / DAY_MS);
    if (leftMs >= Math.min(SOON_MS, (to.getTime() - from.getTime()) * SOON_PART) || days === this.#reportedDays) return;
    this.#reportedDays = days;
    this.#options.report({ variable: this.#paths.variable, outcome: "ending", ends: to, days });
  }
}

async function contentOf(path: string | undefined): Promise<Buffer | undefined> {
  if (path === undefined) return undefined;
  const content = await readFile(path);
  if (content.length > MAX_BYTES) throw new Error(`${path} is larger than ${MAX_BYTES} bytes`);
  return content;
}

function digestOf({ cert, key, ca }: Certificates): string {
  return [cert, key, ca].map((pem) => (pem === undefined ? "" : hash("sha256", pem, "base64"))).join(" ");
}

/** Returns the lifetime of the first certificate, which is the one that peers receive. */
function lastsOf({ cert }: Certificates): Lasts | undefined {
  if (cert === undefined) return undefined;
  const { validFrom, validTo } = new X509Certificate(cert);
  return { from: new Date(validFrom), to: new Date(validTo) };
}
interface Lasts {
  readonly from: Date;
  readonly to: Date;
}

/** @throws Error of what could not be used */
function check(found: Certificates, now: Date): void {
  const { cert, key, ca } = found;
  // A secure context accepts a trust file without any certificate as an empty one.
  if (ca !== undefined) new X509Certificate(ca);
  process.getBuiltinModule("node:tls").createSecureContext({ cert, key, ca });
  const ends = lastsOf(found)?.to;
  if (ends !== undefined && ends <= now) throw new Error(`the certificate has ended at ${ends.toISOString()}`);
}
