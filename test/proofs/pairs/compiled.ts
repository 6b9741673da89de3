// Compiles many BFFs; buf sees all of them at once.
import type { CodeGeneratorRequest } from "@bufbuild/protobuf/wkt";
import { compileCase } from "../../support/golden.ts";
import { requestFor } from "../../support/request.ts";
import type { Bff } from "./bff.ts";
import { SHOP } from "./upstream.ts";

const UPSTREAM = { "shop/v1/shop.proto": SHOP };
const fileOf = (index: number): string => `p${index}/app.proto`;

/** Returns the errors and warnings of each BFF. */
export function compiledAll(bffs: readonly Bff[]) {
  const texts = Object.fromEntries(bffs.map(({ proto }, i) => [fileOf(i), proto.replaceAll("pairs.v1", `p${i}.v1`)]));
  const request = requestFor({ ...UPSTREAM, ...texts });
  const shared = request.protoFile.filter(({ name }) => texts[name] === undefined);
  return bffs.map((_, i) => {
    const file = request.protoFile.filter(({ name }) => name === fileOf(i));
    const single: CodeGeneratorRequest = {
      ...request,
      fileToGenerate: [fileOf(i)],
      protoFile: [...shared, ...file],
      sourceFileDescriptors: file,
    };
    return compileCase(single, { ...UPSTREAM, ...texts }, "import_extension=ts,server=true");
  });
}
