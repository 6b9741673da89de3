#!/usr/bin/env node
// Plain JavaScript that old versions of Node can parse, so that this file can report them.
import { existsSync, readFileSync } from "node:fs";
import v8 from "node:v8";
import { shortenStart } from "./start.js";

const here = (path) => new URL(path, import.meta.url);
const argument = process.argv[2];
const [major, minor] = process.versions.node.split(".").map(Number);

if (argument === "--version" || argument === "-v") {
  console.log(`protoc-gen-bff ${JSON.parse(readFileSync(here("../package.json"), "utf8")).version}`);
} else if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `protoc-gen-bff needs Node 22.18 or newer, and this is ${process.version}: run buf through npx or an npm script in a package that depends on "node", or put a newer Node first on the PATH`,
  );
  process.exitCode = 1;
} else {
  // A run is too short for the slowest compiler of V8, which takes a seventh of the CPU of 1,000 rpcs.
  v8.setFlagsFromString("--no-turbofan");
  shortenStart();
  // From a checkout the sources are run as they are; a published package has them compiled.
  const load = (name) => {
    const source = here(`../src/${name}.ts`);
    return import(existsSync(source) ? source.href : here(`../dist/${name}.js`).href);
  };
  try {
    if (argument !== undefined || process.stdin.isTTY) {
      const { answerWords } = await load("command/usage");
      const { exitCode, stdout, stderr } = answerWords(process.argv.slice(2));
      process.stdout.write(stdout);
      process.stderr.write(stderr);
      process.exitCode = exitCode;
    } else {
      const { main } = await load("main");
      await main();
    }
  } catch (error) {
    // Faults of users are part of the response.
    console.error("protoc-gen-bff has met a bug of its own, please report it:", error);
    process.exitCode = 1;
  }
}
