// Proto files held in memory, built with buf.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { fromBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { bufCommand } from "../../cli/src/project/buf.ts";

/** Proto files: name relative to their module → text. */
export type Protos = Readonly<Record<string, string>>;

/** Thousands of tests start it. */
const BUF = bufCommand();
/** The process ends before a collection of its garbage would be worth the time. */
const FRUGAL = { ...process.env, GOGC: "off" };
/** A folder in memory takes a fifth of the CPU from tests of goldens, which write thousands of small files. */
const TEMPORARY = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
/** Protos of this project that users import. */
export const SHIPPED = [
  "bff/v1/options.proto",
  "bff/v1/degradation.proto",
  "bff/v1/identity.proto",
  "bff/v1/stream.proto",
];
/** Protos in proto/third_party. */
export const FOREIGN = [
  "buf/validate/validate.proto",
  "google/api/annotations.proto",
  "google/api/http.proto",
  "google/rpc/error_details.proto",
  "google/rpc/status.proto",
];

/** Returns the importable protos that are not among the files themselves. */
export function provided(files: Protos): Protos {
  // Foreign protos are large: without an import of them, buf need not read them.
  const imports = (what: string) => Object.values(files).some((text) => text.includes(`import "${what}/`));
  const isImported = (name: string) =>
    imports(dirname(name)) || (name === "google/api/http.proto" && imports("google/api"));
  const names = [...SHIPPED, ...FOREIGN.filter(isImported)].filter((name) => !(name in files));
  return Object.fromEntries(names.map((name) => [name, textOf(name)]));
}

const texts = new Map<string, string>();
function textOf(name: string): string {
  const text =
    texts.get(name) ?? readFileSync(join(root, SHIPPED.includes(name) ? "proto" : "proto/third_party", name), "utf8");
  texts.set(name, text);
  return text;
}

/** Results of the latest builds. Suites compile the same files with several options, and a start of buf costs more than a compilation. */
const latest = new Map<string, readonly FileDescriptorProto[]>();
const LATEST = 50;

/** Equal for equal files. */
export function keyOf(files: Protos): string {
  return createHash("sha1").update(JSON.stringify(files)).digest("base64");
}

/** The files and what they import, dependencies first. Throws with buf's own output when they do not compile. */
export function build(files: Protos): readonly FileDescriptorProto[] {
  const key = keyOf(files);
  const built = latest.get(key) ?? builtByBuf(files);
  latest.delete(key);
  latest.set(key, built);
  const [oldest] = latest.keys();
  if (latest.size > LATEST && oldest !== undefined) latest.delete(oldest);
  return built;
}

function builtByBuf(files: Protos): readonly FileDescriptorProto[] {
  const dir = mkdtempSync(join(TEMPORARY, "protobff-"));
  try {
    writeFileSync(join(dir, "buf.yaml"), "version: v2\n");
    for (const folder of new Set(Object.keys(files).map(dirname))) mkdirSync(join(dir, folder), { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
    const set = join(dir, "set.binpb");
    const [buf, ...args] = BUF;
    execFileSync(buf, [...args, "build", "--as-file-descriptor-set", "-o", set], {
      cwd: dir,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      env: FRUGAL,
    });
    return fromBinary(FileDescriptorSetSchema, readFileSync(set)).file;
  } catch (error) {
    const output = error instanceof Error && "stderr" in error ? String(error.stderr) : "";
    throw output === "" ? error : new Error(`buf build: ${output}`, { cause: error });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
