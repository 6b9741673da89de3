// The plugin's IO: request in, response out, sources read on demand.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import { type CodeGeneratorResponse, CodeGeneratorResponseSchema } from "@bufbuild/protobuf/wkt";
import { decodeRequest } from "./command/decode-request.ts";
import { projectOf, sourcesIn, tryRead } from "./command/file-sources.ts";
import { compile } from "./compile.ts";
import { renderDocument } from "./diagnostic/document.ts";
import { renderDiagnostics } from "./diagnostic/render.ts";
import { parseParameter } from "./options/parameter.ts";
import { EXAMPLES, readsExamples } from "./report/faults/predictions.ts";

/**
 * Runs the plugin once: a CodeGeneratorRequest on standard input, a CodeGeneratorResponse on standard output. Faults of
 * the protos or the options are in the response's `error`; warnings go to standard error.
 */
export async function main(): Promise<void> {
  const request = decodeRequest(await readAll(process.stdin));
  const sources = sourcesIn(".");
  const { parameter } = parseParameter(request.parameter);
  const { response, warnings, diagnostics, lock } = compile(
    request,
    sources,
    {
      text: tryRead(parameter.lock),
      ci: process.env.CI === "true",
      project: projectOf(parameter.lock, "."),
    },
    readsExamples(parameter) ? tryRead(EXAMPLES) : undefined,
  );
  if (warnings.length > 0) {
    process.stderr.write(`${renderDiagnostics(warnings, sources, parameter.errorFormat)}\n`);
  }
  const unwritten =
    parameter.errorOutput === undefined
      ? undefined
      : tryWrite(
          `error_output=${parameter.errorOutput}`,
          parameter.errorOutput,
          renderDocument(diagnostics, sources, parameter.errorOutput),
        );
  // The lock records the generated code, so it is written last, and only if there is no error.
  const unlocked = lock === undefined || unwritten !== undefined ? undefined : tryWriteLock(parameter.lock, lock);
  await writeAll(process.stdout, toBinary(CodeGeneratorResponseSchema, unwritten ?? unlocked ?? response));
}

function tryWriteLock(path: string, text: string): CodeGeneratorResponse | undefined {
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch {
    // The write below reports the reason.
  }
  return tryWrite(`lock=${path}`, path, text);
}

/** The response for a file that cannot be written, with the cause. `option` is what names it. */
function tryWrite(option: string, path: string, text: string): CodeGeneratorResponse | undefined {
  try {
    writeFileSync(path, text);
    return undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return create(CodeGeneratorResponseSchema, { error: `${option} cannot be written: ${reason}` });
  }
}

async function readAll(stream: NodeJS.ReadStream): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk));
  return Buffer.concat(chunks);
}

function writeAll(stream: NodeJS.WriteStream, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}
