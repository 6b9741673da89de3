#!/usr/bin/env node
// Plain JavaScript that old versions of Node can parse, so that this file can report them.
import { existsSync } from "node:fs";

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `protobff needs Node 22.18 or newer, and this is ${process.version}: run it through npx or an npm script in a package that depends on "node", or put a newer Node first on the PATH`,
  );
  process.exitCode = 1;
} else {
  const { shortenStart } = await import("protoc-gen-bff/internal/start");
  shortenStart();
  // From a checkout the sources are run as they are; a published package has them compiled.
  const source = new URL("../src/main.ts", import.meta.url);
  const { main } = await import(existsSync(source) ? source.href : new URL("../dist/main.js", import.meta.url).href);
  // A reader such as head may leave.
  process.stdout.on("error", ({ code }) => process.exit(code === "EPIPE" ? 0 : 1));
  process.exitCode = await main(process.argv.slice(2));
}
