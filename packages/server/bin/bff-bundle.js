#!/usr/bin/env node
// From a checkout the source is run as it is; a published package has it compiled.
import { existsSync } from "node:fs";

const source = new URL("../src/command/bff-bundle.ts", import.meta.url);
const { runBffBundle } = await import(
  existsSync(source) ? source.href : new URL("../dist/command/bff-bundle.js", import.meta.url).href
);
process.exitCode = await runBffBundle(process.argv.slice(2), process.env.PATH ?? "", {
  out: (text) => process.stdout.write(text),
  error: (text) => process.stderr.write(text),
});
