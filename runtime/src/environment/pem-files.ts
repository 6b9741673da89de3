// Certificates in files that variables name.
import { X509Certificate } from "node:crypto";
import type { EnvReader } from "./env-reader.ts";

/** Certificates as PEM: the trusted authorities, and the certificate to present. */
export interface TlsFiles {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/** Returns the bytes of a file; throws if it cannot be read. */
export type FileReader = (path: string) => Buffer;

/** Reads a certificate with its key: both or neither. */
export function readPair(read: EnvReader, certFile: string, keyFile: string, readFile: FileReader) {
  const cert = readPem(read, certFile, readFile);
  const key = readPem(read, keyFile, readFile);
  const hasCert = read.optional(certFile) !== undefined;
  const hasKey = read.optional(keyFile) !== undefined;
  if (hasCert && !hasKey) read.fault(keyFile, `is not set, but ${certFile} is`, "the path of its private key");
  if (hasKey && !hasCert) read.fault(certFile, `is not set, but ${keyFile} is`, "the path of its certificate");
  if (cert === undefined || key === undefined) return undefined;
  if (!isUsable({ cert, key })) {
    read.fault(
      certFile,
      `and ${keyFile} are not a certificate and its key`,
      "the paths of two PEM files that belong together",
    );
  }
  return { cert, key };
}

export function readPem(read: EnvReader, variable: string, readFile: FileReader): Buffer | undefined {
  const path = read.optional(variable);
  if (path === undefined) return undefined;
  try {
    return readFile(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    read.fault(variable, `cannot be read (${reason})`, "the path of a PEM file");
    return undefined;
  }
}

/** Reports whether TLS can use these files. */
export function isUsable(files: TlsFiles): boolean {
  try {
    // A secure context treats a trust file without any certificate as an empty one.
    if (files.ca !== undefined) new X509Certificate(files.ca);
    process.getBuiltinModule("node:tls").createSecureContext(files);
    return true;
  } catch {
    return false;
  }
}
