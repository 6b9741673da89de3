// The official runner of buf.validate, built from its Go module. It goes to .generated.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const MODULE = "github.com/bufbuild/protovalidate/tools";
/** The release of proto/third_party/buf/validate/validate.proto. */
const VERSION = "v1.2.2";

const FOLDER = fileURLToPath(new URL(".generated", import.meta.url));

/**
 * The runner's command; built when it is missing.
 *
 * @throws when there is no Go, or when the module cannot be had
 */
export function runner(): string {
  const folder = join(FOLDER, VERSION);
  const command = join(folder, "protovalidate-conformance");
  if (existsSync(command)) return command;
  mkdirSync(folder, { recursive: true });
  const env = { ...process.env, GOFLAGS: "" };
  // `go install` requests the module's other versions, which no proxy has: its tags are those of a folder.
  const { Dir } = JSON.parse(go(["mod", "download", "-json", `${MODULE}@${VERSION}`], env)) as { Dir: string };
  go(["build", "-C", Dir, "-o", command, "./protovalidate-conformance"], env);
  return command;
}

function go(args: readonly string[], env: NodeJS.ProcessEnv): string {
  return execFileSync("go", args, { env, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}
