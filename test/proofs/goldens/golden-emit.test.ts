// A golden holds the whole output of the plugin for a case, and a person reads it. strict-goldens.processes.test.ts
// type-checks it.
import { hash } from "node:crypto";
import { expect, test } from "vitest";
import { EMITTED, type Emitted, emitted, type Files } from "../../support/emitted.ts";
import { goldenOf } from "../../support/golden.ts";

/** Cases whose archives hold the codecs and every server. Archives of other cases hold checksums of these. */
const CODECS = /^(any|call|codec|copies-optional|enums|nesting|oneof|proto2|scalars|stream|validation|well-known)$/;

/** A server that only calls upstreams: it lacks an environment, an identity, resolvers, functions, limits and caches. */
const PLAIN_SERVER =
  /^ {2}upstreams: \{[^{}]*\},\n {2}env: \(\) => \(\{\}\),\n {2}create: \(\{ clients, env, observer \}\) => \{$/m;

/** What archives hold of emitted files: texts, and a line for each that is only held by its checksum. */
function recorded({ name }: Emitted, files: Files): { readonly texts: Files; readonly checksums: string } {
  const all = Object.entries(files);
  const isRepeated = (file: string, text: string): boolean =>
    file.endsWith("_codec.ts") ||
    (/server(_main)?\.ts$/.test(file) &&
      PLAIN_SERVER.test(files[file.replace(/server\.ts$/, "server_main.ts")] ?? text));
  const isText = ([file, text]: [string, string]): boolean => CODECS.test(name) || !isRepeated(file, text);
  const sums = all
    .filter((file) => !isText(file))
    .map(([file, text]) => `${hash("sha256", text)}  ${file}\n`)
    .sort((a, b) => (a.slice(64) < b.slice(64) ? -1 : 1));
  return { texts: Object.fromEntries(all.filter(isText)), checksums: sums.join("") };
}

test.each(EMITTED)("$name", (golden) => {
  const { texts, checksums } = recorded(golden, emitted(golden).files);
  expect(texts).toEqual(goldenOf(golden.archive, "expected", texts));
  const sums: Files = checksums === "" ? {} : { "": checksums };
  expect(sums).toEqual(goldenOf(golden.archive, "expected.sha256", sums));
});
