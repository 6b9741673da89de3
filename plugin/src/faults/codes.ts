// Status codes: their names, and those that an rpc declares by its guards and by `on_error`.
import type { BehaviourReport, CallBehaviour, RpcBehaviour, SourceBehaviour, StepBehaviour } from "./behaviour.ts";

const CODES = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
];

/**
 * Returns the name of a google.rpc.Code, or its number if it has no name.
 *
 * @example
 * codeName(5); // "NOT_FOUND"
 */
export const codeName = (code: number): string => CODES[code] ?? String(code);

/**
 * Returns numbers of google.rpc.Code, without those of failing upstreams and limits. A supplementary step has none.
 *
 * @example
 * const names = [...declaredCodes(behaviour, rpc)].map(codeName);
 */
export function declaredCodes(behaviour: BehaviourReport, rpc: RpcBehaviour): ReadonlySet<number> {
  const codes = new Set<number>();
  const composed = new Set([rpc.composes]);
  const started = behaviour.services[rpc.service]?.steps ?? [];
  const roots = [
    ...(rpc.permit?.steps ?? []),
    ...started.filter(({ name, source }) => source.kind === "guard" || (name && rpc.starts.includes(name))),
  ];
  for (const step of roots) addStep(step, codes, composed);
  // A set yields what is added while it is walked.
  for (const message of composed)
    for (const step of behaviour.messages[message]?.steps ?? []) addStep(step, codes, composed);
  return codes;
}

function addStep({ source, supplementary }: StepBehaviour, codes: Set<number>, composed: Set<string>): void {
  if (supplementary !== true) addSource(source, codes, composed);
}

function addSource(source: SourceBehaviour, codes: Set<number>, composed: Set<string>): void {
  if (source.kind === "guard" && source.code !== null) codes.add(source.code);
  if (source.kind === "call") for (const code of failures(source.call)) codes.add(code);
  if (source.kind === "compose") composed.add(source.message);
  if (source.kind === "each" && source.partial !== true) addSource(source.of, codes, composed);
}

/** A rule without a code passes on the codes that it matches. */
function failures({ on_error: rules }: CallBehaviour): readonly number[] {
  return rules.filter(({ then }) => then === "fail").flatMap(({ on, code }) => (code === undefined ? on : [code]));
}
