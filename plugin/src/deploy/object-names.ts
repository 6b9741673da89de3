// Names of the image and of the Kubernetes objects of each server.
import { createHash } from "node:crypto";
import type { PlanServer } from "../plan/model/plan.ts";

/** Longest name, in characters. A Service's name has at most 63, and names derived from it are longer. */
const LONGEST = 50;

/**
 * Returns names such as `web-v1` for `web.v1`. A digest of the name is added if several would be equal, or if the name
 * is cut.
 */
export function objectNames(servers: readonly PlanServer[]): ReadonlyMap<PlanServer, string> {
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
