// The official runner, built from its Go module, and the protos of the same version. Both go to .generated.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const MODULE = "connectrpc.com/conformance";
const VERSION = "v1.0.6";

const FOLDER = fileURLToPath(new URL(".generated", import.meta.url));
const BUF = fileURLToPath(new URL("../../../../node_modules/.bin/buf", import.meta.url));

export interface Tools {
  /** The runner's command. */
  readonly runner: string;
  /** A file with the descriptors of connectrpc.conformance.v1. */
  readonly descriptors: string;
}

/**
 * Builds what is missing.
 *
 * @throws when there is no Go, or when the module cannot be had
 */
export function tools(): Tools {
  const runner = join(FOLDER, `${VERSION}`, "connectconformance");
  const descriptors = join(FOLDER, `${VERSION}`, "descriptors.binpb");
  const env = { ...process.env, GOBIN: join(FOLDER, VERSION), GOFLAGS: "" };
  if (!existsSync(runner)) go(["install", `${MODULE}/cmd/connectconformance@${VERSION}`], env);
  if (!existsSync(descriptors)) {
    const { Dir } = JSON.parse(go(["mod", "download", "-json", `${MODULE}@${VERSION}`], env)) as { Dir: string };
    execFileSync(BUF, ["build", join(Dir, "proto"), "-o", descriptors], { stdio: "inherit" });
  }
  return { runner, descriptors };
}

function go(args: readonly string[], env: NodeJS.ProcessEnv): string {
  return execFileSync("go", args, { env, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}
