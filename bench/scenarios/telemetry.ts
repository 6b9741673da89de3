// Measures the cost of observability with two compositions: all of it off; metrics and a tenth of the requests traced;
// all requests traced. Traces go to a receiver in the process that measures.
import { type ClosedLoop, runClosedLoop } from "../rig/closed-loop.ts";
import { type RunOptions, type ScenarioResult, scenarioResult, type VariantResult } from "../rig/result.ts";
import { startTraceSink, type TraceSink } from "../rig/trace-sink.ts";
import type { Variant } from "../rig/variant.ts";
import { closedLoops } from "./closed-loops.ts";

const OFF = "off";
const TENTH = "10 % sampled";
const ALL = "all sampled";
const COMPOSITIONS = ["fanout", "example"];

export async function runTelemetry(options: RunOptions): Promise<ScenarioResult> {
  const sink = await startTraceSink();
  try {
    const results: ScenarioResult[] = [];
    for (const name of COMPOSITIONS) results.push(await runClosedLoop(loopOf(name, sink), options));
    return scenarioResult(options, {
      scenario: "telemetry",
      variants: results.flatMap(({ scenario, variants }) =>
        variants.map((variant) => ({ ...variant, name: `${scenario}, ${variant.name}` })),
      ),
      left_out: [],
      failures: results.flatMap(({ failures }) => failures),
      rounds: results[0]?.rounds ?? 0,
    });
  } finally {
    await sink.close();
  }
}

/** The composition of ours alone, three times. */
function loopOf(name: string, sink: TraceSink): ClosedLoop {
  const loop = closedLoops.find((closedLoop) => closedLoop.name === name);
  const ours = loop?.variants.find((variant) => variant.name === "protobff");
  if (loop === undefined || ours === undefined) throw new Error(`there is no composition ${name}`);
  const metrics = { BFF_ADMIN_PORT: "0" };
  const traces = (share: string) => ({
    ...metrics,
    OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
    OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
    OTEL_TRACES_SAMPLER_ARG: share,
  });
  const { peers: _, freshIds: __, forwarded: ___, ...ofOurs } = loop;
  return {
    ...ofOurs,
    // The observers' code is compiled later than the rest; until then the figures would measure the compiler.
    size: { ...loop.size, warmUp: 20_000, measured: 20_000 },
    variants: [
      withEnv(ours, OFF, {}),
      withEnv(ours, "metrics alone", metrics),
      withEnv(ours, TENTH, traces("0.1")),
      withEnv(ours, ALL, traces("1")),
    ],
    comparedWith: OFF,
    failures: (variants) => faultsOf(name, variants, sink),
  };
}

function withEnv(variant: Variant, name: string, env: Readonly<Record<string, string>>): Variant {
  return { ...variant, name, launch: { ...variant.launch, env: { ...variant.launch.env, ...env } } };
}

function faultsOf(name: string, variants: readonly VariantResult[], sink: TraceSink): string[] {
  const calls = new Set(variants.map((variant) => variant.upstream_calls_per_request));
  return [
    ...(calls.size === 1
      ? []
      : [`${name}: tracing changes how many upstream calls there are: ${[...calls].join(", ")}`]),
    ...(sink.bytes() > 0 ? [] : [`${name}: no trace has come`]),
  ];
}
