// `deploy=docker+kubernetes+gateway-api`: files that run each generated server, beside it. A walk of the plan makes
// them, as in emission.
import type { Parameter } from "../options/parameter.ts";
import type { Plan } from "../plan/model/plan.ts";
import { DOCKERIGNORE, dockerfile } from "./docker.ts";
import { manifests, routeManifests } from "./kubernetes.ts";
import { objectNames } from "./object-names.ts";
import { servedServer } from "./routes/served-server.ts";
import type { ServerDeployment } from "./server-deployment.ts";
import { variablesOf } from "./variables.ts";

/** `web/v1/deploy/…` beside `web/v1/server.ts`; `web_v1_deploy/…` beside `web_v1_server.ts`. */
export function deployFiles(
  plan: Plan,
  { deploy, uses, importExtension }: Pick<Parameter, "deploy" | "uses" | "importExtension">,
): readonly { readonly name: string; readonly content: string }[] {
  const servers = plan.servers.filter(({ written }) => written);
  const names = objectNames(servers);
  return servers.flatMap((server) => {
    const folder = server.path.replace(/server$/, "deploy");
    const name = names.get(server) ?? "bff";
    const deployed: ServerDeployment = { server, name, folder, importExtension, variables: variablesOf(server, uses) };
    const docker = [
      { name: `${folder}/Dockerfile`, content: dockerfile(deployed) },
      { name: `${folder}/Dockerfile.dockerignore`, content: DOCKERIGNORE },
    ];
    const routes = deploy.has("gateway-api") ? routeManifests(deployed, servedServer(server, name)) : [];
    const objects = deploy.has("kubernetes") ? manifests(deployed, routes) : routes;
    const kubernetes = objects.map(({ file, text }) => ({ name: `${folder}/kubernetes/${file}`, content: text }));
    return [...(deploy.has("docker") ? docker : []), ...kubernetes];
  });
}
