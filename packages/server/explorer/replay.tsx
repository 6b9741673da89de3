import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { ReplayOrder, ShownReplay, ShownRequest } from "../src/explorer/page-data.ts";
import { replay } from "./api.ts";
import { ChangeForm } from "./change-form.tsx";
import { GraphView } from "./graph.tsx";
import { answersUntil, detailAt, differencesOf, indexAt, type Moment, momentsOf } from "./moments.ts";
import { outcomesOf } from "./outcome.ts";
import { graphOf } from "./plan.ts";
import { Requests, statusClass } from "./requests.tsx";
import { Message, Waterfall } from "./waterfall.tsx";
import { ms } from "./words.ts";

/** Captured requests, and the replay of one of them. */
export function ReplayView({
  requests,
  plan,
}: {
  readonly requests: readonly ShownRequest[];
  readonly plan: readonly unknown[] | undefined;
}) {
  const [chosen, choose] = useState(requests.length === 1 ? requests[0]?.id : undefined);
  const request = requests.find(({ id }) => id === chosen);
  return (
    <>
      {requests.length > 1 && (
        <div class="short">
          <Requests requests={requests} chosen={chosen} choose={choose} />
        </div>
      )}
      {request !== undefined && <Replay key={request.id} request={request} plan={plan} />}
    </>
  );
}

/** Runs a replay whenever its order changes. Undefined order: none. */
function useReplay(order: ReplayOrder | undefined) {
  const [done, setDone] = useState<{ readonly order: string; readonly replay?: ShownReplay; readonly wrong: string }>();
  const key = JSON.stringify(order);
  useEffect(() => {
    if (order === undefined) return;
    let isCurrent = true;
    replay(order).then(
      (shown) => isCurrent && setDone({ order: key, replay: shown, wrong: "" }),
      (thrown: Error) => isCurrent && setDone({ order: key, wrong: thrown.message }),
    );
    return () => {
      isCurrent = false;
    };
  }, [key]);
  return done?.order === key ? done : undefined;
}

/** One of the two replays. */
interface Part {
  readonly title: string;
  readonly replay: ShownReplay;
  readonly changes: readonly string[];
  readonly of: 0 | 1;
}

function Replay({ request, plan }: { readonly request: ShownRequest; readonly plan: readonly unknown[] | undefined }) {
  const { id, rpc } = request;
  const [change, setChange] = useState<string>();
  const first = useReplay({ id, changes: [] });
  const second = useReplay(change === undefined ? undefined : { id, changes: [change] });
  const [captured, changed] = [first?.replay, second?.replay];
  const moments = useMemo(() => (captured === undefined ? [] : momentsOf(captured, changed)), [captured, changed]);
  const [count, setCount] = useState(0);
  const at = Math.min(count, moments.length);
  if (captured === undefined) return <p role="status">{first?.wrong ?? "running"}</p>;
  const parts: Part[] = [{ title: "As captured", replay: captured, changes: [], of: 0 }];
  if (changed !== undefined && change !== undefined)
    parts.push({ title: "With the change", replay: changed, changes: [change], of: 1 });
  // The ends are beside each other first.
  const runWith = (to: string | undefined): void => {
    setChange(to);
    setCount(Number.POSITIVE_INFINITY);
  };
  return (
    <article class="detail" aria-label={`Replay of request ${id}`}>
      <h3>{rpc}</h3>
      {captured.difference !== undefined && (
        <p class="bad">The replay without changes differs from the capture: {captured.difference}</p>
      )}
      <ChangeForm calls={captured.calls} change={change} wrong={second?.wrong ?? ""} onChange={runWith} />
      {changed !== undefined && <Differences captured={captured} changed={changed} />}
      <Stepper moments={moments} count={at} onCount={setCount} />
      <div class={parts.length > 1 ? "beside" : ""}>
        {parts.map(({ title, replay: shown, changes, of }) => (
          <State
            key={of}
            {...{ title, request, plan }}
            replay={shown}
            changes={changes}
            index={indexAt(moments, at, of)}
            scaleMs={Math.max(captured.tookMs, changed?.tookMs ?? 0)}
          />
        ))}
      </div>
    </article>
  );
}

/** Buttons, keys and a list that move along the events. */
function Stepper({
  moments,
  count,
  onCount,
}: {
  readonly moments: readonly Moment[];
  readonly count: number;
  readonly onCount: (count: number) => void;
}) {
  const last = moments.length;
  const go = (to: number): void => onCount(Math.max(0, Math.min(last, to)));
  const keys: Readonly<Record<string, number>> = { ArrowLeft: count - 1, ArrowRight: count + 1, Home: 0, End: last };
  useKeys(keys, go);
  const list = useRef<HTMLOListElement>(null);
  useEffect(() => {
    const { current: all } = list;
    const item = all?.querySelector<HTMLElement>("[aria-current]");
    // The page itself does not scroll.
    if (all && item) all.scrollTop = item.offsetTop - all.offsetTop - all.clientHeight / 2;
  }, [count]);
  const names: readonly (readonly [string, number])[] = [
    ["First", 0],
    ["Back", count - 1],
    ["Forward", count + 1],
    ["Last", last],
  ];
  return (
    <>
      <p class="steps">
        {names.map(([name, to]) => (
          <button key={name} type="button" disabled={to < 0 || to > last || to === count} onClick={() => go(to)}>
            {name}
          </button>
        ))}
        <span role="status">
          {count} of {last} events{count === 0 ? "" : `, after ${ms(moments[count - 1]?.ms ?? 0)}`}
        </span>
      </p>
      <ol class="events" ref={list} aria-label="Events">
        {moments.map(({ ms: after, of, text }, i) => (
          <li key={i} class={i < count ? "" : "quiet"}>
            <button
              type="button"
              class="link"
              aria-current={i === count - 1 ? "step" : undefined}
              onClick={() => go(i + 1)}
            >
              {ms(after)} {of === 1 && "changed: "}
              {text}
            </button>
          </li>
        ))}
      </ol>
    </>
  );
}

/** Moves by keys, except while a form is filled in or a part of the page scrolls. */
function useKeys(keys: Readonly<Record<string, number>>, go: (to: number) => void): void {
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      const to = keys[event.key];
      const isTyping = event.target instanceof Element && event.target.closest("input, select, textarea, pre, .scroll");
      if (to === undefined || isTyping || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
      event.preventDefault();
      go(to);
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  });
}

/** A replay after one of its events. */
function State({
  title,
  request,
  plan,
  replay: shown,
  changes,
  index,
  scaleMs,
}: {
  readonly title: string;
  readonly request: ShownRequest;
  readonly plan: readonly unknown[] | undefined;
  readonly replay: ShownReplay;
  readonly changes: readonly string[];
  readonly index: number;
  readonly scaleMs: number;
}) {
  const isOver = index === shown.events.length - 1;
  const answers = answersUntil(shown, index);
  const silent = useReplay(isOver ? undefined : { id: request.id, changes, answers });
  const detail = useMemo(() => detailAt(request, shown, index), [request, shown, index]);
  const graph = useMemo(() => (plan === undefined ? undefined : graphOf(plan, request.rpc)), [plan, request.rpc]);
  const end = isOver ? shown : silent?.replay;
  return (
    <section aria-label={title}>
      <h3>
        {title} <span class={statusClass(detail.status)}>{detail.status}</span>
      </h3>
      <Waterfall detail={detail} budgetMs={graph?.rpc.budget_ms} scaleMs={scaleMs} />
      {end !== undefined && (
        <>
          <p class="quiet">
            {isOver ? "Answered" : "If no upstream answered any more, it would be answered"} after {ms(end.tookMs)}:{" "}
            <span class={statusClass(end.status)}>{end.status}</span>
            {end.degraded !== "" && `, degraded: ${end.degraded}`}
          </p>
          <Message title={isOver ? "Answer" : "Partial answer"} text={end.answer} />
        </>
      )}
      {graph !== undefined && <GraphView graph={graph} outcomes={outcomesOf(detail)} part={`: ${title}`} />}
    </section>
  );
}

function Differences({ captured, changed }: { readonly captured: ShownReplay; readonly changed: ShownReplay }) {
  const all = differencesOf(captured, changed);
  if (all.length === 0) return <p role="status">The change makes no difference.</p>;
  return (
    <table class="differences">
      <caption>Differences</caption>
      <thead>
        <tr>
          <th scope="col">What</th>
          <th scope="col">As captured</th>
          <th scope="col">With the change</th>
        </tr>
      </thead>
      <tbody>
        {all.map(({ what, captured: was, changed: is }) => (
          <tr key={what}>
            <th scope="row">{what}</th>
            <td>{was}</td>
            <td>{is}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
