import { useState } from "preact/hooks";
import type { ShownCall, ShownDetail, ShownSpan } from "../src/explorer/page-data.ts";
import { statusClass } from "./requests.tsx";
import { ms, shortName } from "./words.ts";

/**
 * Share of the budget that a request must have used for the budget line to be drawn. Otherwise the bars of a quick
 * request would vanish.
 */
const NEAR = 0.3;

/** Calls of a request, one row each, in the order in which they began. */
export function Waterfall({
  detail,
  budgetMs,
  scaleMs = 0.1,
}: {
  readonly detail: ShownDetail;
  readonly budgetMs: number | undefined;
  /** Shortest time that the scale has. */
  readonly scaleMs?: number;
}) {
  const took = Math.max(detail.ms ?? 0, ...detail.spans.map(({ startMs, endMs }) => endMs ?? startMs), scaleMs);
  const drawn = budgetMs !== undefined && took >= budgetMs * NEAR;
  const scale = drawn ? Math.max(took, budgetMs * 1.02) : took;
  const rows = detail.spans.toSorted((a, b) => a.startMs - b.startMs);
  const left =
    detail.ms === undefined || budgetMs === undefined
      ? ""
      : `, ${percent(detail.ms / budgetMs)} of its budget of ${ms(budgetMs)}`;
  return (
    <>
      <p class="quiet">
        {detail.ms === undefined ? "running" : `took ${ms(detail.ms)}`}
        {left}
        {detail.dropped > 0 && `; ${detail.dropped} more that there was no room for`}
      </p>
      {rows.length === 0 ? (
        <p class="empty">It has called nothing.</p>
      ) : (
        <table class="waterfall">
          <caption class="hidden">Steps of the request in the order of their start</caption>
          <thead>
            <tr>
              <th scope="col">Call</th>
              <th scope="col" class="time">
                <span class="hidden">From 0 to {ms(scale)}: </span>
                <Scale scale={scale} />
              </th>
              <th scope="col">How it went</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((span, index) => (
              <Row key={index} span={span} scale={scale} budgetMs={drawn ? budgetMs : undefined} />
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

const percent = (share: number): string => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;

function Scale({ scale }: { readonly scale: number }) {
  return (
    <span class="scale" aria-hidden="true">
      <span>0</span>
      <span>{ms(scale / 2)}</span>
      <span>{ms(scale)}</span>
    </span>
  );
}

function Row({
  span,
  scale,
  budgetMs,
}: {
  readonly span: ShownSpan;
  readonly scale: number;
  readonly budgetMs: number | undefined;
}) {
  const [open, setOpen] = useState(false);
  const call = span.kind === "call" ? span : undefined;
  const name = `${shortName(span.name)}${span.branch === undefined ? "" : ` (${span.branch})`}`;
  return (
    <>
      <tr>
        <th scope="row">
          {call === undefined ? (
            name
          ) : (
            <button type="button" class="link" aria-expanded={open} onClick={() => setOpen(!open)}>
              {name}
            </button>
          )}
        </th>
        <td class="time">
          <svg class="bars" width="100%" height="16" aria-hidden="true">
            {segmentsOf(span, scale).map(({ from, to, is, low }, index) => (
              <rect
                key={index}
                class={is}
                x={`${(from / scale) * 100}%`}
                width={`${Math.max(0.3, ((to - from) / scale) * 100)}%`}
                y={low ? 9 : 2}
                height={low ? 5 : 12}
              />
            ))}
            {budgetMs !== undefined && (
              <line
                class="budget"
                x1={`${(budgetMs / scale) * 100}%`}
                x2={`${(budgetMs / scale) * 100}%`}
                y1="0"
                y2="16"
              />
            )}
          </svg>
        </td>
        <td class={statusClass(outcomeOf(span))}>{outcomeText(span)}</td>
      </tr>
      {open && call !== undefined && (
        <tr>
          <td colSpan={3}>
            <Call call={call} />
          </td>
        </tr>
      )}
    </>
  );
}

interface Segment {
  readonly from: number;
  readonly to: number;
  /** A class of the style sheet. */
  readonly is: string;
  readonly low?: boolean;
}

/** Waiting, attempts and the pauses between them. */
function segmentsOf(span: ShownSpan, scale: number): readonly Segment[] {
  const { startMs, endMs = scale } = span;
  if (span.kind !== "call") return [{ from: startMs, to: endMs, is: `bar ${span.kind}` }];
  const first = span.attempts.filter(({ hedge }) => !hedge).sort((a, b) => a.number - b.number);
  const segments: Segment[] = [];
  let at = startMs;
  first.forEach(({ startMs: from, endMs: to, outcome }, index) => {
    if (from > at) segments.push({ from: at, to: from, is: index === 0 ? "bar queued" : "bar backoff" });
    segments.push({ from, to, is: `bar attempt ${statusClass(outcome)}` });
    at = to;
  });
  if (first.length === 0) segments.push({ from: startMs, to: endMs, is: "bar queued" });
  for (const { hedge, startMs: from, endMs: to, outcome } of span.attempts)
    if (hedge) segments.push({ from, to, is: `bar hedge ${statusClass(outcome)}`, low: true });
  return segments;
}

function outcomeOf(span: ShownSpan): string {
  if (span.kind !== "cache") return span.outcome;
  return span.outcome === "missed" ? "RUNNING" : "OK";
}

/** Describes the span in words. */
function outcomeText(span: ShownSpan): string {
  const took = span.endMs === undefined ? "" : `${ms(span.endMs - span.startMs)}, `;
  switch (span.kind) {
    case "cache":
      return `cache: ${span.outcome}${span.ageMs === undefined ? "" : `, ${ms(span.ageMs)} old`}`;
    case "joined":
      return `${took}shared the answer of an equal call: ${span.outcome}`;
    case "resolver":
      return `${took}resolver: ${span.outcome}`;
    case "limit":
      return `limit: ${span.outcome}`;
    case "call":
      if (span.outcome === "WAITING") return "WAITING";
      return `${took}${span.outcome}${attemptsText(span)}${span.items === undefined ? "" : `, ${span.items} ${span.items === 1 ? "key" : "keys"}`}`;
  }
}

function attemptsText({ attempts, startMs }: ShownCall): string {
  const hedges = attempts.filter(({ hedge }) => hedge).length;
  const others = attempts.length - hedges;
  const first = attempts[0];
  const queued = first === undefined ? 0 : first.startMs - startMs;
  return [
    queued >= 1 ? `, queued ${ms(queued)}` : "",
    attempts.length === 0 ? ", not sent" : "",
    others > 1 ? `, ${others} attempts` : "",
    hedges > 0 ? `, ${hedges} hedged` : "",
  ].join("");
}

function Call({ call }: { readonly call: ShownCall }) {
  const { attempts, failure, request, response } = call;
  return (
    <div class="call">
      {failure !== undefined && <p class="bad">{failure}</p>}
      {attempts.length > 0 && (
        <ol>
          {attempts.map(({ number, hedge, startMs, endMs, outcome }) => (
            <li key={number}>
              {hedge && "hedge, "}
              from {ms(startMs)} for {ms(endMs - startMs)}: <span class={statusClass(outcome)}>{outcome}</span>
            </li>
          ))}
        </ol>
      )}
      {request !== undefined && <Message title="Request" text={request} />}
      {response !== undefined && <Message title="Response" text={response} />}
    </div>
  );
}

export function Message({ title, text }: { readonly title: string; readonly text: string }) {
  return (
    <figure>
      <figcaption>{title}</figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: keys scroll it */}
      <pre tabIndex={0}>{text}</pre>
    </figure>
  );
}
