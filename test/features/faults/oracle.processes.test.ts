// Two interpreters that share nothing say the same of every cell: the one of the plan's JSON and the oracle of the IR.

import { reflect } from "@bufbuild/protobuf/reflect";
import { describe, expect, test } from "vitest";
import type { ValueReport } from "../../../plugin/src/faults/behaviour.ts";
import { tableOf } from "../../../plugin/src/faults/cells.ts";
import { isLater } from "../../../plugin/src/faults/composition/followed-call.ts";
import { messageReport } from "../../../plugin/src/report/faults/value-report.ts";
import { sample } from "../../../runtime/src/samples/sample.ts";
import { protosOf } from "../../proofs/load/generate-bff.ts";
import { irOf } from "../../proofs/load/load.ts";
import { every, mobile, second, web, workedExample } from "../../proofs/matrix/bffs.ts";
import type { MatrixBff } from "../../proofs/matrix/edges.ts";
import { methodName } from "../../proofs/oracle/outcomes.ts";
import { behavioursOf, byOracle, difference, standIns } from "./cases.ts";

/** Requests of each rpc, besides the sample. */
const REQUESTS = 2;

function compared(bff: MatrixBff) {
  const ir = irOf(bff, true);
  const behaviours = behavioursOf(protosOf(bff, true), bff.targets);
  const requests = new Map<
    string,
    { message: Parameters<typeof messageReport>[0]; headers: Record<string, string> }[]
  >();
  for (const { method, message, headers } of bff.candidates(ir)) {
    const known = requests.get(methodName(method)) ?? [];
    if (known.length < REQUESTS)
      requests.set(methodName(method), [
        ...known,
        { message: reflect(method.input, message), headers: { ...headers } },
      ]);
  }
  const env = Object.fromEntries(Object.entries(bff.env).flatMap(([name, value]) => envReport(name, value)));
  const wrong: string[] = [];
  let cells = 0;
  const unpredictable: string[] = [];
  for (const behaviour of behaviours)
    for (const rpc of behaviour.rpcs) {
      const [service = "", name = ""] = rpc.rpc.split("/");
      const method = ir.registry.getService(service)?.methods.find((candidate) => candidate.name === name);
      if (method === undefined) throw new Error(`no ${rpc.rpc}`);
      const sampled = { message: reflect(method.input, sample(method.input)), headers: {} };
      for (const { message, headers } of [sampled, ...(requests.get(rpc.rpc) ?? [])]) {
        const table = tableOf(behaviour, rpc, { request: messageReport(message), env, headers });
        const all = [{ call: "", fault: "slow" as const, prediction: table.healthy }, ...table.cells];
        for (const cell of all) {
          if (cell.prediction === undefined || isLater(cell.fault)) continue;
          if (cell.prediction.kind === "unpredictable") {
            unpredictable.push(cell.prediction.why);
            continue;
          }
          cells++;
          const faulty =
            cell.call === ""
              ? undefined
              : { call: cell.call, fault: cell.fault, breaker: behaviour.breakers[cell.call] ?? "service" };
          const oracle = byOracle(
            ir,
            method,
            message.message,
            new Map(Object.entries(headers)),
            bff.env,
            faulty,
            bff.resolvers && standIns(ir, bff.resolvers.oracle),
          );
          const fault = difference(cell.prediction, oracle);
          if (fault !== undefined) wrong.push(`${rpc.rpc} ${cell.call} × ${cell.fault}\n${fault}`);
        }
      }
    }
  return { cells, unpredictable, wrong };
}

function envReport(name: string, value: unknown): [string, ValueReport][] {
  if (typeof value === "string" || typeof value === "boolean") return [[name, value]];
  if (typeof value === "bigint") return [[name, { int: String(value) }]];
  return typeof value === "number" ? [[name, { double: value }]] : [];
}

describe("the interpreter of the plan's JSON and the oracle agree", () => {
  test.each([web, mobile, workedExample, second, every])(
    "$name",
    (bff) => {
      const { cells, unpredictable, wrong } = compared(bff);
      console.log(`${bff.name}: ${cells} cells, ${unpredictable.length} unpredictable, ${wrong.length} not alike`);
      if (unpredictable.length > 0) console.log([...new Set(unpredictable)].join("\n"));
      expect(wrong.slice(0, 10).join("\n")).toBe("");
      expect(cells).toBeGreaterThan(20);
    },
    120_000,
  );
});
