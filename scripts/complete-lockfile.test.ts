import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type Lockfile, missingEntries } from "./complete-lockfile.ts";

const LOCKS = ["package-lock.json", "site/package-lock.json"];
const lockOf = (path: string): Lockfile => JSON.parse(readFileSync(new URL(`../${path}`, import.meta.url), "utf8"));

test.each(LOCKS)("%s names every optional package, so that npm ci works", (path) => {
  const lock = lockOf(path);
  expect(missingEntries(lock)).toEqual({});
});

test.each(LOCKS)("%s contains no registry", (path) => {
  const lock = lockOf(path);
  const resolved = Object.values(lock.packages).flatMap((entry) => entry.resolved ?? []);
  expect(resolved.filter((place) => place.includes("://"))).toEqual([]);
});

test("an entry has the version and the platform from its name", () => {
  const optionalDependencies = { "@x/cli-linux-armv7": "1.2.3", "@x/cli-linux-x64-musl": "1.2.3", here: "1.0.0" };
  const packages = { "node_modules/x": { dev: true, optionalDependencies }, "node_modules/here": { version: "1.0.0" } };
  expect(missingEntries({ packages })).toEqual({
    "node_modules/@x/cli-linux-armv7": { version: "1.2.3", dev: true, optional: true, os: ["linux"], cpu: ["arm"] },
    "node_modules/@x/cli-linux-x64-musl": {
      version: "1.2.3",
      dev: true,
      optional: true,
      os: ["linux"],
      cpu: ["x64"],
      libc: ["musl"],
    },
  });
});
