// An OpenAPI document as a page for people, in one file that needs no server and no network.

/** Code that draws the page: swagger-ui-dist. */
export interface Viewer {
  readonly script: string;
  readonly style: string;
}

/** Escapes text that would end its script element (HTML, "Restrictions for contents of script elements"). */
const inScript = (text: string): string =>
  text.replace(/<(?=\/script|!--)/gi, "\\x3c").replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n");
const asData = (value: unknown): string =>
  JSON.stringify(value)
    .replaceAll("<", "\\u003c")
    .replace(/[\u2028\u2029]/g, (c) => (c === "\u2028" ? "\\u2028" : "\\u2029"));
const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c] ?? "&quot;");

/** It sends no requests: where the server is, a page on another host does not know. */
export function page(title: string, document: unknown, { script, style }: Viewer): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; font-src data:">
<title>${escaped(title)}</title>
<style>${style.replace(/<\/style/gi, "<\\/style").replace(/\n\/\*# sourceMappingURL=.*\s*$/, "\n")}</style>
</head>
<body>
<div id="reference"></div>
<script>${inScript(script)}</script>
<script>
SwaggerUIBundle({
  spec: ${asData(document)},
  dom_id: "#reference",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  supportedSubmitMethods: [],
  validatorUrl: null,
});
</script>
</body>
</html>
`;
}
