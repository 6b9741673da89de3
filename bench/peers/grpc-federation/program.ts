import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BuildFolder, fromRoot, type GoProgram } from "../../rig/go-program.ts";

/** By where they are imported from. */
const UPSTREAMS = {
  ...Object.fromEntries(["types", "up"].map((name) => [`bench/${name}/v1`, `bench/proto/bench/${name}/v1`])),
  ...Object.fromEntries(
    ["agent", "billing", "memory", "notify", "user"].map((name) => [`${name}/v1`, `proto/example/${name}/v1`]),
  ),
};

/** Code that grpc-federation's plugin generates from the same compositions in its options. */
export const grpcFederation: GoProgram = {
  name: "grpc-federation",
  sources: { "": "bench/peers/grpc-federation", rig: "bench/peers/grpc-go/rig" },
  protos: Object.values(UPSTREAMS),
  generate(folder: BuildFolder) {
    const protos = join(folder.path, "proto");
    for (const [to, from] of Object.entries(UPSTREAMS)) cpSync(fromRoot(from), join(protos, to), { recursive: true });
    // Its own protos are in its module, which is as read-only as a module is.
    const module = folder.run("go", "list", "-m", "-f", "{{.Dir}}", "github.com/mercari/grpc-federation").trim();
    const theirs = join(folder.path, "theirs");
    for (const part of ["proto", "proto_deps"]) {
      cpSync(join(module, part), theirs, { recursive: true });
      folder.run("chmod", "-R", "u+w", theirs);
    }
    writeFileSync(
      join(folder.path, "buf.yaml"),
      JSON.stringify({ version: "v2", modules: [{ path: "proto" }, { path: "theirs" }] }),
    );
    const disable = ["grpc/federation", "google"].map((path) => ({ file_option: "go_package", path }));
    folder.buf(["go", "go-grpc", "grpc-federation"], ["proto"], [], { disable });
  },
};
