// `protobff whatif`: latencies, degradation and load after a change.
import { type Command, InvalidArgumentError } from "commander";
import { Refusal } from "../refusal.ts";
import type { Terminal } from "../terminal.ts";
import { loadWhatIf, refusing, type WhatIf } from "../whatif/load.ts";
import { type Played, PlayedProject } from "../whatif/played-project.ts";
import { readBounded } from "./text-file.ts";

interface Options {
  readonly latencies?: string;
  readonly set: readonly string[];
  readonly requests: number;
  readonly runs: number;
  readonly seed: number;
  readonly json?: boolean;
}

/** `protobff whatif --latencies latencies.json --set 'billing.v1: latency ×2, errors 3%'` */
export function addWhatIf(program: Command, terminal: Terminal): void {
  program
    .command("whatif")
    .description("predicts latencies, degraded answers and load after a change, by simulating the generated BFF")
    .requiredOption("--latencies <file>", "p50 and p99 of each rpc of an upstream, and rates of requests")
    .option(
      "--set <change>",
      "a change, as in 'billing.v1: latency ×2, errors 3%' or 'cache.ttl 5s'; may be given several times",
      (text: string, before: readonly string[]) => [...before, text],
      [],
    )
    .option("--requests <count>", "number of simulated requests of each file with services", count, 20_000)
    .option("--runs <count>", "number of independent runs, for the intervals", count, 10)
    .option("--seed <number>", "seed of the random numbers", count, 1)
    .option("--json", "print JSON")
    .addHelpText("after", "\nExit codes: 0 a prediction; 1 a fault of the project; 2 a fault of the arguments.")
    .action((options: Options) => whatIf(options, terminal));
}

function count(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError("a whole number above 0 is needed, as in 1000");
  return Number(text);
}

async function whatIf(options: Options, terminal: Terminal): Promise<void> {
  const { runs, requests } = options;
  if (requests < runs) throw new Refusal(`--requests ${requests} is below --runs ${runs}: write at least as many`, 2);
  const library = await loadWhatIf(terminal.cwd);
  const { changes, world } = await refusing(library, () => ({
    changes: library.parseChanges(options.set),
    world: worldIn(library, options, terminal),
  }));
  const building = terminal.progress("generating the project");
  const project = new PlayedProject(terminal.cwd);
  try {
    const before = await project.build();
    const after = changes.plan.length === 0 ? before : await project.build(changes.plan);
    building();
    const done = terminal.progress("simulating");
    const results = await simulated(library, { before, after, world, changes, options });
    done();
    terminal.write(
      options.json ? `${JSON.stringify({ files: results }, null, 2)}\n` : results.map(text(library)).join("\n"),
    );
  } finally {
    project.close();
  }
}

function worldIn(library: typeof WhatIf, { latencies = "" }: Options, { cwd }: Terminal): WhatIf.World {
  const text = readBounded(latencies, cwd, "a file of latencies", library.MOST_LATENCIES_BYTES, 2);
  return library.parseLatencies(text, latencies);
}

interface Input {
  readonly before: Played;
  readonly after: Played;
  readonly world: WhatIf.World;
  readonly changes: WhatIf.Changes;
  readonly options: Options;
}
/** Result for one file with services. */
interface FileResult {
  readonly file: string;
  readonly before: WhatIf.Simulation;
  /** Undefined: nothing is changed. */
  readonly after: WhatIf.Simulation | undefined;
}

async function simulated(library: typeof WhatIf, input: Input): Promise<readonly FileResult[]> {
  const { before, after, world, changes, options } = input;
  const results: FileResult[] = [];
  for (const [file, module] of before.modules) {
    const next = after.modules.get(file);
    if (next === undefined || !library.isSent(module, world)) continue;
    const [now, then] = await refusing(library, () => [
      library.worldFor(module, world, [], before.settings),
      library.worldFor(next, world, changes.world, after.settings),
    ]);
    results.push({
      file,
      before: await library.simulate(module, now, options),
      after: options.set.length === 0 ? undefined : await library.simulate(next, then, options),
    });
  }
  if (results.length === 0)
    throw new Refusal('no rpc of the project has a rate: add "*" to "rpcs", as in { "*": { "rate": 50 } }', 2);
  return results;
}

const text =
  ({ tableText }: typeof WhatIf) =>
  ({ file, before, after }: FileResult): string =>
    `${file}: ${before.requests} requests\n${tableText(before, after)}`;
