import { caution } from "../../diagnostic/diagnostic.ts";
import type { Model } from "../../resolve/model/model.ts";
import { idleServers, type ServerSelection, servedTogether, serverFolders } from "../../resolve/model/server-paths.ts";
import type { Check } from "../check.ts";

/** Several packages in one folder, of which none can have `server.ts`. For runs that emit servers. */
export const serverNames: Check<Named> = {
  rules: {
    BFF821:
      "Each folder contains the services of one package, and its server is `server.ts`. With several packages in a folder each server has the name of its package.",
  },
  run({ packages, selection }, report) {
    const all = servedTogether(packages, selection);
    for (const together of serverFolders(packages, selection).values()) {
      const [first, second] = together.map(
        (server) => server.packages.flatMap(({ files }) => files).flatMap(({ services }) => services)[0]?.ir,
      );
      if (first === undefined || second === undefined || !together.some(({ written }) => written)) continue;
      const paths = together.map(({ name }) => `${all.find((server) => server.name === name)?.path}.ts`);
      const names = together.map(({ name }) => `"${name}"`).join(" and ");
      caution(report, "BFF821", second.at, {
        message: `packages ${names} have their files in one folder, so their servers are ${paths.join(" and ")} instead of server.ts`,
        related: [{ at: first.at, message: "a service of another package in this folder" }],
        hint: `give each package a separate folder, such as "${together[1]?.name.replaceAll(".", "/")}", or merge the packages`,
      });
    }
  },
};

interface Named {
  readonly packages: Model["packages"];
  /** The option `server`. */
  readonly selection: ServerSelection;
}

/** A sentence for each name of the option `server` that matches no package. */
export function faultsOfServers(packages: Model["packages"], selection: ServerSelection): readonly string[] {
  const names = packages.map(({ name }) => JSON.stringify(name)).sort();
  const correction = names.length === 0 ? "leave it out" : `write ${names.join(", ")}, or a common parent of several`;
  return idleServers(packages, selection).map(
    (name) =>
      `option "server" contains "${name}", but this run has no package with BFF services of that name or below it; ${correction}`,
  );
}
