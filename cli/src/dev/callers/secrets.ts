// Secrets of the servers in `dev`: generated at each start of `dev`, and useless elsewhere.
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The variables of a source of sessions, by its name (packages/server/src/session/session-config.ts). */
export function loginVariables(source: string): { readonly publicUrl: string; readonly clientSecret: string } {
  const part = source.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_");
  return { publicUrl: "BFF_PUBLIC_URL", clientSecret: `BFF_${part}_CLIENT_SECRET` };
}

/** Secrets of one run of `dev`. The issuer's keys are not among them, because they are never written to a file. */
export class Secrets {
  readonly sessionKey = randomBytes(32).toString("base64");
  readonly clientSecret = randomBytes(16).toString("base64url");
  #folder: string | undefined;
  #signingKeyFile: string | undefined;
  readonly #atExit = (): void => this.forget();

  /** Returns the path of the key that signs principals. Only this user can read the file, and `dev` deletes it. */
  signingKeyFile(): string {
    if (this.#signingKeyFile !== undefined) return this.#signingKeyFile;
    const path = join(this.#openFolder(), "identity-key.pem");
    const { privateKey } = generateKeyPairSync("ed25519");
    writeFileSync(path, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
    this.#signingKeyFile = path;
    return path;
  }

  /** Returns the path of the file with the digests of API keys. */
  storeFile(): string {
    return join(this.#openFolder(), "keys.sqlite");
  }

  forget(): void {
    process.off("exit", this.#atExit);
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
    this.#signingKeyFile = undefined;
  }

  #openFolder(): string {
    if (this.#folder === undefined) {
      this.#folder = mkdtempSync(join(tmpdir(), "protobff-dev-"));
      process.on("exit", this.#atExit);
    }
    return this.#folder;
  }
}
