// A fleet of compiled BFFs over the same upstreams, in a folder.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { clone } from "@bufbuild/protobuf";
import { CodeGeneratorRequestSchema } from "@bufbuild/protobuf/wkt";
import { compile } from "../../plugin/src/compile.ts";
import { requestFor } from "./request.ts";

interface FleetSize {
  readonly bffs: number;
  readonly rpcs: number;
  /** Services, in packages `up0.v1`, `up1.v1`, …; each has six methods and messages of eight fields. */
  readonly upstreams: number;
}
const METHODS = 6;
const FIELDS = 8;
/** Calls of one rpc; all but the first are supplementary. */
const CALLS = 5;
/** Fields that an rpc takes of each call. */
const TAKEN = 3;

const range = (length: number): readonly number[] => Array.from({ length }, (_, i) => i);

/** Returns the proto of an upstream. */
export function upstreamProto(index: number): string {
  const methods = range(METHODS).map(
    (i) => `  rpc Get${i}(GetRequest) returns (Item${i}) { option idempotency_level = NO_SIDE_EFFECTS; }\n`,
  );
  const messages = range(METHODS).map(
    (i) =>
      `message Item${i} { ${range(FIELDS)
        .map((n) => `string field_${n} = ${n + 1};`)
        .join(" ")} }\n`,
  );
  return `syntax = "proto3";
package up${index}.v1;
service Up${index}Service {
${methods.join("")}}
message GetRequest { string id = 1; }
${messages.join("")}`;
}

function bffProto(bff: number, { rpcs, upstreams }: FleetSize): string {
  const calls = (rpc: number) =>
    range(CALLS).map((i) => ({
      name: `c${i}`,
      up: (bff * 7 + rpc * 3 + i * 5) % upstreams,
      method: (bff + rpc + i) % METHODS,
    }));
  const page = (rpc: number): string => {
    const steps = calls(rpc).map(
      ({ name, up, method }, i) =>
        `    let: { name: "${name}" ${i > 0 ? "supplementary: true " : ""}call: { method: "up${up}.v1.Up${up}Service/Get${method}" set: { name: "id" by: "args.id" } } }\n`,
    );
    const fields = calls(rpc).flatMap(({ name }, i) =>
      range(TAKEN).map((n) => {
        const number = i * TAKEN + n + 1;
        return `  ${i > 0 ? "optional " : ""}string ${name}_field_${n} = ${number} [(bff.v1.field).by = "${name}.field_${(n + rpc) % FIELDS}"];\n`;
      }),
    );
    return `message Page${rpc} {
  option (bff.v1.message) = {
${steps.join("")}  };
${fields.join("")}  repeated bff.v1.Degradation degraded = 99;
}
`;
  };
  return `syntax = "proto3";
package team${bff}.v1;
import "bff/v1/options.proto";
import "bff/v1/degradation.proto";
service Team${bff}Service {
  option (bff.v1.service) = {};
${range(rpcs)
  .map((i) => `  rpc GetPage${i}(GetPageRequest) returns (Page${i}) { option idempotency_level = NO_SIDE_EFFECTS; }\n`)
  .join("")}}
message GetPageRequest { string id = 1; }
${range(rpcs).map(page).join("")}`;
}

/** Writes `team0/bff.lock.json`, `team0/gen/team0/v1/team0_plan.json`, … */
export function writeFleet(folder: string, size: FleetSize): void {
  const ups = Object.fromEntries(range(size.upstreams).map((i) => [`up${i}/v1/up${i}.proto`, upstreamProto(i)]));
  const bffs = Object.fromEntries(range(size.bffs).map((i) => [`team${i}/v1/team${i}.proto`, bffProto(i, size)]));
  const all = requestFor({ ...ups, ...bffs }, []);
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  for (const i of range(size.bffs)) {
    const file = `team${i}/v1/team${i}.proto`;
    const request = clone(CodeGeneratorRequestSchema, all);
    request.protoFile = request.protoFile.filter(({ name }) => !(name in bffs) || name === file);
    request.fileToGenerate = [file];
    request.sourceFileDescriptors = request.protoFile.filter(({ name }) => name === file);
    request.parameter = "plan=json";
    const { response, lock } = compile(request, (name) => bffs[name] ?? ups[name], { text: undefined, ci: false });
    const plan = response.file.find(({ name }) => name.endsWith("_plan.json"));
    if (plan === undefined || lock === undefined) throw new Error(`${file} does not compile: ${response.error}`);
    write(`team${i}/bff.lock.json`, lock);
    write(`team${i}/gen/${plan.name}`, plan.content);
  }
}
