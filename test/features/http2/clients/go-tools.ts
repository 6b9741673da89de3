// Commands of others, built from their Go modules. They go to .generated.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL(".generated", import.meta.url));

/** True if Go is not installed. */
export const WITHOUT_GO = process.env.PROTOBFF_WITHOUT_GO === "1";

/**
 * The path of a command; built when it is missing.
 *
 * @throws when there is no Go, or when the module cannot be had
 */
export function goTool(command: string, version: string): string {
  const folder = join(FOLDER, version);
  const path = join(folder, command.split("/").at(-1) ?? command);
  if (!existsSync(path)) {
    const env = { ...process.env, GOBIN: folder, GOFLAGS: "" };
    execFileSync("go", ["install", `${command}@${version}`], { env, stdio: "inherit" });
  }
  return path;
}
