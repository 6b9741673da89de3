import { type Call, governing, leavesFor, type Origin, type Sourced } from "protoc-gen-bff/internal/language";
import type { Program } from "../program/program.ts";

/** Settings of an upstream that are no part of a call's policy. */
const OF_UPSTREAM = /^(balance|breaker|protocol|retry_budget)\b/;

/**
 * Returns the declared leaves of a call's merged policy, each with the place of its value.
 *
 * @param caller the package of the call
 */
export function policyLines({ policy, method }: Call, caller: string, { analysis }: Program): readonly string[] {
  const ofUpstream = leavesFor(governing(analysis.ir, caller).entries, method).filter(({ name }) =>
    OF_UPSTREAM.test(name),
  );
  return [
    ...[...leavesOf(policy, [])].map(({ path, value, at }) => line(path.join("."), value, at)),
    ...ofUpstream.map(({ name, value, unit, at }) => line(name, `${String(value)}${unit ? ` ${unit}` : ""}`, at)),
  ];
}
const line = (name: string, value: string, at: Origin): string =>
  `\`${name}\` ${value}, from ${at.file}:${at.line}:${at.column}`;

interface Leaf {
  readonly path: readonly string[];
  readonly value: string;
  readonly at: Origin;
}

const TIMES: ReadonlySet<string> = new Set(["timeout", "initial", "max", "delay", "ttl", "stale"]);

function* leavesOf(value: unknown, path: readonly string[]): Generator<Leaf> {
  if (typeof value !== "object" || value === null || path.length > 3) return;
  if (isSourced(value)) {
    const unit =
      typeof value.value === "number" && TIMES.has(path.at(-1) ?? "") && path[0] !== "hedge.max" ? " ms" : "";
    yield { path, value: `${String(value.value)}${unit}`, at: value.at };
    return;
  }
  if ("text" in value && typeof value.text === "object" && value.text !== null && isSourced(value.text)) {
    yield { path, value: `\`${String(value.text.value)}\``, at: value.text.at };
    return;
  }
  if (Array.isArray(value)) {
    const [first] = value;
    if (isSourced(first)) yield { path, value: value.map((item) => String(item.value)).join(", "), at: first.at };
    return;
  }
  for (const [key, inner] of Object.entries(value)) yield* leavesOf(inner, [...path, key]);
}

function isSourced(value: unknown): value is Sourced<unknown> {
  return typeof value === "object" && value !== null && "at" in value && "value" in value;
}
