import type { Report } from "../diagnostic/diagnostic.ts";
import type { Model } from "../resolve/model/model.ts";
import { serverFolders, serverPaths } from "../resolve/model/server-paths.ts";

/** Several packages in one folder, of which none can have `server.ts`. For runs that emit servers. */
export function checkServerNames({ packages }: Model, report: Report): void {
  const paths = serverPaths(packages);
  for (const together of serverFolders(packages).values()) {
    const [first, second] = together.map(({ files }) => files.flatMap(({ services }) => services)[0]?.ir);
    if (first === undefined || second === undefined) continue;
    const names = together.map(({ name }) => `"${name}"`).join(" and ");
    report({
      code: "BFF821",
      severity: "warning",
      message: `packages ${names} have their files in one folder, so that none has a server.ts there: their servers are ${together.map((one) => `${paths.get(one)}.ts`).join(" and ")}`,
      at: second.at,
      related: [{ at: first.at, message: "a service of another package in this folder" }],
      hint: `give each package a folder of its own, such as "${together[1]?.name.replaceAll(".", "/")}", or both one package`,
    });
  }
}
