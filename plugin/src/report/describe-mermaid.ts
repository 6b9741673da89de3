// The plan as a Mermaid flowchart: a box for each rpc and for each message it composes, an arrow for each wait.

import type { VariableNumber } from "../text/variable-numbers.ts";
import type { FileReport, MessageReport, RpcReport, StepReport } from "./describe-report.ts";
import { followed } from "./rpcs/describe-stream.ts";

export function mermaidOf({ rpcs, services = [], messages: composed }: FileReport): string {
  const ids = new Map<string, string>();
  // A service is one more box of steps.
  const messages = [
    ...services.map(({ service, steps, edges }): MessageReport => ({ message: service, steps, edges, degrades: [] })),
    ...composed,
    ...openingsOf(rpcs),
  ];
  for (const [m, { message, steps }] of messages.entries()) {
    ids.set(message, `m${m}`);
    for (const [s, { step }] of steps.entries()) ids.set(`${message}/${step}`, `m${m}s${s}`);
  }
  const id = (name: string): string => ids.get(name) ?? name;
  /** Returns a step in another box: of the message's opening, or of the surrounding services. */
  const shared = (message: string, step: string): string[] => {
    const opening = ids.get(`${openingName(message)}/${step}`);
    return opening === undefined ? services.flatMap(({ service }) => ids.get(`${service}/${step}`) ?? []) : [opening];
  };
  return [
    "flowchart LR",
    ...rpcs.map((rpc, r) => {
      const opening = ids.get(openingName(rpc.composes));
      const way = rpc.stream === undefined || opening === undefined ? "" : ` ${opening} == each item ==>`;
      return `  r${r}(["${label(rpcLabel(rpc))}"]) ==>${way} ${id(rpc.composes)}`;
    }),
    ...messages.flatMap((message) => messageLines(message, id)),
    ...messages.flatMap(({ message, edges, shared: names = [] }) =>
      edges.flatMap(({ from, to, kind }) =>
        names.includes(from)
          ? shared(message, from).map((shared) => `  ${shared} ${ARROW[kind]} ${id(`${message}/${to}`)}`)
          : [],
      ),
    ),
    ...rpcs.flatMap(({ rpc }, r) =>
      services.flatMap(({ service, steps }) =>
        steps.some((step) => step.started_by.some((name) => rpc === `${service}/${name}`))
          ? [`  r${r} --> ${id(service)}`]
          : [],
      ),
    ),
    ...messages.flatMap(({ message, steps }) =>
      steps.flatMap(({ step, composes }) =>
        composes === undefined || !ids.has(composes) ? [] : [`  ${id(`${message}/${step}`)} --o ${id(composes)}`],
      ),
    ),
    "",
  ].join("\n");
}

const openingName = (message: string): string => `opening of ${message}`;
/** Returns the openings of streams: each is a box before that of its message, whichever rpc uses it. */
function openingsOf(rpcs: readonly RpcReport[]): MessageReport[] {
  const all = new Map(
    rpcs.flatMap(({ composes, stream }) =>
      stream?.opening === undefined ? [] : [[composes, stream.opening] as const],
    ),
  );
  return [...all].map(([composes, { steps, edges }]) => {
    const localSteps = new Set(steps.map(({ step }) => step));
    const shared = edges.flatMap(({ from }) => (localSteps.has(from) ? [] : [from]));
    return { message: openingName(composes), steps, edges, degrades: [], shared };
  });
}

function messageLines({ message, steps, edges, shared = [] }: MessageReport, id: (name: string) => string): string[] {
  const step = (name: string): string => id(`${message}/${name}`);
  // An empty box cannot be drawn.
  const inside = steps.length === 0 ? [`    ${id(message)}none["no steps"]`] : [];
  return [
    `  subgraph ${id(message)}["${label(message)}"]`,
    ...inside,
    ...steps.map((planned) => `    ${step(planned.step)}["${label(stepLabel(planned))}"]`),
    ...edges
      .filter(({ from }) => !shared.includes(from))
      .map(({ from, to, kind }) => `    ${step(from)} ${ARROW[kind]} ${step(to)}`),
    "  end",
  ];
}
const ARROW = { reads: "-->", after: "-. after .->", awaits: "-. awaits .->", clears: "-. clears .->" } as const;

/** `400 ms`, or `env.WAIT, 50 to 2000 ms`. */
const msText = (ms: number, variable: VariableNumber | undefined): string =>
  variable === undefined ? `${ms} ms` : `env.${variable.env}, ${variable.min} to ${variable.max} ms`;

function rpcLabel({ rpc, budget_ms, variables, worst_calls, worst_ms, limits = [], stream, parts }: RpcReport): string {
  const limited = limits.length === 0 ? "" : `\nlimited by ${limits.map(({ name }) => name).join(", ")}`;
  const follows =
    stream === undefined ? "" : `\nfor ${followed(stream)}, at worst ${stream.item_worst_calls ?? "unbounded"} calls`;
  const later = parts === undefined ? "" : `\nall parts within ${parts.budget_ms} ms`;
  return `${rpc}\nwithin ${msText(budget_ms, variables?.budget_ms)}${later}\nat worst ${worst_calls ?? "unbounded"} calls, ${worst_ms} ms${follows}${limited}`;
}

const ON_FAILURE = { absent: "\nmay be missing", fallback: "\nhas a fallback", "response fails": "" } as const;

function stepLabel({ step, kind, call, composes, on_failure, deferred }: StepReport): string {
  const label = call === undefined ? (composes ?? kind) : shortMethod(call.method);
  const each = kind === "each" ? "each: " : "";
  const timeout =
    call?.timeout_ms === undefined || call.timeout_ms === null
      ? ""
      : `, ${msText(call.timeout_ms, call.variables?.timeout_ms)}`;
  const failure = on_failure === undefined ? "" : ON_FAILURE[on_failure];
  const later = deferred ? "\ndeferred" : "";
  return `${step}\n${each}${label}${timeout}${later}${failure}`;
}

const shortMethod = (method: string): string => method.slice(method.lastIndexOf(".") + 1);

/**
 * Returns text between quotes: characters with a meaning in Mermaid are written as entities. Source: its documentation,
 * "Entity codes to escape characters".
 */
function label(text: string): string {
  return text.replace(/[#"<>&`]/g, (c) => `#${c.charCodeAt(0)};`).replaceAll("\n", "<br>");
}
