// `web_faults.ts`: the plan's predictions for every fault, as tests on mocks; `web_faults.test.ts` passes them to a
// runner.

import type { DescField, DescMessage, DescMethod } from "@bufbuild/protobuf";
import type { GeneratedFile } from "@bufbuild/protoplugin";
import { ADDRESS, type Caller, isListValue, type Value, writtenPrediction } from "../../faults/index.ts";
import { is64Bit } from "../../model/is-64-bit.ts";
import type { PlanFieldChoice, PlanFile, PlanService } from "../../plan/model/plan.ts";
import { ANONYMOUS, type Example, type RpcPrediction } from "../../report/faults/predictions.ts";
import { FileNames, faultsPath, mockPath } from "../names/file-names.ts";
import { block, indent, type Line, type Lines } from "../text/lines.ts";
import { rpcNames } from "./emit-mock.ts";
import { standIns } from "./emit-stand-ins.ts";

export function emitFaults(file: PlanFile, predictions: readonly RpcPrediction[], f: GeneratedFile): void {
  const names = new FileNames(f, file.desc);
  const members = new Map(rpcNames(file.services).map((rpc) => [`${rpc.service.desc.typeName}/${rpc.desc.name}`, rpc]));
  f.preamble(file.desc);
  const tests = predictions.flatMap((prediction) => {
    const member = members.get(prediction.rpc);
    return member === undefined ? [] : testsOf(prediction, member, file, names);
  });
  const lines: Lines = [
    ["/**"],
    [
      " * Adds a test for every fault of every call: the client receives the answer that the plan predicts (`plan=faults`).",
    ],
    [" *"],
    [" * @param test the function `test` of vitest or `node:test`"],
    [" */"],
    ...block(
      [
        `export function faultTests(${tests.length === 0 ? "_test" : "test"}: (name: string, run: () => Promise<void>) => unknown): void {`,
      ],
      tests.length === 0 ? [] : [...makes(file, names, f), ...tests],
      ["}"],
    ),
  ];
  for (const row of lines) f.print(...row);
}

/** Prints the function that creates the BFF of a test. */
function makes(file: PlanFile, names: FileNames, f: GeneratedFile): Lines {
  const create = f.import("createTestBff", `./${mockPath(file.desc)}.js`);
  const supplied = standIns(file, names);
  if (supplied.length === 0) return [["const make = () => ", create, "();"]];
  return [["const make = () =>"], ...indent(block([create, "({"], supplied, ["});"]))];
}

/** Prints the cells of one request, and the tests over them. */
function testsOf(
  { rpc, example, table }: RpcPrediction,
  { service, desc, name }: ReturnType<typeof rpcNames>[number],
  file: PlanFile,
  names: FileNames,
): Lines {
  const inParts = service.methods.some(({ method }) => method.desc === desc && method.parts !== undefined);
  const healthy = example === ANONYMOUS ? writtenPrediction(table.healthy) : undefined;
  const alone: Lines =
    healthy === undefined
      ? []
      : [[JSON.stringify([{ call: rpc, fault: "anonymous", ...(inParts && { parts: true }) }, healthy]), ","]];
  const found = table.cells.flatMap((cell): Line[] => {
    const text = cell.prediction && writtenPrediction(cell.prediction);
    if (text === undefined) return [];
    const { call, fault, slowMs, stale, followed } = cell;
    const times = stale && { ttlMs: stale.ttl_ms, staleMs: stale.stale_ms };
    return [
      [
        JSON.stringify([
          {
            call,
            fault,
            ...(followed && { followed: followed.items }),
            ...(inParts && { parts: true }),
            ...(slowMs !== undefined && { slowMs }),
            ...times,
          },
          text,
        ]),
        ",",
      ],
    ];
  });
  const cells = [...alone, ...found];
  if (cells.length === 0) return [];
  const { request, call } = sentExample({ rpc, example, table }, service, desc, file, names);
  return [
    ...block(["for (const [cell, predicted] of ["], cells, ["] as const)"]),
    ...indent([
      [`test(\`${rpc}, ${example.name.replace(/[`$\\]/g, "")}: \${cell.call} × \${cell.fault}\`, () =>`],
      [
        "  ",
        names.testing("runFaultTest"),
        `(make, cell, predicted, (bff, call) => `,
        `bff.${name}(`,
        ...request,
        ", { ...call",
        ...call,
        " })));",
      ],
    ]),
  ];
}

/** Returns the request of an example, and what its call has besides: headers, address, caller. */
function sentExample(
  { example, table }: RpcPrediction,
  service: PlanService,
  desc: DescMethod,
  file: PlanFile,
  names: FileNames,
): { readonly request: Line; readonly call: Line } {
  const input: Line = [names.service(service.desc), `.method.${desc.localName}.input`];
  const request: Line =
    example.json === undefined
      ? [names.testing("sample"), "(", ...input, ")"]
      : [names.protobuf("fromJson"), "(", ...input, `, ${JSON.stringify(example.json)})`];
  const sent = headersOf(example, service.methods.find(({ method }) => method.desc === desc)?.fields);
  const headers = sent === undefined ? "" : `, headers: ${JSON.stringify(sent)}`;
  const address = file.identity !== undefined || file.limits.length > 0 ? `, address: ${JSON.stringify(ADDRESS)}` : "";
  const { identity } = file;
  const caller: Line =
    identity === undefined ? [] : [", caller: ", ...callerOf(identity.type, example, table.caller, names)];
  return { request, call: [`${headers}${address}`, ...caller] };
}

/** Returns the headers of a request. Predictions are about every field, unless an example chooses some. */
function headersOf({ json, headers }: Example, fields: PlanFieldChoice | undefined): Example["headers"] {
  const all = fields?.mask !== undefined && json === undefined ? { "bff-fields": "*" } : undefined;
  return headers === undefined ? all : { ...all, ...headers };
}

function callerOf(
  type: DescMessage,
  { caller: exampleCaller }: Example,
  found: Caller | null | undefined,
  names: FileNames,
): Line {
  if (!found || exampleCaller === null) return ["null"];
  const of = `, credential: { source: ${JSON.stringify(found.source)} } }`;
  if (exampleCaller !== undefined)
    return [
      "{ principal: ",
      names.protobuf("fromJson"),
      "(",
      names.schema(type),
      `, ${JSON.stringify(exampleCaller.principal)})`,
      of,
    ];
  const sample: Line = [names.testing("sample"), "(", names.schema(type), ")"];
  const set = [...(found.set ?? [])].flatMap(([name, value]): string[] => {
    const field = type.fields.find((candidate) => candidate.name === name);
    return field === undefined ? [] : [`${field.localName}: ${literal(field, value)}`];
  });
  if (set.length === 0) return ["{ principal: ", ...sample, of];
  return ["{ principal: Object.assign(", ...sample, `, { ${set.join(", ")} })`, of];
}
function literal(field: DescField, value: Value): string {
  if (isListValue(value)) return `[${value.map((item) => literal(field, item)).join(", ")}]`;
  if (typeof value !== "bigint") return JSON.stringify(value);
  if (!is64Bit(field.scalar)) return String(value);
  return "longAsString" in field && field.longAsString ? `"${value}"` : `${value}n`;
}

/** For a runner. */
export function emitFaultsTest(file: PlanFile, runner: "vitest" | "node", f: GeneratedFile): void {
  f.preamble(file.desc);
  const test = f.import("test", runner === "node" ? "node:test" : "vitest");
  f.print(f.import("faultTests", `./${faultsPath(file.desc)}.js`), "(", test, ");");
}

// `web_play.ts`, for what-if runs alone: a BFF on mocks and the requests that a simulation sends.

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
