// `protobff plan whatif`: latencies, degradation and load after a change.
import type { Command } from "commander";
import { append, type Terminal } from "../terminal.ts";
import { loadWhatIf, refusing, type WhatIf } from "../whatif/load.ts";
import { SimulatedProject } from "../whatif/simulated-project.ts";
import { addMeasurements, type MeasurementOptions, measuredWorld } from "./measurement-options.ts";
import { addSize, checkSize, type SizeOptions } from "./simulation-options.ts";

interface Options extends MeasurementOptions, SizeOptions {
  readonly set: readonly string[];
}

/** `protobff plan whatif --latencies latencies.json --set 'billing.v1: latency ×2, errors 3%'` */
export function addWhatIf(plan: Command, terminal: Terminal): void {
  const command = plan
    .command("whatif")
    .description("predicts latencies, degraded answers and load after a change, by simulating the generated BFF")
    .option(
      "--set <change>",
      "a change, as in 'billing.v1: latency ×2, errors 3%' or 'cache.ttl 5s'; may be given several times",
      append,
      [],
    );
  addSize(addMeasurements(command), 20_000).action((options: Options) => whatIf(options, terminal));
}

async function whatIf(options: Options, terminal: Terminal): Promise<void> {
  checkSize(options);
  const library = await loadWhatIf(terminal.cwd);
  const changes = await refusing(library, () => library.parseChanges(options.set));
  const world = await refusing(library, () => measuredWorld(library, options, terminal));
  const done = terminal.progress("simulating the project");
  const project = new SimulatedProject(library, terminal.cwd, world);
  try {
    const declared = await project.build();
    const changed = changes.plan.length === 0 ? declared : await project.build(changes.plan);
    const before = await project.simulate(declared, [], options);
    const after = options.set.length === 0 ? [] : await project.simulate(changed, changes.world, options);
    done();
    const results = before.map(({ file, simulation }) => ({
      file,
      before: simulation,
      after: after.find((other) => other.file === file)?.simulation,
    }));
    terminal.write(options.json ? jsonOf(results) : results.map((result) => textOf(library, result)).join("\n"));
  } finally {
    project.close();
  }
}

interface Result {
  readonly file: string;
  readonly before: WhatIf.Simulation;
  /** Undefined: nothing is changed. */
  readonly after: WhatIf.Simulation | undefined;
}
const jsonOf = (files: readonly Result[]): string => `${JSON.stringify({ files }, null, 2)}\n`;
const textOf = ({ tableText }: typeof WhatIf, { file, before, after }: Result): string =>
  `${file}: ${before.requests} requests\n${tableText(before, after)}`;
