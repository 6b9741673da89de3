#!/usr/bin/env node
// Plain JavaScript that old versions of Node can parse, so that this file can report them.
import { existsSync } from "node:fs";

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `bff-bundle needs Node 22.18 or newer, and this is ${process.version}: run it through npx or an npm script in a package that depends on "node", or put a newer Node first on the PATH`,
  );
  process.exitCode = 1;
} else {
  // From a checkout the sources are run as they are; a published package has them compiled.
  const source = new URL("../src/command/bff-bundle.ts", import.meta.url);
  const { runBffBundle } = await import(
    existsSync(source) ? source.href : new URL("../dist/command/bff-bundle.js", import.meta.url).href
  );
  process.exitCode = await runBffBundle(process.argv.slice(2), process.env.PATH ?? "", {
    out: (text) => process.stdout.write(text),
    error: (text) => process.stderr.write(text),
  });
}
