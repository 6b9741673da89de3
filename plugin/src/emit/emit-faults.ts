// `web_faults.ts`: what the plan says of every fault, as tests on mocks; `web_faults.test.ts` hands them to a runner.
import type { GeneratedFile } from "@bufbuild/protoplugin";
import { writtenPrediction } from "../faults/predict.ts";
import type { PlanFile } from "../plan/plan.ts";
import type { ToldRpc } from "../plan/told-faults.ts";
import { rpcNames } from "./emit-mock.ts";
import { FileNames, faultsPath, mockPath } from "./file-names.ts";

/** Whether a test has to be given something to make the BFF. */
export const isSupplied = (file: PlanFile): boolean => file.resolvers.length > 0 || file.functions.length > 0;

export function emitFaults(file: PlanFile, told: readonly ToldRpc[], f: GeneratedFile): void {
  const names = new FileNames(f, file.desc);
  const members = new Map(rpcNames(file.services).map((rpc) => [`${rpc.service.desc.typeName}/${rpc.desc.name}`, rpc]));
  f.preamble(file.desc);
  const run = names.testing("runFaultTest");
  const mock = `./${mockPath(file.desc)}.js`;
  const options = f.import("TestBffOptions", mock, true);
  const make = f.import("createTestBff", mock);
  const clock = names.testingType("FakeClock");
  f.print("/** What tests may say of the BFF: what it is supplied with, its environment, who calls. */");
  f.print("export type FaultOptions = Omit<", options, "<", clock, '>, "clock" | "mocks">;');
  f.print();
  f.print("/**");
  f.print(
    " * A test for every fault of every call of every rpc: what a client gets is what the plan says (`plan=faults` prints it).",
  );
  f.print(" *");
  f.print(" * @param test that of a runner: of `vitest` or of `node:test`");
  f.print(" */");
  f.print("export function faultTests(");
  f.print("  test: (name: string, run: () => Promise<void>) => unknown,");
  f.print(`  options: FaultOptions${isSupplied(file) ? "" : " = {}"},`);
  f.print("): void {");
  f.print("  const make = () => ", make, "(options);");
  for (const { rpc, example, table } of told) {
    const member = members.get(rpc);
    const cells = table.cells.flatMap((cell) => {
      const text = cell.prediction && writtenPrediction(cell.prediction);
      if (text === undefined) return [];
      const { call, fault, slowMs, stale } = cell;
      const times = stale && { ttlMs: stale.ttl_ms, staleMs: stale.stale_ms };
      return [JSON.stringify([{ call, fault, ...(slowMs !== undefined && { slowMs }), ...times }, text])];
    });
    if (member === undefined || cells.length === 0) continue;
    const input = [names.service(member.service.desc), `.method.${member.desc.localName}.input`];
    f.print("  for (const [cell, predicted] of [");
    for (const cell of cells) f.print(`    ${cell},`);
    f.print("  ] as const)");
    f.print(`    test(\`${rpc}, ${example.name.replace(/[`$\\]/g, "")}: \${cell.call} × \${cell.fault}\`, () =>`);
    const headers = example.headers === undefined ? "" : `, headers: ${JSON.stringify(example.headers)}`;
    const request =
      example.json === undefined
        ? [names.testing("sample"), "(", ...input, ")"]
        : [names.protobuf("fromJson"), "(", ...input, `, ${JSON.stringify(example.json)})`];
    f.print(
      "      ",
      run,
      `(make, cell, predicted, (bff, call) => bff.${member.name}(`,
      ...request,
      `, { ...call${headers} })));`,
    );
  }
  f.print("}");
}

/** For a runner, where nothing has to be supplied. */
export function emitFaultsTest(file: PlanFile, runner: "vitest" | "node", f: GeneratedFile): void {
  f.preamble(file.desc);
  const test = f.import("test", runner === "node" ? "node:test" : "vitest");
  f.print(f.import("faultTests", `./${faultsPath(file.desc)}.js`), "(", test, ");");
}
