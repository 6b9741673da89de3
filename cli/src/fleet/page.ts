// A fleet as one static page: no server, no request to other hosts.
import { createHash } from "node:crypto";
import { parentName, shortName } from "protoc-gen-bff/compiler";
import type { Finding } from "../contract/finding.ts";
import { count } from "../terminal.ts";
import type { ChangeEntry } from "./change.ts";
import type { BffEntry, ElementUse, FleetDocument, MethodUse, OutageEntry, UpstreamEntry } from "./document.ts";
import { type Html, html } from "./html.ts";
import { problemText } from "./problem.ts";

/** Returns the page. The same fleet gives the same bytes. */
export function fleetPage(fleet: FleetDocument): string {
  const title = `Fleet of ${count(fleet.bffs.length, "BFF")}`;
  const policy = `default-src 'none'; style-src '${hashOf(STYLE)}'; script-src '${hashOf(SCRIPT)}'; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
${html`<title>${title}</title>`.markup}
<style>${STYLE}</style>
</head>
<body>
${bodyOf(fleet, title).markup}
<script type="module">${SCRIPT}</script>
</body>
</html>
`;
}

const hashOf = (text: string): string => `sha256-${createHash("sha256").update(text).digest("base64")}`;

function bodyOf(fleet: FleetDocument, title: string): Html {
  const { bffs, upstreams, deprecations, other_elements: others, change } = fleet;
  const rpcs = bffs.reduce((total, bff) => total + (bff.rpcs?.length ?? 0), 0);
  const methods = upstreams.reduce((total, upstream) => total + upstream.methods.length, 0);
  return html`<header>
<h1>${title}</h1>
<p>${count(rpcs, "rpc")} of BFFs, ${count(upstreams.length, "upstream service")} with ${count(methods, "called method")}. Outcomes are predictions for the sample request of each rpc, while all calls of one service are UNAVAILABLE and nothing is cached.</p>
<nav aria-label="Sections"><a href="#overview">Overview</a> · ${change && html`<a href="#change">Change</a> · `}<a href="#upstreams">Upstreams</a> · <a href="#deprecations">Deprecations</a> · <a href="#bffs">BFFs</a></nav>
</header>
<form role="search" hidden><label for="filter">Filter by method, field, BFF, rpc, owner or outcome</label><br><input id="filter" type="search" autocomplete="off" spellcheck="false"> <span id="shown" role="status"></span></form>
<main>
${problemSection(fleet)}
${change && changeSection(change)}
<h2 id="overview">Overview</h2>
<p>Rpcs by outcome while the service of the row is down.</p>
${overview(fleet)}
<h2 id="upstreams">Upstreams</h2>
${[...upstreams].sort((a, b) => failures(b) - failures(a)).map((upstream) => upstreamSection(upstream, upstreams.indexOf(upstream)))}
${
  others.length === 0
    ? undefined
    : html`<h2>Elements of no call</h2>
<p>BFFs copy these, or use them in their own messages.</p>
${elementTable(others, "Elements of no call")}`
}
<h2 id="deprecations">Deprecations still in use</h2>
${deprecations.length === 0 ? html`<p>No BFF uses a deprecated element.</p>` : elementTable(deprecations, "Deprecations", bffs)}
<h2 id="bffs">BFFs</h2>
${bffTable(bffs)}
</main>`;
}

const failures = ({ down }: UpstreamEntry): number => down.filter(({ outcome }) => outcome === "fails").length;

function problemSection({ problems, notes }: FleetDocument): Html | undefined {
  if (problems.length + notes.length === 0) return undefined;
  return html`${
    problems.length > 0
      ? html`<h2 class="fails">Missing in this page</h2>
<ul>${problems.map((problem) => html`<li>${problemText(problem)}</li>`)}</ul>`
      : undefined
  }
${
  notes.length > 0
    ? html`<h2>Notes</h2>
<ul>${notes.map((note) => html`<li>${note}</li>`)}</ul>`
    : undefined
}`;
}

// ---- overview ----

function overview({ bffs, upstreams }: FleetDocument): Html {
  const users = bffs.filter(({ id }) => upstreams.some((upstream) => usesOf(upstream, id)));
  if (users.length === 0) return html`<p>No BFF calls an upstream.</p>`;
  const head = users.map(({ id }) => html`<th scope="col" class="turned"><span>${id}</span></th>`);
  const rows = upstreams.map((upstream, i) => {
    const byBff = Map.groupBy(upstream.down, ({ bff }) => bff);
    const cells = users.map(
      ({ id }) => html`<td>${usesOf(upstream, id) ? overviewCell(byBff.get(id)) : undefined}</td>`,
    );
    return html`<tr data-row><th scope="row" class="name"><a href="#upstream-${i}">${upstream.service}</a></th>${cells}</tr>
`;
  });
  return html`<div class="wide" role="region" aria-labelledby="overview" tabindex="0"><table><thead><tr><th scope="col">Service</th>${head}</tr></thead><tbody>
${rows}</tbody></table></div>`;
}

const usesOf = ({ methods }: UpstreamEntry, id: string): boolean =>
  methods.some(({ used_by }) => used_by.some(({ bff }) => bff === id));

function overviewCell(outages: readonly OutageEntry[] | undefined): Html {
  if (outages === undefined) return html`<span class="unknown">no plan</span>`;
  return html`${counts(outages).map(({ outcome, text }, i) => html`${i > 0 ? html`<br>` : undefined}<span class="${outcome}">${text}</span>`)}`;
}

const WORDS = {
  fails: ["fails", "fail"],
  degraded: ["degrades", "degrade"],
  unknown: ["is unknown", "are unknown"],
  complete: ["is complete", "are complete"],
  "not reached": ["is not reached", "are not reached"],
} as const;

function counts(outages: readonly OutageEntry[]) {
  const byOutcome = Map.groupBy(outages, ({ outcome }) => outcome);
  return Object.entries(WORDS).flatMap(([outcome, [singular, plural]]) => {
    const found = byOutcome.get(outcome as OutageEntry["outcome"])?.length ?? 0;
    return found === 0 ? [] : [{ outcome, text: `${found} ${found === 1 ? singular : plural}` }];
  });
}

// ---- one upstream ----

function upstreamSection(upstream: UpstreamEntry, index: number): Html {
  const { service, owners, methods, elements, down, without_plan: blind } = upstream;
  const users = new Set(methods.flatMap(({ used_by }) => used_by.map(({ bff }) => bff)));
  const facts = [
    ...(owners.length > 0 ? [`owner ${owners.join(", ")}`] : []),
    count(users.size, "BFF"),
    ...(down.length > 0
      ? [
          `if it is down: ${counts(down)
            .map(({ text }) => text)
            .join(", ")}`,
        ]
      : []),
    ...(blind.length > 0 ? [`${count(blind.length, "BFF")} without a plan`] : []),
  ];
  return html`<details><summary><h3 class="name">${service}</h3> <span class="quiet">${facts.join(" · ")}</span></summary>
<h4 id="upstream-${index}">Methods</h4>
${table(
  `Methods of ${service}`,
  ["Method", "BFFs", "Rpcs that may call it"],
  methods.map(({ method, used_by }) => [
    html`<span class="name">${shortName(method)}</span>`,
    html`${count(used_by.length, "BFF")}`,
    html`<ul>${used_by.map((use) => html`<li>${methodUse(use)}</li>`)}</ul>`,
  ]),
)}
<h4>Fields and enum values in use</h4>
${elements.length === 0 ? html`<p>The locks record none.</p>` : elementTable(elements, `Fields of ${service}`)}
<h4>If it is down</h4>
${outageTable(upstream)}
</details>
`;
}

function methodUse({ bff, files, rpcs }: MethodUse): Html {
  if (rpcs === null) return html`<b>${bff}</b>: <span class="unknown">no plan</span>, in ${files.join(", ")}`;
  if (rpcs.length === 0)
    return html`<b>${bff}</b>: <span class="unknown">no rpc of its plans</span>, in ${files.join(", ")}`;
  return html`<b>${bff}</b>: <span class="name">${rpcs.map(rpcName).join(", ")}</span>`;
}
/** Returns an rpc without its package. */
const rpcName = (rpc: string): string => `${shortName(parentName(rpc))}/${shortName(rpc)}`;

function outageTable({ service, down, without_plan: blind }: UpstreamEntry): Html {
  const rows = [
    ...down.map((entry) => [
      html`${entry.bff}`,
      html`<span class="name">${rpcName(entry.rpc)}</span>`,
      html`<span class="${entry.outcome === "not reached" ? "quiet" : entry.outcome}">${outcomeText(entry)}</span>`,
    ]),
    ...blind.map((bff) => [html`${bff}`, html``, html`<span class="unknown">not known: no plan</span>`]),
  ];
  return table(`Outcomes without ${service}`, ["BFF", "Rpc", "Outcome"], rows);
}

function outcomeText({ outcome, codes = [], missing = [], why, without_nats }: OutageEntry): string {
  const nats = without_nats === true ? ", unless NATS delivers the topic" : "";
  if (outcome === "fails") return `fails: ${codes.join(" or ")}${nats}`;
  if (outcome === "unknown") return `not known: ${why}${nats}`;
  if (outcome === "not reached") return "the sample request does not call it";
  if (outcome === "complete") return "nothing vanishes";
  return missing
    .map(({ path, effects, perhaps }) => `${path} ${effects.join(" or ").toLowerCase()}${perhaps ? " (perhaps)" : ""}`)
    .join(", ");
}

// ---- elements and BFFs ----

/** @param bffs shows the owners of BFFs, too */
function elementTable(elements: readonly ElementUse[], label: string, bffs?: readonly BffEntry[]): Html {
  const teams = new Map(bffs?.map(({ id, owners }) => [id, owners]));
  const user = (id: string): string => {
    const owners = teams.get(id) ?? [];
    return owners.length === 0 ? id : `${id} (${owners.join(", ")})`;
  };
  return table(
    label,
    ["Element", "Type", "BFFs", "Used by"],
    elements.map(({ element, kind, type, deprecated, used_by }) => [
      html`<span class="name">${element}</span>${deprecated ? html` <span class="degraded">deprecated</span>` : undefined}`,
      html`${type ?? kind}`,
      html`${count(used_by.length, "BFF")}`,
      html`${used_by.map(user).join(", ")}`,
    ]),
  );
}

function bffTable(bffs: readonly BffEntry[]): Html {
  return table(
    "BFFs",
    ["BFF", "Owners", "Rpcs", "Place"],
    bffs.map(({ id, place, lock_version, owners, owners_from, rpcs, plans }) => [
      html`<b>${id}</b>`,
      owners.length === 0
        ? html`<span class="unknown">none${owners_from === null ? "" : `, by ${owners_from}`}</span>`
        : html`${owners.join(", ")} <span class="quiet">${owners_from ?? ""}</span>`,
      rpcs === null ? html`<span class="unknown">no plan</span>` : html`${count(rpcs.length, "rpc")}`,
      html`<span class="name">${place}</span> <span class="quiet">${lock_version === null ? "without a lock, " : ""}${count(plans.length, "plan")}</span>`,
    ]),
  );
}

// The section of the page about changed protos.

function changeSection({ protos, services, not_compared: others, bffs }: ChangeEntry): Html {
  const broken = bffs.filter(({ breaks }) => breaks.length > 0);
  const rows = bffs.flatMap(({ bff, breaks, notes }) => [...breaks, ...notes].map((finding) => rowOf(bff, finding)));
  return html`<h2 id="change">Change: <span class="name">${protos}</span></h2>
<p>${broken.length === 0 ? html`<span class="complete">It breaks no BFF.</span>` : html`<strong class="fails">It breaks ${count(broken.length, "BFF")}.</strong>`} Compared: ${services.join(", ")}.${others.length > 0 ? ` Not compared, because the protos lack their packages: ${others.join(", ")}.` : ""}</p>
${rows.length === 0 ? undefined : table("Findings of the change", ["BFF", "Finding", "Uses", "Instead"], rows)}`;
}

function rowOf(bff: string, { severity, code, message, uses, instead }: Finding): readonly Html[] {
  const isBreak = severity === "break";
  return [
    html`${bff}`,
    html`<span class="${isBreak ? "fails" : "quiet"}">${severity} ${code}</span>: ${message}`,
    html`<ul>${uses.map((use) => html`<li>${use}</li>`)}</ul>`,
    html`${instead}`,
  ];
}

// Style and script of the page of a fleet: it loads nothing else.

const STYLE = `
:root { color-scheme: light dark; --line: #c8ccd2; --soft: #f3f4f6; --quiet: #4b5563; --bad: #a40e26; --part: #7a4a00; --good: #116329; --link: #0550ae }
@media (prefers-color-scheme: dark) { :root { --line: #444c56; --soft: #1d232b; --quiet: #aab3be; --bad: #ff9c94; --part: #f0c060; --good: #7ee08f; --link: #79b8ff } }
* { box-sizing: border-box }
html { background: Canvas; color: CanvasText }
body { font: 15px/1.45 system-ui, sans-serif; margin: 0 auto; padding: 0 1rem 4rem; max-width: 90rem; overflow-wrap: anywhere }
h1 { font-size: 1.6rem } h2 { font-size: 1.25rem; margin-top: 2.2rem } h3 { font-size: 1rem; display: inline } h4 { font-size: .95rem; scroll-margin-top: 7rem }
a { color: var(--link) } code, .name { font-family: ui-monospace, monospace; font-size: .9em }
form { position: sticky; top: 0; padding: .6rem 0; background: Canvas; border-bottom: 1px solid var(--line); z-index: 2 }
input { font: inherit; width: min(30rem, 100%); padding: .35rem .5rem; border: 1px solid var(--quiet); border-radius: 4px; background: Field; color: FieldText }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; vertical-align: top; padding: .3rem .5rem; border-bottom: 1px solid var(--line) }
thead th { background: var(--soft) } td ul { margin: 0; padding: 0; list-style: none }
.quiet { color: var(--quiet) } .fails { color: var(--bad) } .degraded { color: var(--part) } .complete { color: var(--good) } .unknown { color: var(--quiet); font-style: italic }
.wide { overflow-x: auto; max-height: 80vh } .wide table { width: auto } .wide thead th { position: sticky; top: 0; vertical-align: bottom } .wide thead th.turned > span { writing-mode: vertical-rl; max-height: 14rem; white-space: nowrap }
.wide td, .wide th { overflow-wrap: normal } .wide td { white-space: nowrap }
details { border: 1px solid var(--line); border-radius: 4px; margin: .4rem 0; padding: .4rem .6rem } summary { cursor: pointer }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px }
[hidden] { display: none !important }
@media (max-width: 40rem) { table:not(.wide table) thead { position: absolute; clip-path: inset(50%); height: 1px; overflow: hidden; width: 1px } table:not(.wide table) tr, table:not(.wide table) td, table:not(.wide table) tbody th { display: block; border-bottom: 0; padding: .1rem 0 } table:not(.wide table) tr { border-bottom: 1px solid var(--line); padding: .4rem 0 } }
`;

/** Hides rows that lack a word of the filter. A section whose title has all words keeps its rows. */
const SCRIPT = `
const box = document.querySelector("#filter");
const status = document.querySelector("#shown");
const rows = [...document.querySelectorAll("[data-row]")].map((row) => {
  const section = row.closest("details");
  return { row, section, text: row.textContent.toLowerCase(), title: section?.querySelector("summary").textContent.toLowerCase() ?? "" };
});
const sections = [...document.querySelectorAll("details")].map((section) => ({ section, wasOpen: false }));
let isFiltered = false;
box.form.hidden = false;
box.form.addEventListener("submit", (event) => event.preventDefault());
box.addEventListener("input", () => {
  const words = box.value.toLowerCase().split(/\\s+/).filter((word) => word !== "");
  const has = (text) => words.every((word) => text.includes(word));
  const found = new Set();
  let count = 0;
  for (const { row, section, text, title } of rows) {
    const fits = has(text) || (title !== "" && has(title));
    row.hidden = !fits;
    if (!fits) continue;
    count += 1;
    found.add(section);
  }
  for (const state of sections) {
    if (words.length > 0 && !isFiltered) state.wasOpen = state.section.open;
    state.section.hidden = words.length > 0 && !found.has(state.section);
    state.section.open = words.length > 0 ? found.has(state.section) : isFiltered ? state.wasOpen : state.section.open;
  }
  isFiltered = words.length > 0;
  status.textContent = isFiltered ? count + " of " + rows.length + " rows" : "";
});
`;

/** Returns a table whose first cells are headers of their rows; the filter of the page hides rows. */
function table(label: string, head: readonly string[], rows: readonly (readonly Html[])[]): Html {
  const body = rows.map(
    ([first, ...rest]) =>
      html`<tr data-row><th scope="row">${first}</th>${rest.map((cell) => html`<td>${cell}</td>`)}</tr>
`,
  );
  return html`<table aria-label="${label}"><thead><tr>${head.map((text) => html`<th scope="col">${text}</th>`)}</tr></thead><tbody>
${body}</tbody></table>`;
}
