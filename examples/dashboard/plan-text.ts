import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { plan } from "../../plugin/src/plan/plan-run.ts";
import { readIr } from "../../plugin/src/read/read-ir.ts";
import { describePlan } from "../../plugin/src/report/describe-plan.ts";
import { servedTogether } from "../../plugin/src/resolve/model/server-paths.ts";
import { resolve } from "../../plugin/src/resolve/resolve.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Prints the dependencies between the calls in a BFF of `proto/example`, as the compiler has planned them. `file` is
 * `web/v1/web.proto` or `mobile/v1/mobile.proto`.
 */
export function planText(file: string): string {
  const build = spawnSync(`${root}/node_modules/.bin/buf`, ["build", "--as-file-descriptor-set", "-o", "-"], {
    cwd: root,
  });
  if (build.status !== 0) throw new Error(build.stderr.toString());
  const set = fromBinary(FileDescriptorSetSchema, build.stdout);
  const registry = createFileRegistry(set);
  const allFiles = set.file.flatMap(({ name }) => registry.getFile(name) ?? []);
  const files = allFiles.filter((desc) => desc.proto.name === file);
  const sources = (name: string): string | undefined => {
    try {
      return readFileSync(`${root}/proto/example/${name}`, "utf8");
    } catch {
      return undefined;
    }
  };
  const ignore = () => {}; // generation has reported what there is to report
  const model = resolve(readIr({ files, allFiles, registry }, sources, ignore), ignore);
  return describePlan(plan(model, servedTogether(model.packages, { each: true, names: [] })));
}
