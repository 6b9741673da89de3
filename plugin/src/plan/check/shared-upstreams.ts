// Compares the policies of packages of one server for the upstreams that they share.

import { fault, type Origin, type Report } from "../../diagnostic/diagnostic.ts";
import type { Ir } from "../../ir/ir.ts";
import { entriesAround, entriesOf, governing } from "../../resolve/policies/entries.ts";
import { amountText } from "../../text/amount.ts";
import { DEFAULT_STREAMS, type Leaf, type PlanUpstream } from "../model/calls.ts";
import type { Plan, PlanFile, PlanServer } from "../model/plan.ts";

/**
 * Reports packages that are served together and declare different policies for an upstream. A process has one breaker,
 * one limit, one retry budget, one list of addresses and one protocol for each upstream.
 */
export function checkSharedUpstreams({ servers }: Plan, ir: Ir, report: Report): void {
  for (const server of servers) {
    checkServer(server, ir, report);
    checkShares(server, report);
  }
}

/** Reports packages that are served together and declare different fair shares, because their requests wait together. */
function checkShares({ files }: PlanServer, report: Report): undefined {
  const declared = files.find(({ fairShare }) => fairShare !== undefined);
  for (const other of files) {
    const part = declared && SHARE_PARTS.find((text) => text(declared) !== text(other));
    const [at, otherAt] = [declared, other].map((file) => file && placeOfShare(file));
    if (part === undefined || declared === undefined || at === undefined || otherAt === undefined) continue;
    const [here, there] = [declared, other].map((file) => file.desc.proto.package);
    return fault(report, "BFF269", at, {
      message: `"${here}" and "${there}" are served together with different fair shares: ${part(declared)} here, ${part(other)} there`,
      related: [{ at: otherAt, message: `"${there}"` }],
      hint: "declare `fair_share` in one file, and import that file in both packages",
    });
  }
}
const SHARE_PARTS: readonly ((file: PlanFile) => string)[] = [
  ({ fairShare }) => (fairShare === undefined ? "no fair_share" : `key ${fairShare.share.key.value}`),
  ({ fairShare }) => `weight ${fairShare?.share.weight?.value ?? "1.0"}`,
  ({ fairShare }) => `queue ${fairShare?.queue}`,
];
const placeOfShare = ({ fairShare, services }: PlanFile): Origin | undefined =>
  fairShare?.share.at ?? services[0]?.methods[0]?.method.ir.at;

/** An upstream as one package has it. */
interface Used {
  readonly package: string;
  readonly upstream: PlanUpstream;
  /** Origin of an rpc of the package: the fallback if nothing else has an origin. */
  readonly at: Origin | undefined;
  readonly leaves: Leaves;
}

function checkServer({ files }: PlanServer, ir: Ir, report: Report): void {
  const first = new Map<string, Used>();
  const seen = new Set<string>();
  for (const file of files)
    for (const upstream of file.upstreams) {
      const used = usedBy(file, upstream);
      const key = `${used.package} ${upstream.service.typeName}`;
      if (seen.has(key)) continue; // files of one package say the same
      seen.add(key);
      const before = first.get(upstream.service.typeName);
      if (before === undefined) first.set(upstream.service.typeName, used);
      else reportDifference(used, before, ir, report);
    }
}
function usedBy(file: PlanFile, upstream: PlanUpstream): Used {
  const at = file.services[0]?.methods[0]?.method.ir.at;
  return { package: file.desc.proto.package, upstream, at, leaves: leavesOf(upstream) };
}

function reportDifference(used: Used, before: Used, ir: Ir, report: Report): void {
  const names = [...new Set([...before.leaves.keys(), ...used.leaves.keys()])];
  const [name] = names.filter((leaf) => used.leaves.get(leaf)?.text !== before.leaves.get(leaf)?.text);
  if (name === undefined) return;
  // A declared value comes first; a default has no origin.
  const [here, there] = placeOf(used, name, ir) === undefined ? [before, used] : [used, before];
  const at = placeOf(here, name, ir) ?? here.at;
  const other = placeOf(there, name, ir) ?? there.at;
  if (at === undefined || other === undefined) return;
  const service = used.upstream.service.typeName;
  fault(report, "BFF269", at, {
    message: `"${here.package}" and "${there.package}" are served together and share ${service}, but with different policies: ${leafText(here, name)} here, ${leafText(there, name)} there`,
    related: [{ at: other, message: `"${there.package}"` }],
    hint: "declare the entry in one file, and import that file in both packages",
  });
}

function leafText({ leaves }: Used, name: string): string {
  const leaf = leaves.get(name);
  return leaf === undefined ? `no ${name}` : `${name}${leaf.text === "" ? "" : ` ${leaf.text}`}`;
}

/** Returns the origin of a leaf. A breaker without an origin of that leaf has the origin of its entry. */
function placeOf({ package: name, upstream: { service }, leaves }: Used, leaf: string, ir: Ir): Origin | undefined {
  const at = leaves.get(leaf)?.at;
  if (at !== undefined) return at;
  const { entries } = governing(ir, name);
  const method = service.methods.find((candidate) => leaf === breakerName(candidate.name));
  if (method === undefined && leaf !== "breaker") return undefined;
  const saying = method === undefined ? entriesAround(entries, service) : entriesOf(entries, method);
  const breaker = saying.flatMap((entry) => entry.breaker ?? [])[0];
  return breaker?.off?.at ?? breaker?.at;
}

/** Policy values of an upstream by name, with their origins. */
type Leaves = ReadonlyMap<string, { readonly text: string; readonly at: Origin | undefined }>;

const STREAMS = "limit.streams";
const breakerName = (method: string): string => `separate breaker for ${method}`;

function leavesOf({ name: _, service: __, http: ___, breaker, methods, branches, ...policy }: PlanUpstream): Leaves {
  const found = new Map<string, { readonly text: string; readonly at: Origin | undefined }>();
  const visit = (value: unknown, path: string, unit = "", at?: Origin): void => {
    if (value === undefined) return;
    if (typeof value !== "object" || value === null) {
      found.set(path, { text: String(value), at });
    } else if ("value" in value && "at" in value) {
      const text =
        "env" in value ? amountText(value as Leaf<number>, unit === "" ? "count" : "ms") : `${value.value}${unit}`;
      found.set(path, { text, at: value.at as Origin | undefined });
    } else if ("text" in value && "type" in value) {
      visit(value.text, path); // of an expression what is written
    } else {
      for (const [name, inner] of Object.entries(value))
        visit(inner, path === "" ? words(name) : `${path}.${words(name)}`, name.endsWith("Ms") ? " ms" : "", at);
    }
  };
  found.set("breaker", { text: breaker === undefined ? "off" : "on", at: undefined });
  visit({ breaker, ...policy }, "");
  // A package that follows no stream of it has no plan for streams, but the same default.
  if (!found.has(STREAMS)) found.set(STREAMS, { text: String(DEFAULT_STREAMS), at: undefined });
  for (const method of methods) {
    found.set(breakerName(method.name), { text: method.breaker === undefined ? "that is off" : "", at: undefined });
    visit(method.breaker, breakerName(method.name));
  }
  for (const { name, at, ignore, ...rule } of branches) {
    found.set(`branch ${name}`, { text: "", at });
    visit({ ...rule, ignore: ignore.map((ignored) => ignored.name) }, `branch ${name}`, "", at);
  }
  return found;
}
/** Returns a name as in the options: `retryBudget.maxTokens` is `retry_budget.max_tokens`. */
const words = (name: string): string =>
  name
    .replace(/Ms$/, "")
    .replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    .replace(/^(open|eject)$/, "$1_for");
