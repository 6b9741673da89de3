// `protobff plan tune`: searches timeouts, hedges and limits, and prints the change of the options.
import { type Command, InvalidArgumentError } from "commander";
import { Refusal, type Terminal } from "../terminal.ts";
import { loadWhatIf, refusing, type WhatIf } from "../whatif/load.ts";
import type { Played } from "../whatif/played-project.ts";
import { type FileSimulation, SimulatedProject } from "../whatif/simulated-project.ts";
import { addMeasurements, type MeasurementOptions, measuredWorld } from "./measurement-options.ts";
import { addSize, checkSize, type SizeOptions } from "./simulation-options.ts";

interface Options extends MeasurementOptions, SizeOptions {
  readonly moreCalls: number;
  readonly moreIncomplete: number;
}

/** `protobff plan tune --traces traces.otlp.json --more-calls 3%` */
export function addTune(plan: Command, terminal: Terminal): void {
  const command = plan
    .command("tune")
    .description("searches timeouts, hedge delays and limits for a lower p99, and prints the change of the options")
    .option("--more-calls <share>", "most calls of upstreams in addition", share, 0.03)
    .option("--more-incomplete <share>", "most degraded and failed requests in addition", share, 0.001);
  addSize(addMeasurements(command), 5_000).action((options: Options) => tune(options, terminal));
}

function share(text: string): number {
  const [, number, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(text) ?? [];
  const value = Number(number) / (percent === "%" ? 100 : 1);
  if (!(value >= 0 && value <= 1)) throw new InvalidArgumentError("a share is needed, as in 3%");
  return value;
}

async function tune(options: Options, terminal: Terminal): Promise<void> {
  checkSize(options);
  const library = await loadWhatIf(terminal.cwd);
  const world = await refusing(library, () => measuredWorld(library, options, terminal));
  const done = terminal.progress("searching");
  const project = new SimulatedProject(library, terminal.cwd, world);
  try {
    const declared = await project.build();
    const found = await searched(library, { project, declared, world, options });
    done();
    if (found.changes.length === 0) {
      terminal.write(`nothing better was found in ${found.simulations} simulations\n`);
      return;
    }
    // The search has selected lucky runs of its seed; another seed shows the effect without that luck.
    const fresh = { ...options, seed: options.seed + 1_000_000 };
    const changed = await project.build(found.changes);
    const before = await project.simulate(declared, [], fresh);
    const after = await project.simulate(changed, [], fresh);
    const diff = library.optionDiff(found.changes, declared.settings, changed.settings);
    terminal.write(
      options.json
        ? `${JSON.stringify({ changes: found.changes, before, after }, null, 2)}\n`
        : `${diff}\n${tables(library, before, after)}`,
    );
  } finally {
    project.close();
  }
}

interface Search {
  readonly project: SimulatedProject;
  readonly declared: Played;
  readonly world: WhatIf.World;
  readonly options: Options;
}

async function searched(library: typeof WhatIf, { project, declared, world, options }: Search): Promise<WhatIf.Tuned> {
  const simulations = async (played: Played) =>
    (await project.simulate(played, [], options)).map(({ simulation }) => simulation);
  const evaluate: WhatIf.Evaluate = async (changes) => {
    try {
      return await simulations(await project.build(changes));
    } catch (error) {
      if (error instanceof Refusal) return undefined;
      throw error;
    }
  };
  const before = await simulations(declared);
  return library.tune(evaluate, library.candidatesFor(world, before), before, options);
}

const tables = (
  { tableText }: typeof WhatIf,
  before: readonly FileSimulation[],
  after: readonly FileSimulation[],
): string =>
  before
    .map(
      ({ file, simulation }) =>
        `${file}\n${tableText(simulation, after.find((other) => other.file === file)?.simulation)}`,
    )
    .join("\n");
