// `protobff reference`: a document of `openapi=true` as a page.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { page, type Viewer } from "../reference/page.ts";
import { Refusal } from "../refusal.ts";
import type { Terminal } from "../terminal.ts";

/** `protobff reference gen/web/v1/openapi.json --out public/index.html` */
export function addReference(program: Command, terminal: Terminal): void {
  program
    .command("reference")
    .description("writes an OpenAPI document of `openapi=true` as one HTML file, rendered by swagger-ui-dist")
    .argument("<document>", "path of the document, as in gen/web/v1/openapi.json")
    .option("--out <file>", "path of the page", "reference.html")
    .action((path: string, { out }: { readonly out: string }) => {
      const { title, document } = readDocument(path, terminal.cwd);
      const viewer = loadViewer(terminal.cwd);
      if (viewer === undefined)
        throw new Refusal(
          "swagger-ui-dist renders the page, but is not installed: npm install --save-dev swagger-ui-dist",
        );
      try {
        writeFileSync(resolve(terminal.cwd, out), page(title, document, viewer));
      } catch (error) {
        throw new Refusal(`"${out}" cannot be written: ${reason(error)}`);
      }
      terminal.write(`wrote ${out}\n`);
    });
}

function readDocument(path: string, cwd: string): { readonly title: string; readonly document: unknown } {
  let document: { readonly openapi?: unknown; readonly info?: { readonly title?: unknown } } | null;
  try {
    document = JSON.parse(readFileSync(resolve(cwd, path), "utf8"));
  } catch (error) {
    throw new Refusal(`"${path}" cannot be read: ${reason(error)}`);
  }
  if (typeof document?.openapi !== "string")
    throw new Refusal(`"${path}" is no OpenAPI document: name one that the plugin's option openapi=true has written`);
  return { title: typeof document.info?.title === "string" ? document.info.title : path, document };
}

/**
 * Returns the viewer that the project has installed, or else the one that protobff has installed; undefined: neither
 * has one.
 */
function loadViewer(cwd: string): Viewer | undefined {
  for (const from of [join(resolve(cwd), "package.json"), import.meta.url]) {
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

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));
