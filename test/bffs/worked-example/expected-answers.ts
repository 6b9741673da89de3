// Answers of the worked example without failures, written by hand from the upstreams' data.
import { factsOf, summaryOf, unreadOf, usageOf, userOf } from "../../../examples/dashboard/data.ts";
import { Status } from "../../../generated/agent/v1/agent_pb.ts";

/** In protobuf's JSON: what has no value is left out. */
export function expectedDashboard(workspaceId: string, userId: string, query = "recent"): object {
  const summary = summaryOf(workspaceId);
  if (summary === undefined) throw new Error(`no workspace ${workspaceId}`);
  const known = new Map<Status, string>([
    [Status.IDLE, "AGENT_STATUS_IDLE"],
    [Status.RUNNING, "AGENT_STATUS_RUNNING"],
  ]);
  return withoutEmpty({
    agent: withoutEmpty({ id: summary.id, status: known.get(summary.status), displayName: summary.displayName }),
    spentCents: String(usageOf(workspaceId)?.spentCents),
    unread: unreadOf(userId)?.count,
    facts: factsOf(`session-${workspaceId}`, query).map((fact) => fact.text),
    runs: summary.runs.map((run) =>
      withoutEmpty({ id: run.id, title: run.title, ownerName: userOf(run.ownerId)?.name }),
    ),
  });
}

function withoutEmpty(fields: Readonly<Record<string, unknown>>): object {
  const empty = (value: unknown) => value === undefined || (Array.isArray(value) && value.length === 0);
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => !empty(value)));
}
