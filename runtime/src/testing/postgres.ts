// A real PostgreSQL in a folder, for system tests.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chownSync, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Debian has server commands besides those on the PATH. */
function command(name: string): string {
  const versions = existsSync("/usr/lib/postgresql") ? readdirSync("/usr/lib/postgresql").sort().reverse() : [];
  return versions.map((version) => `/usr/lib/postgresql/${version}/bin/${name}`).find(existsSync) ?? name;
}
/** PostgreSQL refuses to be run by root. */
function owner(): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

/** Initializes a database in the folder, with user `bff` without a password. */
export function initPostgres(folder: string): void {
  const { uid, gid } = owner();
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
  const args = ["-D", join(folder, "data"), "-U", "bff", "-A", "trust", "--no-sync"];
  execFileSync(command("initdb"), args, { ...owner(), cwd: folder, stdio: "ignore" });
}
/** Resolves when it accepts connections. SIGQUIT ends it. */
export async function startPostgres(folder: string, port: number): Promise<ChildProcess> {
  const args = ["-D", join(folder, "data"), "-p", `${port}`, "-h", "127.0.0.1", "-k", "", "-c", "fsync=off"];
  const child = spawn(command("postgres"), args, { ...owner(), cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  let printed = "";
  for await (const chunk of child.stderr as NodeJS.ReadableStream) {
    printed += String(chunk);
    if (printed.includes("ready to accept connections")) break;
  }
  if (child.exitCode !== null) throw new Error(printed);
  child.stderr?.resume();
  return child;
}
