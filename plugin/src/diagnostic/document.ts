import type { Diagnostic, Origin } from "./diagnostic.ts";
import { inOrder } from "./order.ts";
import type { Sources } from "./sources.ts";

/**
 * All diagnostics as one document for tools: SARIF 2.1.0 when `path` ends in ".sarif", else JSON.
 *
 * @example
 * writeFileSync("bff.sarif", renderDocument(diagnostics, sources, "bff.sarif"));
 */
export function renderDocument(diagnostics: Iterable<Diagnostic>, sources: Sources, path: string): string {
  const ordered = inOrder(diagnostics);
  const document = path.toLowerCase().endsWith(".sarif") ? sarif(ordered, sources) : json(ordered, sources);
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/** Lines and columns count from 1, columns are UTF-16 code units, ends are exclusive. */
function json(diagnostics: readonly Diagnostic[], sources: Sources): object {
  const place = (at: Origin) => ({ ...at, file: sources.path?.(at.file) ?? at.file });
  return {
    version: 1,
    diagnostics: diagnostics.map(({ code, severity, message, at, related = [], hint }) => ({
      code,
      severity,
      message,
      at: place(at),
      related: related.map((other) => ({ at: place(other.at), message: other.message })),
      ...(hint === undefined ? {} : { hint }),
    })),
  };
}

/**
 * Returns a SARIF log. Source: OASIS SARIF 2.1.0; §3.30 for regions, whose columns are UTF-16 code units according to
 * `columnKind`.
 */
function sarif(diagnostics: readonly Diagnostic[], sources: Sources): object {
  const location = (at: Origin) => ({
    artifactLocation: { uri: relativeUri(sources.path?.(at.file) ?? at.file) },
    region: { startLine: at.line, startColumn: at.column, endLine: at.endLine, endColumn: at.endColumn },
  });
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "protoc-gen-bff",
            rules: [...new Set(diagnostics.map(({ code }) => code))].map((id) => ({ id })),
          },
        },
        columnKind: "utf16CodeUnits",
        results: diagnostics.map(({ code, severity, message, at, related = [], hint }) => ({
          ruleId: code,
          level: severity,
          message: { text: hint === undefined ? message : `${message}\nhint: ${hint}` },
          locations: [{ physicalLocation: location(at) }],
          ...(related.length === 0
            ? {}
            : {
                relatedLocations: related.map((other, id) => ({
                  id,
                  message: { text: other.message },
                  physicalLocation: location(other.at),
                })),
              }),
        })),
      },
    ],
  };
}

/** A path from the workspace as a URI reference (RFC 3986): a `#` or `?` in it is a character like others. */
function relativeUri(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
