import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Certificate {
  /** For the environment of a BFF. */
  readonly files: { readonly TLS_CERT_FILE: string; readonly TLS_KEY_FILE: string };
}

let made: Certificate | undefined;

/** Returns a self-signed certificate of 127.0.0.1 and localhost; it is removed with the process. */
export function certificate(): Certificate {
  if (made !== undefined) return made;
  const folder = mkdtempSync(join(tmpdir(), "bff-http2-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const files = { TLS_CERT_FILE: join(folder, "cert.pem"), TLS_KEY_FILE: join(folder, "key.pem") };
  const what = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  const who = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"];
  execFileSync("openssl", [...what, ...who, "-keyout", files.TLS_KEY_FILE, "-out", files.TLS_CERT_FILE], {
    stdio: "ignore",
  });
  made = { files };
  return made;
}
