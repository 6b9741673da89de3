// Compares an rpc as a tool for agents: models choose it by its texts, and clients have approved what it did.
import type { FileReport, RpcReport } from "protoc-gen-bff/compiler";
import { changesOf, code, type Finding, type FoundChange, type Phrase, phrase, time, without } from "../finding.ts";

type Tool = NonNullable<RpcReport["tool"]>;

const tools = changesOf("tools");

export function compareTools(before: Tool | undefined, after: Tool | undefined): readonly FoundChange[] {
  if (before === undefined)
    return after === undefined ? [] : [tools.of("different", phrase`agents can now call it as ${after.name}`)];
  if (after === undefined) return [tools.of("worse", phrase`agents can no longer call it as ${before.name}`)];
  return [...texts(before, after), ...schemas(before, after), ...hidden(before, after), ...bounds(before, after)];
}

const text = (value: string): Phrase => phrase`${value}`;

function texts(before: Tool, after: Tool): readonly FoundChange[] {
  const [old, now] = changedLines(before.description, after.description).map(text);
  const confirms = after.confirm === true;
  const level = confirms || before.confirm === undefined ? "different" : "worse";
  const confirmed = confirms ? "each call now needs confirmation" : "calls no longer need confirmation";
  return [
    ...tools.changed("worse", "agents call it by another name", before.name, after.name, text),
    ...(before.description === after.description
      ? []
      : [tools.of("different", "models read another description", old, now)]),
    ...tools.changed("different", "lists show it in another group", before.group, after.group, code),
    ...tools.when(before.confirm !== after.confirm, level, confirmed),
  ];
}

/** Returns both texts from the first to the last line that differs, each on one line. */
function changedLines(before: string, after: string): [string, string] {
  const [old, now] = [before.split("\n"), after.split("\n")];
  const shortest = Math.min(old.length, now.length);
  let start = 0;
  while (start < shortest && old[start] === now[start]) start++;
  let end = 0;
  while (end < shortest - start && old.at(-1 - end) === now.at(-1 - end)) end++;
  const changed = (lines: readonly string[]): string =>
    `${start > 0 ? "… / " : ""}${lines.slice(start, lines.length - end).join(" / ")}${end > 0 ? " / …" : ""}`;
  return [changed(old), changed(now)];
}

function schemas(before: Tool, after: Tool): readonly FoundChange[] {
  const nameOf = (argument: string): string => argument.replace(/\*$/, "");
  const [had, has] = [before.arguments.map(nameOf), after.arguments.map(nameOf)];
  const lost = without(had, has);
  const added = without(has, had);
  const needed = without(after.arguments, before.arguments)
    .filter((argument) => argument.endsWith("*"))
    .map(nameOf);
  const input = lost.length + added.length + needed.length === 0 && before.input_schema !== after.input_schema;
  const output = before.output_schema !== after.output_schema;
  const sizes = [before, after].map(({ tokens }) => [`about ${tokens} tokens`]);
  return [
    ...tools.names("worse", lost, (names) => phrase`agents can no longer send ${names}`),
    ...tools.names("worse", needed, (names) => phrase`agents must now send ${names}`),
    ...tools.names("different", without(added, needed), (names) => phrase`agents can now send ${names}`),
    ...(input ? [tools.of("different", "its arguments have another schema", ...sizes)] : []),
    ...(output ? [tools.of("different", "its answers have another schema", ...sizes)] : []),
  ];
}

/** A field that is no longer hidden or set comes from the model. */
function hidden(before: Tool, after: Tool): readonly FoundChange[] {
  const { hidden: had = [] } = before;
  const { hidden: has = [] } = after;
  const [from, to] = [had, has].map((all) => all.map(({ field }) => field));
  const changed = has.flatMap(({ field, by }) => {
    const old = had.find((other) => other.field === field);
    if (old === undefined || old.by === by) return [];
    const message = phrase`the hidden ${field} has another value`;
    return [tools.of(by === undefined ? "worse" : "different", message, text(old.by ?? "unset"), text(by ?? "unset"))];
  });
  return [
    ...tools.names("worse", without(from, to), (names) => phrase`no longer hides ${names} from agents`),
    ...tools.names("different", without(to, from), (names) => phrase`now hides ${names} from agents`),
    ...changed,
  ];
}

function bounds(before: Tool, after: Tool): readonly FoundChange[] {
  const { max_bytes: had, wait_ms: waited } = before;
  const { max_bytes: has, wait_ms: waits } = after;
  const bytes = (size: number): Phrase => [`${size} bytes`];
  const waiting = "waits for the end of the stream for another time";
  return [
    ...tools.changed(has < had ? "worse" : "different", "its answers have another maximum size", had, has, bytes),
    ...(waited === undefined || waits === undefined
      ? []
      : tools.changed("different", waiting, waited, waits, (ms) => [time(ms)])),
  ];
}

/** Size of the list from which servers with `BFF_MCP_TOOLS=auto` search, in tokens. */
const SEARCHED = 10_000;

/** Reports the other mode of the list, which `BFF_MCP_TOOLS=auto` chooses by its size. */
export function compareModes(before: readonly FileReport[], after: readonly FileReport[]): readonly Finding[] {
  const sizeOf = (files: readonly FileReport[]) => files.reduce((sum, { tools }) => sum + (tools?.tokens ?? 0), 0);
  const [had, has] = [sizeOf(before), sizeOf(after)];
  if (had >= SEARCHED === has >= SEARCHED) return [];
  const mode = has >= SEARCHED ? "search" : "all";
  const message = phrase`${"auto"} now is ${mode}, because of the size of the list of tools`;
  const size = (tokens: number): Phrase => [`about ${tokens} tokens`];
  return [
    { kind: "tools", level: "different", where: ["BFF_MCP_TOOLS"], message, before: size(had), after: size(has) },
  ];
}
