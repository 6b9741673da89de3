import { type Html, html } from "./html.ts";

/** Returns a table whose first cells are headers of their rows; the filter of the page hides rows. */
export function table(label: string, head: readonly string[], rows: readonly (readonly Html[])[]): Html {
  const body = rows.map(
    ([first, ...rest]) =>
      html`<tr data-row><th scope="row">${first}</th>${rest.map((cell) => html`<td>${cell}</td>`)}</tr>
`,
  );
  return html`<table aria-label="${label}"><thead><tr>${head.map((text) => html`<th scope="col">${text}</th>`)}</tr></thead><tbody>
${body}</tbody></table>`;
}
