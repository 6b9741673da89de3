import type { ShownRequest } from "../src/explorer/page-data.ts";
import { ms, shortName, time } from "./words.ts";

/** The last requests, newest first. */
export function Requests({
  requests,
  chosen,
  choose,
}: {
  readonly requests: readonly ShownRequest[];
  readonly chosen: number | undefined;
  readonly choose: (id: number) => void;
}) {
  if (requests.length === 0) return <p class="empty">No request yet. Send one from “Try it”, or with any client.</p>;
  return (
    <table class="requests">
      <caption class="hidden">The last requests, newest first</caption>
      <thead>
        <tr>
          <th scope="col">Request</th>
          <th scope="col">Status</th>
          <th scope="col" class="number">
            Took
          </th>
          <th scope="col" class="number">
            Calls
          </th>
          <th scope="col" class="number">
            Degraded
          </th>
        </tr>
      </thead>
      <tbody>
        {requests.map(({ id, rpc, at, ms: took, status, calls, degraded }) => (
          <tr key={id} class={id === chosen ? "chosen" : ""}>
            <th scope="row">
              <button type="button" class="link" aria-pressed={id === chosen} onClick={() => choose(id)}>
                {time(at)} {serviceOf(rpc)}/<wbr />
                {rpc.slice(rpc.indexOf("/") + 1)}
              </button>
            </th>
            <td class={degraded > 0 ? "running" : statusClass(status)}>{status}</td>
            <td class="number">{took === undefined ? "" : ms(took)}</td>
            <td class="number">{calls}</td>
            <td class="number">{degraded === 0 ? "" : degraded}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A narrow column breaks a name behind the service, and within neither. */
const serviceOf = (rpc: string): string => shortName(rpc).replace(/\/.*/, "");

export function statusClass(status: string): string {
  return CLASSES[status] ?? "bad";
}
const CLASSES: Readonly<Record<string, string>> = {
  OK: "good",
  ok: "good",
  WAITING: "quiet",
  RUNNING: "running",
  cancelled: "running",
  CANCELLED: "running",
};
