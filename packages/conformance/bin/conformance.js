#!/usr/bin/env node
import { existsSync } from "node:fs";

// From a checkout the sources are run as they are; a published package has them compiled.
const source = new URL("../src/main.ts", import.meta.url);
const { main } = await import(existsSync(source) ? source.href : new URL("../dist/main.js", import.meta.url).href);
process.exitCode = await main(process.argv.slice(2));
