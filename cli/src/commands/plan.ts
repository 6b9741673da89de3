// `protobff plan`: the latency of each rpc, from the latencies of its calls.
import { type Command, InvalidArgumentError } from "commander";
import { compileProject } from "../project/compile-project.ts";
import { reportsOf } from "../project/plan-reports.ts";
import { ratesText } from "../rates/rates-text.ts";
import { upstreamRates } from "../rates/upstream-rates.ts";
import { append, Refusal, type Terminal } from "../terminal.ts";
import { loadWhatIf, refusing, type WhatIf } from "../whatif/load.ts";
import { SimulatedProject } from "../whatif/simulated-project.ts";
import { addMeasurements, type MeasurementOptions, measuredWorld } from "./measurement-options.ts";
import { addSize, checkSize, type SizeOptions } from "./simulation-options.ts";
import { addTune } from "./tune.ts";

/** `protobff plan --latencies latencies.json` */
export function addPlan(program: Command, terminal: Terminal): void {
  const command = program
    .command("plan")
    .enablePositionalOptions()
    .description("prints p50 and p99 of each rpc, from the latencies of the rpcs of upstreams");
  addSize(addMeasurements(command), 20_000)
    .option(
      "--rate <requests>",
      "requests per second of each rpc over all instances: prints what settings mean",
      positive,
    )
    .option("--instances <count>", "number of processes, for --rate; default: 1", positive)
    .option("--addresses <count>", "number of addresses of each upstream, for --rate", positive)
    .action((options: PlanOptions) => {
      for (const name of ["instances", "addresses"] as const)
        if (options.rate === undefined && options[name] !== undefined)
          throw new Refusal(`--${name} has no effect without --rate: add --rate, as in --rate 200`, 2);
      return options.rate === undefined ? plan(options, terminal) : rates(options.rate, options, terminal);
    });
  addWhatIf(command, terminal);
  addTune(command, terminal);
}

interface PlanOptions extends MeasurementOptions, SizeOptions {
  readonly rate?: number;
  readonly instances?: number;
  readonly addresses?: number;
}

function positive(text: string): number {
  if (!/^(?!0+(?:\.0+)?$)\d{1,9}(?:\.\d{1,6})?$/.test(text))
    throw new InvalidArgumentError("a number above 0 is needed, as in 200");
  return Number(text);
}

/** `protobff plan --rate 200 --instances 12` */
function rates(rate: number, { instances = 1, addresses, json }: PlanOptions, terminal: Terminal): void {
  const done = terminal.progress("compiling the protos");
  const { compilation } = compileProject({ cwd: terminal.cwd });
  done();
  const reports = reportsOf({ compilation });
  if (typeof reports === "string") throw new Refusal(`the protos do not compile:\n${reports}`);
  const traffic = { rate, instances, addresses };
  const upstreams = upstreamRates(reports, traffic);
  terminal.write(json ? `${JSON.stringify({ ...traffic, upstreams }, null, 2)}\n` : ratesText(upstreams, traffic));
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

// `protobff plan whatif`: latencies, degradation and load after a change.

interface Options extends MeasurementOptions, SizeOptions {
  readonly set: readonly string[];
}

/** `protobff plan whatif --latencies latencies.json --set 'billing.v1: latency ×2, errors 3%'` */
function addWhatIf(plan: Command, terminal: Terminal): void {
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
