// Simulations of all BFFs of a project that receive requests.
import type { PlanEdit } from "protoc-gen-bff/compiler";
import { Refusal } from "../terminal.ts";
import { refusing, type WhatIf } from "./load.ts";
import { type Played, PlayedProject } from "./played-project.ts";

/** Result for one file with services. */
export interface FileSimulation {
  readonly file: string;
  readonly simulation: WhatIf.Simulation;
}

/** A project that is simulated again and again. */
export class SimulatedProject {
  readonly #library: typeof WhatIf;
  readonly #world: WhatIf.World;
  readonly #project: PlayedProject;

  /**
   * Throws a `Refusal` if the project does not build.
   *
   * @param world latencies of upstreams, and rates of requests
   */
  constructor(library: typeof WhatIf, cwd: string, world: WhatIf.World) {
    this.#library = library;
    this.#world = world;
    this.#project = new PlayedProject(cwd);
  }
  /** Removes the generated files. */
  close(): void {
    this.#project.close();
  }
  /** Generates and loads the BFFs. Throws a `Refusal` for faults of the project or of the changes. */
  build(edits: readonly PlanEdit[] = []): Promise<Played> {
    return this.#project.build(edits);
  }
  /** Simulates the BFFs of all files. Throws a `Refusal` if nothing is sent, or if a latency is missing. */
  async simulate(
    { modules, settings }: Played,
    edits: readonly WhatIf.WorldEdit[],
    options: WhatIf.SimulationOptions,
  ): Promise<readonly FileSimulation[]> {
    const library = this.#library;
    const sent = [...modules].filter(([, module]) => library.isSent(module, this.#world));
    if (sent.length === 0)
      throw new Refusal('no rpc of the project has a rate: add "*" to "rpcs", as in { "*": { "rate": 50 } }', 2);
    const results: FileSimulation[] = [];
    for (const [file, module] of sent) {
      const world = await refusing(library, () => library.worldFor(module, this.#world, edits, settings));
      results.push({ file, simulation: await library.simulate(module, world, options) });
    }
    return results;
  }
}
