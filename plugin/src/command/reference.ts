// `protoc-gen-bff reference`: an OpenAPI document as a page for people, in one file that needs no server and no network.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { failed, type Output } from "./output.ts";

const USAGE =
  "reference needs a document, as in protoc-gen-bff reference gen/web/v1/openapi.json --out public/index.html";

export function writeReference(args: readonly string[]): Output {
  const options = readOptions(args);
  if (typeof options === "string") return failed(options);
  const [path, ...more] = options.paths;
  if (path === undefined || more.length > 0) return failed(USAGE);
  let text: string;
  let title: string;
  try {
    text = readFileSync(path, "utf8");
    const document = JSON.parse(text) as { readonly openapi?: unknown; readonly info?: { readonly title?: unknown } };
    if (typeof document.openapi !== "string") return failed(`"${path}" is no OpenAPI document`);
    title = typeof document.info?.title === "string" ? document.info.title : path;
  } catch (error) {
    return failed(`"${path}" cannot be read: ${error instanceof Error ? error.message : error}`);
  }
  const viewer = loadViewer();
  if (viewer === undefined)
    return failed(
      "the page is drawn by swagger-ui-dist, which is not installed: npm install --save-dev swagger-ui-dist",
    );
  try {
    writeFileSync(options.out, page(title, JSON.parse(text), viewer));
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error));
  }
  return { exitCode: 0, stdout: `wrote ${options.out}\n`, stderr: "" };
}

function readOptions(args: readonly string[]): { readonly paths: readonly string[]; readonly out: string } | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { out: { type: "string", default: "reference.html" } },
      allowPositionals: true,
    });
    return { paths: positionals, out: values.out };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

interface Viewer {
  readonly script: string;
  readonly style: string;
}

/** Of the project that asks, else of ours; undefined: it is not installed. */
function loadViewer(): Viewer | undefined {
  for (const from of [join(resolve("."), "package.json"), import.meta.url]) {
    try {
      const require = createRequire(from);
      const read = (name: string): string => readFileSync(require.resolve(`swagger-ui-dist/${name}`), "utf8");
      return { script: read("swagger-ui-bundle.js"), style: read("swagger-ui.css") };
    } catch {
      // not there
    }
  }
  return undefined;
}

/** Nothing in it ends the element that it stands in (HTML, "Restrictions for contents of script elements"). */
const inScript = (text: string): string =>
  text.replace(/<(?=\/script|!--)/gi, "\\x3c").replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n");
const asData = (value: unknown): string =>
  JSON.stringify(value)
    .replaceAll("<", "\\u003c")
    .replace(/[\u2028\u2029]/g, (c) => (c === "\u2028" ? "\\u2028" : "\\u2029"));
const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c] ?? "&quot;");

/** It sends no requests: where the server is, a page on another host does not know. */
function page(title: string, document: unknown, { script, style }: Viewer): string {
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
