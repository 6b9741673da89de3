import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { growthProtos } from "./protos.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** Folder of the generated servers, from the repository's root. */
export const GENERATED = "bench/growth/.generated";

const IMPORTS = ["map_imports=bff/v1/:@protobff/messages", "map_imports=buf/validate/:@protobff/messages"];
const WORKSPACE = {
  version: "v2",
  modules: [
    { path: "proto", excludes: ["proto/example", "proto/third_party"] },
    { path: `${GENERATED}/proto` },
    {
      path: "proto/third_party",
      excludes: ["proto/third_party/google", "proto/third_party/buf/plugin", "proto/third_party/pluginrpc"],
    },
  ],
};
const plugin = (local: string, opt: readonly string[]) => ({ local, out: GENERATED, strategy: "all", opt });
const TEMPLATE = {
  version: "v2",
  inputs: [{ directory: ".", paths: [`${GENERATED}/proto/grow`] }],
  plugins: [
    plugin("protoc-gen-es", ["target=ts", "import_extension=ts", "erasable_syntax=true", ...IMPORTS]),
    plugin("protoc-gen-bff", ["import_extension=ts", ...IMPORTS, "server=true", `lock=${GENERATED}/bff.lock.json`]),
  ],
};

/** Generates the BFFs that grow. */
export function generateGrowth(): void {
  rmSync(join(root, GENERATED), { recursive: true, force: true });
  const write = (name: string, text: string): string => {
    const path = join(root, GENERATED, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  };
  for (const [name, text] of Object.entries(growthProtos())) write(join("proto", name), text);
  const config = write("buf.yaml", JSON.stringify(WORKSPACE));
  const template = write("buf.gen.yaml", JSON.stringify(TEMPLATE));
  const bin = join(root, "node_modules/.bin");
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
  execFileSync(join(bin, "buf"), ["generate", "--config", config, "--template", template], {
    cwd: root,
    env,
    stdio: ["ignore", "ignore", "pipe"], // its warnings about fields of upstreams
  });
}
