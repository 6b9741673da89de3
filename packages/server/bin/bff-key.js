#!/usr/bin/env node
import { existsSync } from "node:fs";

// From a checkout the sources are run as they are; a published package has them compiled.
const source = new URL("../src/command/bff-key.ts", import.meta.url);
const { runBffKey } = await import(
  existsSync(source) ? source.href : new URL("../dist/command/bff-key.js", import.meta.url).href
);
process.exitCode = await runBffKey(process.argv.slice(2), process.env, {
  out: (text) => process.stdout.write(text),
  error: (text) => process.stderr.write(text),
});
