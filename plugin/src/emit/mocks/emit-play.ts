// `web_play.ts`, for what-if runs alone: a BFF on mocks and the requests that a simulation sends.
import type { GeneratedFile } from "@bufbuild/protoplugin";
import type { PlanFile } from "../../plan/model/plan.ts";
import type { RpcPrediction } from "../../report/faults/predictions.ts";
import { FileNames, mockPath } from "../names/file-names.ts";
import { block, type Line, type Lines } from "../text/lines.ts";
import { sentExample } from "./emit-faults.ts";
import { rpcNames } from "./emit-mock.ts";
import { standIns } from "./emit-stand-ins.ts";

/** Prints the requests of rpcs with one answer: the sample of each, and those of faults.json. */
export function emitPlay(file: PlanFile, predictions: readonly RpcPrediction[], f: GeneratedFile): void {
  const names = new FileNames(f, file.desc);
  const create = f.import("createTestBff", `./${mockPath(file.desc)}.js`);
  const members = new Map(rpcNames(file.services).map((rpc) => [`${rpc.service.desc.typeName}/${rpc.desc.name}`, rpc]));
  const requests = predictions.flatMap((prediction): Lines => {
    const member = members.get(prediction.rpc);
    if (member === undefined || member.desc.methodKind !== "unary") return [];
    const { service, desc, name } = member;
    const { request, call } = sentExample(prediction, service, desc, file, names);
    const input: Line = [names.service(service.desc), `.method.${desc.localName}.input`];
    return block(
      ["{"],
      [
        [`rpc: ${JSON.stringify(prediction.rpc)},`],
        [`isSample: ${prediction.example.json === undefined},`],
        ["input: ", ...input, ","],
        ["request: () => ", ...request, ","],
        [`send: (bff, request, call) => bff.${name}(request, { ...call`, ...call, " }),"],
      ],
      ["},"],
    );
  });
  f.preamble(file.desc);
  const upstreams = file.upstreams.map(({ name, service }): Line => [`${name}: `, names.service(service), ","]);
  const lines: Lines = [
    ...block(["export const make = (options) => ", create, "({"], [["...options,"], ...standIns(file, names)], ["});"]),
    ...block(["export const UPSTREAMS = {"], upstreams, ["};"]),
    ...block(["export const REQUESTS = ["], requests, ["];"]),
  ];
  for (const row of lines) f.print(...row);
}
