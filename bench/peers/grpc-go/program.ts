import { type BuildFolder, fromRoot, type GoProgram } from "../../rig/go-program.ts";

const EXAMPLE = ["agent", "billing", "memory", "notify", "policy", "user", "web"].map(
  (name) => `proto/example/${name}/v1`,
);
const BENCH = [
  "proto/bff/v1",
  ...["chain", "fanout", "list", "types", "up"].map((name) => `bench/proto/bench/${name}/v1`),
];

/** The compositions of our BFFs, written by hand over separate protos. */
export const grpcGo: GoProgram = {
  name: "grpc-go",
  sources: { "": "bench/peers/grpc-go" },
  protos: [...EXAMPLE, ...BENCH],
  generate(folder: BuildFolder) {
    const plugins = ["go", "go-grpc"];
    folder.buf(plugins, [fromRoot("."), "--config", fromRoot("buf.yaml")], EXAMPLE.map(fromRoot));
    folder.buf(plugins, [fromRoot("."), "--config", fromRoot("bench/buf.yaml")], BENCH.map(fromRoot));
  },
};
