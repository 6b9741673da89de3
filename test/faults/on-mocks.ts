// The table of faults of a BFF, run on its mocks: each cell in a BFF of its own, in virtual time.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createRegistry, type DescMethod } from "@bufbuild/protobuf";
import type { CodeGeneratorRequest } from "@bufbuild/protobuf/wkt";
import { sample } from "@protobff/runtime/testing";
import type { BehaviourReport } from "../../plugin/src/faults/behaviour.ts";
import { tableOf, writtenPrediction } from "../../plugin/src/faults/predict.ts";
import { type Ask, type FaultableBff, runFaultCell } from "../../runtime/src/mock/fault-cell.ts";
import { compileCase } from "../support/golden.ts";
import { messagesOf } from "../support/messages.ts";
import { schemaOf } from "../support/request.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Tried {
  readonly name: string;
  /** Cells that ran, whatever came of them. */
  cells: number;
  readonly wrong: string[];
  /** Cells without a prediction, and why. */
  readonly untold: string[];
  notReached: number;
  /** Rpcs that could not be run. */
  readonly left: string[];
}

type Made = FaultableBff & Readonly<Record<string, unknown>>;

/** @param given further options of `createTestBff`: resolvers, functions, env */
export async function tried(
  name: string,
  request: CodeGeneratorRequest,
  texts: Readonly<Record<string, string>>,
  given: object = {},
): Promise<Tried> {
  const found: Tried = { name, cells: 0, wrong: [], untold: [], notReached: 0, left: [] };
  const { response } = compileCase(request, texts, "import_extension=ts,mock=true,plan=json");
  if (response.error !== "") throw new Error(response.error);
  const folder = join(root, `test/.generated/faults-${process.pid}`, name);
  const files = {
    ...messagesOf(request),
    ...Object.fromEntries(response.file.map((file) => [file.name, file.content])),
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  try {
    const registry = createRegistry(...schemaOf(request).allFiles);
    for (const path of Object.keys(files).filter((one) => one.endsWith("_plan.json"))) {
      const { behaviour } = JSON.parse(files[path] ?? "") as { behaviour: BehaviourReport };
      const mock = files[path.replace("_plan.json", "_mock.ts")] ?? "";
      if (/readonly (resolvers|functions): /.test(mock) && Object.keys(given).length === 0) {
        found.left.push(`${path}: functions of the user`);
        continue;
      }
      const mocks = await import(pathToFileURL(join(folder, path.replace("_plan.json", "_mock.ts"))).href);
      for (const rpc of behaviour.rpcs) {
        const [service = "", method = ""] = rpc.rpc.split("/");
        const desc = registry.getService(service)?.methods.find((one) => one.name === method);
        if (desc === undefined) throw new Error(`no ${rpc.rpc}`);
        await runRpc(found, behaviour, rpc, desc, () => mocks.createTestBff(given) as Made);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return found;
}

async function runRpc(
  found: Tried,
  behaviour: BehaviourReport,
  rpc: BehaviourReport["rpcs"][number],
  desc: DescMethod,
  make: () => Made,
): Promise<void> {
  const table = tableOf(behaviour, rpc);
  for (const cell of table.cells) {
    if (cell.prediction === undefined) {
      found.notReached++;
      continue;
    }
    const text = writtenPrediction(cell.prediction);
    if (text === undefined) {
      found.untold.push(cell.prediction.kind === "untold" ? cell.prediction.why : "");
      continue;
    }
    let bff: Made;
    try {
      bff = make();
    } catch (error) {
      found.left.push(`${rpc.rpc}: ${String(error)}`);
      return;
    }
    const ask = memberOf(bff, desc);
    if (ask === undefined) {
      found.left.push(`${rpc.rpc}: no member`);
      return;
    }
    found.cells++;
    const { call, fault, slowMs, stale } = cell;
    const one = {
      call,
      fault,
      ...(slowMs && { slowMs }),
      ...(stale && { ttlMs: stale.ttl_ms, staleMs: stale.stale_ms }),
    };
    try {
      const wrong = await runFaultCell(bff, one, text, (options) => ask(sample(desc.input), options));
      if (wrong !== undefined) found.wrong.push(`${rpc.rpc} ${call} × ${fault}: ${wrong}`);
    } catch (error) {
      found.wrong.push(`${rpc.rpc} ${call} × ${fault}: ${error instanceof Error ? error.stack : error}`);
    }
  }
}

/** The function of an rpc, whatever it is called where several services have one of that name. */
function memberOf(bff: Made, desc: DescMethod) {
  const own = bff[desc.localName] ?? bff[`${lower(desc.parent.name)}${upper(desc.localName)}`];
  return typeof own === "function" ? (own as (request: unknown, options: object) => ReturnType<Ask>) : undefined;
}
const upper = (name: string): string => `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
const lower = (name: string): string => `${name.slice(0, 1).toLowerCase()}${name.slice(1)}`;
