import { useEffect, useMemo, useState } from "preact/hooks";
import type { ShownDetail, ShownRequest } from "../src/explorer/page-data.ts";
import { detail } from "./api.ts";
import { GraphView } from "./graph.tsx";
import { outcomesOf } from "./outcome.ts";
import { graphOf } from "./plan.ts";
import { statusClass } from "./requests.tsx";
import { Waterfall } from "./waterfall.tsx";
import { time } from "./words.ts";

/** One request: what came of it, what it did when, and where in the graph. */
export function Detail({
  request,
  plan,
}: {
  readonly request: ShownRequest;
  readonly plan: readonly unknown[] | undefined;
}) {
  const [found, setFound] = useState<ShownDetail>();
  const [wrong, setWrong] = useState("");
  const { id, rpc, ms } = request;
  useEffect(() => {
    let isCurrent = true;
    const show = (detail: ShownDetail | undefined, why: string): void => {
      if (!isCurrent) return;
      setFound(detail);
      setWrong(why);
    };
    detail(id).then(
      (detail) => show(detail, ""),
      (thrown: Error) => show(undefined, thrown.message),
    );
    return () => {
      isCurrent = false;
    };
  }, [id, ms]);
  const graph = useMemo(() => (plan === undefined ? undefined : graphOf(plan, rpc)), [plan, rpc]);
  const outcomes = useMemo(() => (found === undefined ? undefined : outcomesOf(found)), [found]);
  if (found === undefined || found.id !== id) return <p role="status">{wrong}</p>;
  return (
    <article class="detail" aria-label={`Request ${id}`}>
      <h3>
        {rpc} <span class={statusClass(found.status)}>{found.status}</span>
      </h3>
      <p class="quiet">
        at {time(found.at)}
        {found.source !== undefined && `, caller known by ${found.source}`}
      </p>
      {found.failure !== undefined && <p class="bad">{found.failure}</p>}
      {found.degradation.length > 0 && (
        <ul class="degradation" aria-label="Degradations of the answer">
          {found.degradation.map(({ path, effect, reason, upstream }) => (
            <li key={path}>
              <code>{path}</code> {effect}, {reason} {upstream}
            </li>
          ))}
        </ul>
      )}
      <Waterfall detail={found} budgetMs={graph?.rpc.budget_ms} />
      {found.headers.length > 0 && (
        <details>
          <summary>Headers</summary>
          <Headers headers={found.headers} />
        </details>
      )}
      {graph !== undefined && <GraphView graph={graph} outcomes={outcomes} />}
    </article>
  );
}

export function Headers({ headers }: { readonly headers: readonly (readonly [string, string])[] }) {
  return (
    <dl class="headers">
      {headers.map(([name, value], index) => (
        <div key={index}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
