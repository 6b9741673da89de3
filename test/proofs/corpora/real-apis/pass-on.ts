// A BFF that passes on the messages of an API whole: requests to its methods, and their answers.
import type { CodeGeneratorRequest } from "@bufbuild/protobuf/wkt";
import type { Subject } from "../../../features/lock/random/judge.ts";
import { Uses } from "../../../features/lock/random/uses.ts";
import { requestFor, schemaOf } from "../../../support/request.ts";
import { pick } from "../../fuzz/random.ts";
import { needed } from "./build-mirror.ts";
import { type Family, protosOf } from "./packages.ts";

const METHODS = 12;
const isWellKnown = (typeName: string): boolean => typeName.startsWith("google.protobuf.");

/** A BFF over some unary methods of a family, as a subject of changes; undefined: the family has no such method. */
export function passOn(family: Family, random: () => number): Subject | undefined {
  const all = protosOf(family);
  const services = schemaOf(requestFor(all)).allFiles.flatMap((file) =>
    family.files.test(`${file.name}.proto`) ? file.services : [],
  );
  const open = services
    .flatMap(({ methods }) => methods)
    .filter(
      ({ methodKind, input, output }) =>
        methodKind === "unary" && ![input, output].some(({ typeName }) => isWellKnown(typeName)),
    );
  const methods = Array.from({ length: Math.min(METHODS, open.length) }, () => {
    const method = pick(open, random);
    if (method !== undefined) open.splice(open.indexOf(method), 1);
    return method;
  }).filter((method) => method !== undefined);
  if (methods.length === 0) return undefined;
  const name = `passed/${family.name}.proto`;
  const files = new Set(
    methods.flatMap(({ input, output }) => [input.file, output.file].map((file) => `${file.name}.proto`)),
  );
  const rpcs = methods.map(({ input }, i) => `  rpc Call${i}(.${input.typeName}) returns (Result${i});`);
  const results = methods.map(
    ({ name: method, parent, output }, i) =>
      `message Result${i} {\n  option (bff.v1.message) = {\n    let: { name: "result" call: { method: "${parent.typeName}/${method}" request: "args" } }\n  };\n  .${output.typeName} result = 1 [(bff.v1.field).by = "result"];\n}`,
  );
  const proto = [
    'syntax = "proto3";',
    `package passed_${family.name};`,
    'import "bff/v1/options.proto";',
    ...[...files].map((file) => `import "${file}";`),
    'option (bff.v1.file) = { upstream: { timeout: "5s" } };',
    `service Passed {\n  option (bff.v1.service) = {};\n${rpcs.join("\n")}\n}`,
    ...results,
    "",
  ].join("\n");
  const sources = [name, ...services.map(({ file }) => `${file.name}.proto`)];
  const request: CodeGeneratorRequest = {
    ...needed(requestFor({ ...all, [name]: proto }, [name]), sources),
    parameter: "",
  };
  const changing = request.protoFile.filter(
    (file) => file.name !== name && !/^(google\/protobuf|google\/api|bff|buf)\//.test(file.name),
  );
  const uses = new Uses(changing);
  for (const { input, output } of methods) for (const { typeName } of [input, output]) uses.whole(typeName);
  return {
    request,
    upstream: new Set(changing.map((file) => file.name)),
    texts: { ...all, [name]: proto },
    used: uses.names,
  };
}
