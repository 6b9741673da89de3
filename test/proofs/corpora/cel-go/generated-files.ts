// t.proto as protobuf-es has it, and as cel-go has it: generated and built in .generated, anew on each run.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const bin = fileURLToPath(new URL("../../../../node_modules/.bin", import.meta.url));
export const FOLDER = join(here, ".generated");
/** protobuf-es's code for t.proto. */
export const MESSAGES = join(FOLDER, "t_pb.ts");
/** The program that answers by cel-go. */
export const ORACLE = join(FOLDER, "go", "celgo");

/**
 * Makes MESSAGES and, with `go`, ORACLE. The first build takes about a minute, later ones find Go's cache.
 *
 * @throws when buf or Go fail
 */
export function generateAll(go = true): void {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(join(FOLDER, "proto"), { recursive: true });
  cpSync(join(here, "t.proto"), join(FOLDER, "proto", "t.proto"));
  cpSync(join(here, "go"), join(FOLDER, "go"), { recursive: true });
  const plugins: Plugin[] = [
    { local: join(bin, "protoc-gen-es"), out: ".", opt: ["target=ts", "import_extension=ts", "erasable_syntax=true"] },
  ];
  if (go) {
    const goes = join(FOLDER, "go", "protoc-gen-go");
    run("go", ["build", "-o", goes, "google.golang.org/protobuf/cmd/protoc-gen-go"], "go");
    plugins.push({ local: goes, out: "go/tpb", opt: ["paths=source_relative", "Mt.proto=protobff/celgo/tpb"] });
  }
  const template = { version: "v2", inputs: [{ directory: "proto" }], plugins };
  writeFileSync(join(FOLDER, "buf.gen.yaml"), JSON.stringify(template));
  writeFileSync(join(FOLDER, "buf.yaml"), JSON.stringify({ version: "v2", modules: [{ path: "proto" }] }));
  run(join(bin, "buf"), ["generate"], ".");
  if (go) run("go", ["build", "-o", ORACLE, "."], "go");
}

interface Plugin {
  readonly local: string;
  readonly out: string;
  readonly opt: readonly string[];
}

function run(command: string, args: readonly string[], folder: string): void {
  const env = {
    ...process.env,
    GOFLAGS: "-buildvcs=false",
    GOWORK: "off",
    PATH: `${bin}${delimiter}${process.env.PATH ?? ""}`,
  };
  execFileSync(command, args, { cwd: join(FOLDER, folder), env, stdio: ["ignore", "ignore", "inherit"] });
}
