import { writeFileSync } from "node:fs";
import { basename, dirname, relative, resolve, sep } from "node:path";
import type { CapturedRequest, CaptureHeader } from "@protobff/server/capture";
import { CaptureError } from "../capture/capture-error.ts";
import { captureText } from "../capture/capture-text.ts";
import { printable } from "./printable.ts";

/**
 * Writes a test of vitest that replays the request, and beside it a capture of this request alone.
 *
 * @param path of the test, which ends in `.ts`
 * @returns the paths of both files
 * @throws CaptureError if a file cannot be written
 */
export function writeTest(
  path: string,
  server: string,
  header: CaptureHeader,
  request: CapturedRequest,
): readonly [test: string, capture: string] {
  if (!path.endsWith(".ts")) throw new CaptureError(`--test ${path}: the path of a test ends in .test.ts`);
  const capture = path.replace(/(\.test)?\.ts$/, ".jsonl");
  const entry = relative(dirname(resolve(path)), resolve(server))
    .split(sep)
    .join("/");
  const text = `// Written by \`protobff replay --test\`.
import { assertIdentical } from "@protobff/replay";
import { test } from "vitest";

test(${literalOf(`${request.method} answers as captured at ${request.at}`)}, () => {
  assertIdentical(new URL(${literalOf(basename(capture))}, import.meta.url), new URL(${literalOf(entry)}, import.meta.url));
}, 30_000);
`;
  try {
    writeFileSync(path, text);
    writeFileSync(capture, captureText(header, [request]), { mode: 0o600 });
  } catch (thrown) {
    throw new CaptureError(`--test ${path} cannot be written: ${thrown instanceof Error ? thrown.message : thrown}`);
  }
  return [path, capture];
}

/** Returns a literal of JavaScript. A text of a capture cannot end it. */
const literalOf = (text: string): string => printable(JSON.stringify(text));
