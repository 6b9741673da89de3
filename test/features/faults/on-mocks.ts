// Runs the table of faults of a BFF on its mocks, with the tests that are generated from it. Each cell runs in a
// separate BFF, in virtual time.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { CodeGeneratorRequest } from "@bufbuild/protobuf/wkt";
import type { BehaviourReport } from "../../../plugin/src/faults/behaviour.ts";
import { type Cell, tableOf } from "../../../plugin/src/faults/cells.ts";
import { compileCase } from "../../support/golden.ts";
import { messagesOf } from "../../support/messages.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

export interface Tried {
  readonly name: string;
  /** Cells that ran, whatever came of them. */
  readonly cells: number;
  readonly wrong: readonly string[];
  /** The reason of each cell without a prediction, after its rpc. */
  readonly unpredictable: readonly string[];
  readonly notReached: number;
}

/** Counts the cells that the interpreter predicts from the plan's JSON, and runs the tests generated from them. */
export async function tried(
  name: string,
  request: CodeGeneratorRequest,
  texts: Readonly<Record<string, string>>,
): Promise<Tried> {
  const { response } = compileCase(request, texts, "import_extension=ts,mock=true,faults=node,plan=json");
  if (response.error !== "") throw new Error(response.error);
  const files: Readonly<Record<string, string>> = {
    ...messagesOf(request),
    ...Object.fromEntries(response.file.map((file) => [file.name, file.content])),
  };
  const folder = join(root, `test/.generated/faults-${process.pid}`, name);
  const wrong: string[] = [];
  let ran = 0;
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    for (const path of Object.keys(files).filter((path) => path.endsWith("_faults.ts"))) {
      const { faultTests } = (await import(pathToFileURL(join(folder, path)).href)) as {
        readonly faultTests: (test: (name: string, run: () => Promise<void>) => void) => void;
      };
      const tests: [string, () => Promise<void>][] = [];
      faultTests((title, run) => tests.push([title, run]));
      for (const [title, run] of tests) {
        ran++;
        await run().catch((error: unknown) => wrong.push(`${title}: ${error instanceof Error ? error.stack : error}`));
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const plans = Object.keys(files).filter((path) => path.endsWith("_plan.json"));
  const counts = countsOf(
    plans.map((path) => (JSON.parse(files[path] ?? "") as { behaviour: BehaviourReport }).behaviour),
  );
  if (counts.cells !== ran) wrong.push(`${counts.cells} cells are told, and ${ran} are tested`);
  return { name, ...counts, cells: ran, wrong };
}

function countsOf(behaviours: readonly BehaviourReport[]): Omit<Tried, "name" | "wrong"> {
  const cells = behaviours.flatMap((behaviour) =>
    behaviour.rpcs.flatMap((rpc): readonly Pick<Cell, "rpc" | "prediction">[] => {
      const { cells } = tableOf(behaviour, rpc);
      if (rpc.permit?.public !== true) return cells;
      // An anonymous caller is a cell without a fault, and has a cell for each fault.
      const { healthy, cells: more } = tableOf(behaviour, rpc, { caller: null });
      return [...cells, { rpc: rpc.rpc, prediction: healthy }, ...more];
    }),
  );
  return {
    cells: cells.filter(({ prediction }) => prediction !== undefined && prediction.kind !== "unpredictable").length,
    unpredictable: cells.flatMap(({ rpc, prediction }) =>
      prediction?.kind === "unpredictable" ? [`${rpc}: ${prediction.why}`] : [],
    ),
    notReached: cells.filter(({ prediction }) => prediction === undefined).length,
  };
}
