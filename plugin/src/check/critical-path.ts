import type { Report } from "../diagnostic/diagnostic.ts";
import { restsOn } from "../resolve/effects.ts";
import { sortByDependency } from "../resolve/graph.ts";
import type { BffMethod, Block, Composed, Model, Step } from "../resolve/model.ts";
import { callsOf, composesOf } from "../resolve/source-parts.ts";

/** The longest chain of steps that wait for each other, by the timeouts that their calls say, each counted once. */
interface Path {
  readonly ms: number;
  /** What takes the time, in order: "session 400ms". */
  readonly parts: readonly string[];
}
const NONE: Path = { ms: 0, parts: [] };

/**
 * The timeouts along the longest chain of calls that wait for each other have to fit into the time of the rpc, less the margin that is kept
 * for composing: otherwise the last of them can never use theirs. Attempts and waits in between are part of a call's timeout.
 */
export function checkCriticalPath(model: Model, report: Report): void {
  const messages = new Map(model.messages.map((message) => [message.desc.typeName, message]));
  /** Of messages that read no step of a service: the same in every rpc, whenever they begin. */
  const known = new Map<Composed, Path>();
  // Of the steps of the service, for one rpc, from the beginning of the response.
  let started: ReadonlyMap<string, Path> = new Map();
  let inRpc = new Map<string, Path>();
  /** From the beginning of the response until the message is there, when composing it begins after `begun`. */
  const endOf = (message: Composed, begun: Path): Path => {
    if (message.shared.length === 0) {
      const path = known.get(message) ?? longest([...endsIn(message, NONE).values()]);
      known.set(message, path);
      return join(begun, path);
    }
    const key = `${message.desc.typeName} ${begun.ms}`;
    const path = inRpc.get(key) ?? longest([begun, ...endsIn(message, begun).values()]);
    inRpc.set(key, path);
    return path;
  };
  const endsIn = (message: Pick<Block, "steps" | "shared">, begun: Path): ReadonlyMap<Step, Path> => {
    // These run since the beginning of the response: a message that begins late finds them ended.
    const byStep = new Map<Step, Path>(
      message.shared.map((step) => [step, started.get(step.name ?? "") ?? NONE] as const),
    );
    // Steps stand after what they read only in the graph, not in the file.
    const open: Step[] = [...message.steps];
    for (let step = open.pop(); step !== undefined; step = open.pop()) {
      if (byStep.has(step)) continue;
      const missing = [...step.reads, ...step.after].filter((other) => !byStep.has(other));
      if (missing.length > 0) {
        open.push(step, ...missing);
        continue;
      }
      const waits = longest([begun, ...[...step.reads, ...step.after].map((other) => byStep.get(other) ?? NONE)]);
      byStep.set(step, endOfStep(step, waits));
    }
    return byStep;
  };
  const endOfStep = (step: Step, begun: Path): Path => {
    const [call] = callsOf(step.source);
    const timeout = call?.policy.timeout?.value;
    if (call !== undefined && timeout !== undefined)
      return join(begun, { ms: timeout, parts: [`${step.name ?? call.method.name} ${timeout}ms`] });
    const composed = composesOf(step.source).flatMap(({ message: desc }) => messages.get(desc.typeName) ?? []);
    return longest([begun, ...composed.map((message) => endOf(message, begun))]);
  };
  // From the inside, so that what a message composes is known.
  for (const message of [...model.messages].reverse()) if (message.shared.length === 0) endOf(message, NONE);
  for (const method of model.files.flatMap((file) => file.services).flatMap((service) => service.methods)) {
    started = new Map();
    inRpc = new Map();
    // What they compose reads others of them, that come before.
    for (const step of sortByDependency(method.shared, (one) => [...one.reads, ...one.after]).order) {
      const own = endsIn(
        { steps: method.shared.filter((other) => other === step || restsOn(step).has(other)), shared: [] },
        NONE,
      );
      started = new Map([...started, [step.name ?? "", own.get(step) ?? NONE]]);
      inRpc = new Map();
    }
    const path = longest([endOf(method.composed, NONE), ...started.values()]);
    const left = method.timeoutMs - marginMs(method.timeoutMs);
    if (path.ms > left && path.parts.length > 1) tell(method, path, left, report);
  }
}

function tell(method: BffMethod, path: Path, left: number, report: Report): void {
  report({
    code: "BFF703",
    severity: "error",
    message: `calls that wait for each other may take ${path.ms}ms (${path.parts.join(" + ")}), and "${method.desc.name}" leaves them ${left}ms`,
    at: method.ir.timeout?.at ?? method.ir.at,
    hint: "give the calls less time, or the rpc more with (bff.v1.method).timeout",
  });
}

/** What is kept for composing (runtime.md, "Deadlines"). */
const marginMs = (budget: number): number => Math.min(Math.max(budget / 10, 5), 200, budget / 2);
const longest = (paths: readonly Path[]): Path => paths.reduce((a, b) => (b.ms > a.ms ? b : a), NONE);
const join = (a: Path, b: Path): Path => ({ ms: a.ms + b.ms, parts: [...a.parts, ...b.parts] });
