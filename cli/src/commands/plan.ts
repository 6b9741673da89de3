// `protobff plan`: the latency of each rpc, from the latencies of its calls.
import type { Command } from "commander";
import type { Terminal } from "../terminal.ts";
import { loadWhatIf, refusing } from "../whatif/load.ts";
import { SimulatedProject } from "../whatif/simulated-project.ts";
import { addMeasurements, type MeasurementOptions, measuredWorld } from "./measurement-options.ts";
import { addSize, checkSize, type SizeOptions } from "./simulation-options.ts";
import { addTune } from "./tune.ts";
import { addWhatIf } from "./whatif.ts";

/** `protobff plan --latencies latencies.json` */
export function addPlan(program: Command, terminal: Terminal): void {
  const command = program
    .command("plan")
    .enablePositionalOptions()
    .description("prints p50 and p99 of each rpc, from the latencies of the rpcs of upstreams");
  addSize(addMeasurements(command), 20_000).action((options: MeasurementOptions & SizeOptions) =>
    plan(options, terminal),
  );
  addWhatIf(command, terminal);
  addTune(command, terminal);
}

/** Rate of rpcs that have none: their requests hardly overlap. */
const ALONE = '{ "rpcs": { "*": { "rate": 1 } } }';

async function plan(options: MeasurementOptions & SizeOptions, terminal: Terminal): Promise<void> {
  checkSize(options);
  const library = await loadWhatIf(terminal.cwd);
  const found = await refusing(library, () => measuredWorld(library, options, terminal));
  const world = library.joined(library.parseLatencies(ALONE, "the default"), found);
  const done = terminal.progress("simulating the project");
  const project = new SimulatedProject(library, terminal.cwd, world);
  try {
    const files = await project.simulate(await project.build(), [], options);
    done();
    const text = files.map(({ file, simulation }) => `${file}\n${library.latencyTable(simulation)}`).join("\n");
    terminal.write(options.json ? `${JSON.stringify({ files }, null, 2)}\n` : text);
  } finally {
    project.close();
  }
}
