import type { Report } from "../diagnostic/diagnostic.ts";
import type { ServedTogether } from "../resolve/model/server-paths.ts";

/** Files to deploy servers with, where none is written. A run without services writes nothing, and nobody minds. */
export function checkIdleOutputs(
  servers: readonly ServedTogether[],
  deploy: ReadonlySet<string>,
  report: Report,
): void {
  if (deploy.size === 0 || servers.some(({ written }) => written)) return;
  const [first] = servers.flatMap(({ packages }) =>
    packages.flatMap(({ files }) => files.flatMap((one) => one.services)),
  );
  if (first === undefined) return;
  report({
    code: "BFF575",
    severity: "error",
    message: `the option "deploy=${[...deploy].join("+")}" has nothing to write: no server is generated that it could be for`,
    at: first.ir.at,
    hint: `add "server=true" to the options of protoc-gen-bff, or leave out "deploy"`,
  });
}
