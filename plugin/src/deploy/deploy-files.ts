// `deploy=docker+kubernetes`: files that run each generated server, beside it. A walk of the plan makes them, as in
// emission.
import { createHash } from "node:crypto";
import type { Parameter } from "../options/parameter.ts";
import type { Plan, PlanServer } from "../plan/model/plan.ts";
import { DOCKERIGNORE, dockerfile } from "./docker.ts";
import { manifests } from "./kubernetes.ts";
import type { ServerDeployment } from "./server-deployment.ts";
import { variablesOf } from "./variables.ts";

/** `web/v1/deploy/…` beside `web/v1/server.ts`; `web_v1_deploy/…` beside `web_v1_server.ts`. */
export function deployFiles(
  plan: Plan,
  { deploy, importExtension }: Pick<Parameter, "deploy" | "importExtension">,
): readonly { readonly name: string; readonly content: string }[] {
  const servers = plan.servers.filter(({ written }) => written);
  const names = objectNames(servers);
  return servers.flatMap((server) => {
    const folder = server.path.replace(/server$/, "deploy");
    const name = names.get(server) ?? "bff";
    const deployed: ServerDeployment = { server, name, folder, importExtension, variables: variablesOf(server) };
    const docker = [
      { name: `${folder}/Dockerfile`, content: dockerfile(deployed) },
      { name: `${folder}/Dockerfile.dockerignore`, content: DOCKERIGNORE },
    ];
    const kubernetes = manifests(deployed).map(({ file, text }) => ({
      name: `${folder}/kubernetes/${file}`,
      content: text,
    }));
    return [...(deploy.has("docker") ? docker : []), ...(deploy.has("kubernetes") ? kubernetes : [])];
  });
}

/** Longest name, in characters. A Service's name has at most 63, and names derived from it are longer. */
const LONGEST = 50;

/**
 * Returns names such as `web-v1` for `web.v1`. A digest of the name is added if several would be equal, or if the name
 * is cut.
 */
function objectNames(servers: readonly PlanServer[]): ReadonlyMap<PlanServer, string> {
  const labels = servers.map(({ name }) => ({ name, label: labelOf(name) }));
  return new Map(
    servers.map((server, i) => {
      const label = labels[i]?.label ?? "";
      const alone = labels.filter((other) => other.label === label).length === 1;
      if (alone && label.length <= LONGEST) return [server, label];
      const digest = createHash("sha256").update(server.name).digest("hex").slice(0, 8);
      return [server, `${label.slice(0, LONGEST - 9).replace(/-$/, "")}-${digest}`];
    }),
  );
}

/** Begins with a letter, and has letters, digits and single hyphens. */
function labelOf(name: string): string {
  const plain = name.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return plain.replace(/^[^a-z]+|-$/g, "") || "bff";
}
