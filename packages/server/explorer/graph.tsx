import { useMemo } from "preact/hooks";
import { BOX, placed } from "./layout.ts";
import { NOT_CALLED, type Outcome } from "./outcome.ts";
import type { Graph, GraphNode } from "./plan.ts";
import { ms, shortName } from "./words.ts";

/** The steps of an rpc, drawn, and as a table. */
export function GraphView({
  graph,
  outcomes,
  part = "",
}: {
  readonly graph: Graph;
  /** End of the label of a graph that is not the only one of its rpc. */
  readonly part?: string;
  /** Outcomes of one request. Undefined: the plan alone is drawn. */
  readonly outcomes?: ReadonlyMap<string, Outcome> | undefined;
}) {
  const { rpc, nodes, edges } = graph;
  const places = useMemo(() => {
    const start = performance.now();
    const found = placed(nodes.length, edges);
    performance.measure("layout", { start }); // for who looks at the browser's own tools, and for a test
    return found;
  }, [graph]);
  const outcomeOf = ({ step: { call } }: GraphNode): Outcome | undefined =>
    call === undefined || outcomes === undefined ? undefined : (outcomes.get(call.method) ?? NOT_CALLED);
  if (nodes.length === 0) return <p class="empty">This rpc has no steps.</p>;
  const [width, height] = [places.width + 8, places.height + 8];
  return (
    <>
      <p class="quiet">
        Budget {ms(rpc.budget_ms)};{" "}
        {rpc.worst_calls === null ? "calls without a bound" : `at most ${rpc.worst_calls} calls`}
        {rpc.critical_path.length > 0 &&
          `; longest way ${rpc.critical_path.map(({ step, ms: stepMs }) => `${step} ${ms(stepMs)}`).join(" → ")}`}
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: keys scroll it */}
      <section class="scroll" aria-label={`Graph of ${shortName(rpc.rpc)}${part}`} tabIndex={0}>
        <svg
          role="img"
          aria-label={`${nodes.length} steps, listed in the table below`}
          width={width}
          height={height}
          viewBox={`-4 -4 ${width} ${height}`}
        >
          {edges.map(({ from, to, kind }) => (
            <path key={`${from} ${to} ${kind}`} class={`edge ${kind}`} d={curve(places.at[from], places.at[to])} />
          ))}
          {nodes.map((node, index) => (
            <Box key={index} node={node} outcome={outcomeOf(node)} {...(places.at[index] ?? { x: 0, y: 0 })} />
          ))}
        </svg>
      </section>
      <details>
        <summary>Steps as a table</summary>
        <Steps graph={graph} outcomeOf={outcomeOf} hasOutcomes={outcomes !== undefined} />
      </details>
    </>
  );
}

interface Point {
  readonly x: number;
  readonly y: number;
}
function curve(from: Point | undefined, to: Point | undefined): string {
  if (from === undefined || to === undefined) return "";
  const [x1, y1] = [from.x + BOX.width, from.y + BOX.height / 2];
  const [x2, y2] = [to.x, to.y + BOX.height / 2];
  const bend = Math.max(20, Math.min(80, Math.abs(x2 - x1) / 2));
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}

function Box({ node, outcome, x, y }: Point & { readonly node: GraphNode; readonly outcome: Outcome | undefined }) {
  const { step } = node;
  return (
    <g class={`box ${failureClass(step.on_failure)} ${outcome?.is ?? ""}`} transform={`translate(${x} ${y})`}>
      <title>{`${step.step}: ${whatIs(node)}`}</title>
      <rect width={BOX.width} height={BOX.height} rx={6} />
      <text x={10} y={18} class="name">
        {cut(step.step, 26)}
      </text>
      <text x={10} y={33}>
        {cut(whatIs(node), 32)}
      </text>
      <text x={10} y={48} class="outcome">
        {cut(outcome?.text ?? failureText(step.on_failure), 32)}
      </text>
    </g>
  );
}

function whatIs({ step }: GraphNode): string {
  if (step.call !== undefined) return `${step.kind === "each" ? "each: " : ""}${shortName(step.call.method)}`;
  if (step.composes !== undefined) return `${step.kind === "each" ? "each " : ""}${shortName(step.composes)}`;
  return step.if !== undefined && step.kind === "guard" ? `guard ${step.if}` : step.kind;
}
function failureText(on: string | undefined): string {
  if (on === undefined) return "";
  return on === "response fails" ? on : `if it fails: ${on}`;
}
const FAILURE_CLASSES: Readonly<Record<string, string>> = {
  "response fails": "critical",
  fallback: "fallback",
  absent: "supplementary",
};
const failureClass = (on = ""): string => FAILURE_CLASSES[on] ?? "sure";

/** Whole characters. */
function cut(text: string, most: number): string {
  const all = [...text];
  return all.length <= most ? text : `${all.slice(0, most - 1).join("")}…`;
}

function Steps({
  graph: { nodes, edges },
  outcomeOf,
  hasOutcomes,
}: {
  readonly graph: Graph;
  readonly outcomeOf: (node: GraphNode) => Outcome | undefined;
  readonly hasOutcomes: boolean;
}) {
  const waits = Map.groupBy(edges, ({ to }) => to);
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">Step</th>
          <th scope="col">Of</th>
          <th scope="col">What</th>
          <th scope="col">Waits for</th>
          <th scope="col">When it fails</th>
          {hasOutcomes && <th scope="col">In this request</th>}
        </tr>
      </thead>
      <tbody>
        {nodes.map((node, index) => {
          const outcome = outcomeOf(node);
          return (
            <tr key={index}>
              <th scope="row">{node.step.step}</th>
              <td>{node.of}</td>
              <td>
                {whatIs(node)}
                {node.step.call !== undefined &&
                  `, ${node.step.call.timeout_ms === null ? "" : `${ms(node.step.call.timeout_ms)}, `}at most ${node.step.call.attempts} attempts`}
                {node.step.side_effects === true && ", has side effects"}
              </td>
              <td>{(waits.get(index) ?? []).map(({ from }) => nodes[from]?.step.step ?? "").join(", ")}</td>
              <td>{node.step.on_failure ?? "cannot fail"}</td>
              {hasOutcomes && <td class={outcome?.is ?? ""}>{outcome?.text ?? ""}</td>}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
