// The package of simulations, as the project has installed it: it shares the project's runtime.
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type * as WhatIf from "@protobff/replay/whatif";
import { Refusal } from "../terminal.ts";

export type { WhatIf };

/** Loads the package. Throws a `Refusal` if the project does not have it. */
export async function loadWhatIf(cwd: string): Promise<typeof WhatIf> {
  let path: string;
  try {
    path = createRequire(join(cwd, "package.json")).resolve("@protobff/replay/whatif");
  } catch {
    throw new Refusal("the project has no @protobff/replay: run npm install --save-dev @protobff/replay");
  }
  return (await import(pathToFileURL(path).href)) as typeof WhatIf;
}

/** Runs a part of a simulation. Faults of its input become a `Refusal`. */
export async function refusing<T>({ InputError }: typeof WhatIf, run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof InputError) throw new Refusal(error.message, 2);
    throw error;
  }
}
