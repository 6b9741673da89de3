// The section of the page about changed protos.
import type { Finding } from "../contract/finding.ts";
import { count } from "../terminal.ts";
import type { ChangeEntry } from "./change.ts";
import { type Html, html } from "./html.ts";
import { table } from "./page-table.ts";

export function changeSection({ protos, services, not_compared: others, bffs }: ChangeEntry): Html {
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
