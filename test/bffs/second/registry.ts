// The descriptors of the second BFF and its upstreams, straight from buf: its tests need no generated code.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import {
  createFileRegistry,
  type DescMethod,
  type DescMethodUnary,
  type FileRegistry,
  fromBinary,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Throws what buf printed when the protos do not compile. */
export function buildSecondRegistry(): FileRegistry {
  const run = spawnSync(
    `${root}/node_modules/.bin/buf`,
    ["build", ".", "--config", "test/bffs/second/buf.yaml", "-o", "-#format=binpb"],
    { cwd: root, maxBuffer: 64 * 1024 * 1024 },
  );
  if (run.status !== 0) throw new Error(run.stderr.toString());
  return createFileRegistry(fromBinary(FileDescriptorSetSchema, run.stdout));
}

/** `/catalog.v1.CatalogService/GetProduct` and its descriptor, for each unary rpc outside the BFF's own packages. */
export function upstreamMethods(registry: FileRegistry): ReadonlyMap<string, DescMethodUnary> {
  const methods = new Map<string, DescMethodUnary>();
  for (const file of registry.files) {
    if (file.proto.package === "shop.v1") continue;
    for (const service of file.services)
      for (const method of service.methods)
        if (isUnary(method)) methods.set(`/${service.typeName}/${method.name}`, method);
  }
  return methods;
}

export function isUnary(method: DescMethod | undefined): method is DescMethodUnary {
  return method?.methodKind === "unary";
}
