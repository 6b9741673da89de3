import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** First input of the program in go/main.go. */
export interface Settings {
  readonly issuer: string;
  readonly audience: readonly string[];
  readonly methods: readonly string[];
  /** Seconds. */
  readonly leeway: number;
  /** Unix seconds. */
  readonly now: number;
  /** Private keys as PEM, by their ids. */
  readonly keys: Readonly<Record<string, string>>;
}

export interface Minting {
  readonly kid: string;
  readonly method: string;
  readonly header: object;
  readonly claims: object;
}

/** golang-jwt, which Go builds once. Answers come in the order of the questions. */
export class GolangJwt {
  readonly #folder = mkdtempSync(join(tmpdir(), "protobff-tokens-"));
  readonly #settings: Settings;

  constructor(settings: Settings) {
    this.#settings = settings;
    const source = fileURLToPath(new URL("./go", import.meta.url));
    const env = { ...process.env, GOFLAGS: "-buildvcs=false", GOWORK: "off" };
    const built = spawnSync("go", ["build", "-o", join(this.#folder, "tokens"), "."], {
      cwd: source,
      env,
      encoding: "utf8",
    });
    if (built.status !== 0) throw new Error(`go build: ${built.stderr}${built.error ?? ""}`);
  }

  /** `ok`, or why not. */
  verify(tokens: readonly string[]): readonly string[] {
    return this.#answers(tokens.map((token) => ({ token })));
  }
  minted(tokens: readonly Minting[]): readonly string[] {
    return this.#answers(tokens);
  }
  close(): void {
    rmSync(this.#folder, { recursive: true });
  }

  #answers(questions: readonly object[]): readonly string[] {
    const input = [this.#settings, ...questions].map((question) => `${JSON.stringify(question)}\n`).join("");
    const { status, stdout, stderr } = spawnSync(join(this.#folder, "tokens"), [], {
      input,
      encoding: "utf8",
      maxBuffer: 2 ** 30,
    });
    if (status !== 0) throw new Error(`golang-jwt: ${stderr}`);
    return stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as string);
  }
}
