import type { ServerFault } from "@protobff/runtime/internal/environment/server-fault";
import type { AdminAddress } from "../config/config-process.ts";
import { ProcessMetrics } from "../metrics/process.ts";
import { renderPrometheus } from "../metrics/render.ts";
import { type Family, mergeSnapshots } from "../metrics/snapshot.ts";
import { type Admin, openAdmin } from "../process/admin.ts";
import { openPurgePage } from "../process/open-purges.ts";
import type { Crew } from "./crew.ts";
import type { Dealer } from "./dealer.ts";
import type { Member } from "./member.ts";
import type { PurgeRounds } from "./purge-rounds.ts";
import type { Tally } from "./tally.ts";

export interface WorkersAdminOptions {
  readonly crew: Crew;
  readonly dealer: Dealer;
  readonly tally: Tally<Member>;
  readonly fault: ServerFault;
  readonly purges: PurgeRounds<Member>;
  readonly purgeToken: string | undefined;
}

/**
 * The admin port of several processes, with what they have counted together.
 *
 * @throws the error of `listen`, with a `code` such as EADDRINUSE
 */
export async function openWorkersAdmin(
  address: AdminAddress,
  { crew, dealer, tally, fault, purges, purgeToken }: WorkersAdminOptions,
): Promise<Admin> {
  const supervisor = new ProcessMetrics();
  supervisor.close(); // its event loop is nobody's concern
  const page = await openPurgePage(purgeToken, (names) =>
    purges.send(crew.all, (member, round) => member.send({ bff: "purge", round, names })),
  );
  return openAdmin({
    ...address,
    fault,
    pages: page === undefined ? [] : [page],
    state: () => crew.state,
    load: () => crew.load,
    metrics: async (format) => {
      const workers = await tally.together(crew.answering, (member) => member.send({ bff: "snapshot" }));
      const process = supervisor.families().filter(({ name }) => name.startsWith("process_"));
      return renderPrometheus(
        mergeSnapshots([workers, { families: [...process, ...workerFamilies(crew, dealer, tally)] }]),
        format,
      );
    },
  });
}

/** Workers that serve, each with its number and its open connections. */
interface CrewState {
  readonly serving: readonly { readonly place: { readonly number: number }; readonly open: number }[];
  readonly restarts: number;
}

/** Returns the metrics of the workers themselves. */
export function workerFamilies(
  crew: CrewState,
  dealer: Pick<Dealer, "waiting">,
  tally: Pick<Tally<Member>, "missed">,
): readonly Family[] {
  const family = (name: string, type: Family["type"], help: string, samples: Family["samples"]): Family => ({
    name,
    type,
    help,
    merge: "sum",
    samples,
  });
  const single = (value: number): Family["samples"] => [{ labels: [], value }];
  const { serving } = crew;
  const connections = serving.map(({ place, open }) => ({ labels: ["worker", String(place.number)], value: open }));
  return [
    family("bff_workers", "gauge", "Workers that serve.", single(serving.length)),
    family("bff_worker_connections", "gauge", "Connections that each worker has.", connections),
    family(
      "bff_worker_connections_waiting",
      "gauge",
      "Connections that no worker has taken yet.",
      single(dealer.waiting),
    ),
    family("bff_worker_restarts_total", "counter", "Workers started to replace one that died.", single(crew.restarts)),
    family(
      "bff_worker_snapshots_missed_total",
      "counter",
      "Snapshots of metrics that a worker did not deliver in time.",
      single(tally.missed),
    ),
  ];
}
