// The cases of the suite before they are frozen: requests of each rpc, and faults of each upstream that it calls.
import { readFileSync } from "node:fs";
import type { Case, Script } from "../../../../packages/conformance/src/case.ts";
import { absences } from "./plan-absence.ts";
import { callers } from "./plan-callers.ts";
import { calls } from "./plan-calls.ts";
import { expressions } from "./plan-expressions.ts";
import { type Fault, type Plan, USUAL } from "./plan-faults.ts";
import { fields } from "./plan-fields.ts";
import { http } from "./plan-http.ts";
import { policies } from "./plan-policies.ts";
import { sides } from "./plan-sides.ts";
import { steps } from "./plan-steps.ts";

/** A case whose results are not known yet. */
export type Draft = Omit<Case, "calls"> & { readonly loose?: readonly string[] };

/** Returns all drafts by section: the name of the file, and the proto, that has them. */
export function drafts(): ReadonlyMap<string, readonly Draft[]> {
  const sections = new Map<string, Draft[]>();
  const seen = new Map<string, number>();
  for (const plan of [
    ...steps,
    ...absences,
    ...calls,
    ...policies,
    ...fields,
    ...expressions,
    ...http,
    ...callers,
    ...sides,
  ]) {
    const [section = ""] = plan.rpc.split(".");
    const all = sections.get(section) ?? [];
    sections.set(section, all);
    for (const draft of draftsOf(plan)) {
      const number = (seen.get(draft.id) ?? 0) + 1;
      seen.set(draft.id, number);
      all.push({ ...draft, id: `${draft.id}-${number}` });
    }
  }
  return sections;
}

function draftsOf({ requests, heads, edges = [], faults = USUAL, faulty, ...rest }: Plan): readonly Draft[] {
  const [, name = ""] = rest.rpc.split("/");
  const section = rest.rpc.split(".")[1]?.split("/")[0]?.replace("Service", "") ?? "";
  const id = `${section}-${name.replace(/^Get/, "")}`.toLowerCase();
  const all = (requests ?? [rest.request]).flatMap((request) =>
    (heads ?? [rest.headers_sent]).map((headers_sent) => ({
      ...rest,
      id,
      ...(request && { request }),
      ...(headers_sent && { headers_sent }),
    })),
  );
  const broken = all.slice(0, faulty).flatMap((draft) =>
    edges.flatMap((edge) =>
      faults.map((fault: Fault): Draft => {
        const upstreams: Script = { ...draft.upstreams, [edge]: [...(draft.upstreams?.[edge] ?? []), ...fault.rules] };
        const service = edge.split("/")[0]?.replace("Service", "").toLowerCase();
        return { ...draft, id: `${id}-${service}-${fault.name}`, holds: [...draft.holds, ...fault.holds], upstreams };
      }),
    ),
  );
  return [...all, ...broken, ...late(all[0], id)];
}

const WORLD = JSON.parse(
  readFileSync(new URL("../../../../packages/conformance/world.json", import.meta.url), "utf8"),
) as Script;

/** A case per method that must end before another: its answers come late, so that a wrong order shows. */
function late(draft: Omit<Draft, "id"> | undefined, id: string): readonly Draft[] {
  const methods = new Set((draft?.order ?? []).map(([first]) => first.split(" ")[0] ?? ""));
  return [...methods].flatMap((method) => {
    if (draft === undefined) return [];
    const rules = [...(draft.upstreams?.[method] ?? []), ...(WORLD[method] ?? [])];
    const upstreams = { ...draft.upstreams, [method]: rules.map((rule) => ({ ...rule, delay: 25 })) };
    return [{ ...draft, id: `${id}-late`, upstreams }];
  });
}
