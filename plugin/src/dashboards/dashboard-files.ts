// `dashboards=grafana+prometheus`: dashboards and alerts of each server, as files beside it, even if the server is not
// written. It walks the plan.
import type { Parameter } from "../options/parameter.ts";
import type { Plan } from "../plan/model/plan.ts";
import { dashboardOf } from "./grafana.ts";
import { jsonText } from "./json-text.ts";
import { rulesOf } from "./rules.ts";
import { watchedOf } from "./watched-server.ts";

/** `web/v1/dashboard.json` and `web/v1/alerts.yaml` beside `web/v1/server.ts`. */
export function dashboardFiles(
  plan: Plan,
  { dashboards: selection, uses }: Pick<Parameter, "dashboards" | "uses">,
): readonly { readonly name: string; readonly content: string }[] {
  return plan.servers.flatMap((server) => {
    const watched = watchedOf(server, plan);
    const named = (suffix: string): string => server.path.replace(/server$/, suffix);
    const dashboard = () => ({
      name: `${named("dashboard")}.json`,
      content: `${jsonText(dashboardOf(watched))}\n`,
    });
    const alerts = () => ({ name: `${named("alerts")}.yaml`, content: rulesOf(watched, uses) });
    return [...(selection.has("grafana") ? [dashboard()] : []), ...(selection.has("prometheus") ? [alerts()] : [])];
  });
}
