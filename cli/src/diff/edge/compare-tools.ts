// Compares an rpc as a tool for agents: models choose it by its texts, and clients have approved what it did.
import type { RpcReport } from "protoc-gen-bff/compiler";
import { time } from "../amounts.ts";
import { type Finding, type Level, list, type Phrase, phrase } from "../finding.ts";

type Tool = NonNullable<RpcReport["tool"]>;
type Difference = Omit<Finding, "where">;

const difference = (level: Level, message: Phrase, sides: Pick<Finding, "before" | "after"> = {}): Difference => ({
  kind: "tools",
  level,
  message,
  ...sides,
});

export function compareTools(before: Tool | undefined, after: Tool | undefined): readonly Difference[] {
  if (before === undefined)
    return after === undefined ? [] : [difference("different", phrase`agents can now call it as ${after.name}`)];
  if (after === undefined) return [difference("worse", phrase`agents can no longer call it as ${before.name}`)];
  return [...texts(before, after), ...schemas(before, after), ...hidden(before, after), ...bounds(before, after)];
}

const sides = (before: string | number, after: string | number): Pick<Finding, "before" | "after"> => ({
  before: phrase`${before}`,
  after: phrase`${after}`,
});

function texts(before: Tool, after: Tool): readonly Difference[] {
  return [
    ...(before.name === after.name
      ? []
      : [difference("worse", ["agents call it by another name"], sides(before.name, after.name))]),
    ...(before.description === after.description
      ? []
      : [
          difference(
            "different",
            ["models read another description"],
            sides(...changedLines(before.description, after.description)),
          ),
        ]),
    ...(before.confirm === after.confirm
      ? []
      : [
          difference(after.confirm === true || before.confirm === undefined ? "different" : "worse", [
            after.confirm === true ? "each call now needs confirmation" : "calls no longer need confirmation",
          ]),
        ]),
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

function schemas(before: Tool, after: Tool): readonly Difference[] {
  const nameOf = (argument: string): string => argument.replace(/\*$/, "");
  const [had, has] = [before, after].map((tool) => new Set(tool.arguments.map(nameOf)));
  const lost = before.arguments.map(nameOf).filter((name) => !has?.has(name));
  const added = after.arguments.filter((argument) => !had?.has(nameOf(argument)));
  const needed = after.arguments
    .filter((argument) => argument.endsWith("*") && !before.arguments.includes(argument))
    .map(nameOf);
  const optional = added.map(nameOf).filter((name) => !needed.includes(name));
  const named = lost.length + added.length + needed.length > 0;
  return [
    ...(lost.length === 0 ? [] : [difference("worse", phrase`agents can no longer send ${list(lost)}`)]),
    ...(needed.length === 0 ? [] : [difference("worse", phrase`agents must now send ${list(needed)}`)]),
    ...(optional.length === 0 ? [] : [difference("different", phrase`agents can now send ${list(optional)}`)]),
    ...(named || before.input_schema === after.input_schema
      ? []
      : [difference("different", ["its arguments have another schema"], sizes(before, after))]),
    ...(before.output_schema === after.output_schema
      ? []
      : [difference("different", ["its answers have another schema"], sizes(before, after))]),
  ];
}

const sizes = (before: Tool, after: Tool): Pick<Finding, "before" | "after"> => ({
  before: [`about ${before.tokens} tokens`],
  after: [`about ${after.tokens} tokens`],
});

/** A field that is no longer hidden or set comes from the model. */
function hidden(before: Tool, after: Tool): readonly Difference[] {
  const { hidden: had = [] } = before;
  const { hidden: has = [] } = after;
  const shown = had.map(({ field }) => field).filter((field) => !has.some((other) => other.field === field));
  const newly = has.map(({ field }) => field).filter((field) => !had.some((other) => other.field === field));
  const changed = has.flatMap(({ field, by }) => {
    const old = had.find((other) => other.field === field);
    if (old === undefined || old.by === by) return [];
    const level = by === undefined ? "worse" : "different";
    const values = sides(old.by ?? "unset", by ?? "unset");
    return [difference(level, phrase`the hidden ${field} has another value`, values)];
  });
  return [
    ...(shown.length === 0 ? [] : [difference("worse", phrase`no longer hides ${list(shown)} from agents`)]),
    ...(newly.length === 0 ? [] : [difference("different", phrase`now hides ${list(newly)} from agents`)]),
    ...changed,
  ];
}

function bounds(before: Tool, after: Tool): readonly Difference[] {
  return [
    ...(before.max_bytes === after.max_bytes
      ? []
      : [
          difference(
            after.max_bytes < before.max_bytes ? "worse" : "different",
            ["its answers have another maximum size"],
            { before: [`${before.max_bytes} bytes`], after: [`${after.max_bytes} bytes`] },
          ),
        ]),
    ...(before.wait_ms === after.wait_ms || before.wait_ms === undefined || after.wait_ms === undefined
      ? []
      : [
          difference("different", ["waits for the end of the stream for another time"], {
            before: [time(before.wait_ms)],
            after: [time(after.wait_ms)],
          }),
        ]),
  ];
}
