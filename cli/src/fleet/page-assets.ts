// Style and script of the page of a fleet: it loads nothing else.

export const STYLE = `
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
export const SCRIPT = `
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
