import { fault } from "../../diagnostic/diagnostic.ts";
import type { ServedTogether } from "../../resolve/model/server-paths.ts";
import type { Check } from "../check.ts";

interface Outputs {
  readonly servers: readonly ServedTogether[];
  /** The option `deploy`. */
  readonly deploy: ReadonlySet<string>;
}

/** Reports the option `deploy` if no server is generated. A run without services generates no files and is valid. */
export const idleOutputs: Check<Outputs> = {
  rules: {
    BFF575: "`deploy` needs a generated server. Without `server.ts` the deployment files would start nothing.",
  },
  run({ servers, deploy }, report) {
    if (deploy.size === 0 || servers.some(({ written }) => written)) return;
    const [first] = servers.flatMap(({ packages }) =>
      packages.flatMap(({ files }) => files.flatMap((file) => file.services)),
    );
    if (first === undefined) return;
    fault(report, "BFF575", first.ir.at, {
      message: `the option "deploy=${[...deploy].join("+")}" has no effect: no server is generated`,
      hint: `add "server=true" to the options of protoc-gen-bff, or leave out "deploy"`,
    });
  },
};
