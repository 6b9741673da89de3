import { expect, test } from "vitest";
import { difference } from "./difference.ts";
import { addedTo, ROOT_FILES, withExternals } from "./plan-into.ts";

test("a difference has the lines that were removed and added, in their order", () => {
  expect(difference("a\nb\nc\n", "a\nc\nd\n")).toEqual(["- b", "+ d"]);
  expect(difference("a\n", "a\n")).toEqual([]);
  expect(difference("", "a")).toEqual(["- ", "+ a"]);
});

test("package.json keeps its order, indentation and versions; tarballs replace versions", () => {
  const before = `{
\t"name": "web",
\t"dependencies": { "zod": "^4", "@bufbuild/protobuf": "^2.5.0", "@protobff/runtime": "^0.0.1" },
\t"scripts": { "dev": "next dev" }
}
`;
  const after = addedTo(before, {
    scripts: { generate: "protobff check --quiet && buf generate" },
    dependencies: { "@bufbuild/protobuf": "2.17.0", "@protobff/runtime": "file:./runtime.tgz" },
    devDependencies: { zod: "^3", protobff: "^0.1.0" },
  });
  expect(after).toBe(`{
\t"name": "web",
\t"dependencies": {
\t\t"@bufbuild/protobuf": "^2.5.0",
\t\t"@protobff/runtime": "file:./runtime.tgz",
\t\t"zod": "^4"
\t},
\t"scripts": {
\t\t"dev": "next dev",
\t\t"generate": "protobff check --quiet && buf generate"
\t},
\t"devDependencies": {
\t\t"protobff": "^0.1.0"
\t}
}
`);
});

test("pnpm's workspace keeps its comments, and gets the build of buf and the tarballs", () => {
  const tarballs = { protobff: "file:./protobff.tgz" };
  const before = "packages:\n  # all apps\n  - apps/*\nallowBuilds:\n  esbuild: true\n";
  expect(ROOT_FILES.pnpm?.change(before, tarballs)).toBe(
    `packages:\n  # all apps\n  - apps/*\nallowBuilds:\n  esbuild: true\n  "@bufbuild/buf": true\noverrides:\n  protobff: file:./protobff.tgz\n`,
  );
  expect(ROOT_FILES.pnpm?.change(undefined, {})).toBe('allowBuilds:\n  "@bufbuild/buf": true\n');
  expect(ROOT_FILES.yarn?.change('{"a":1}', {})).toBe('{"a":1}');
});

const EXTERNAL = '["@protobff/server", "@protobff/runtime"]';
test.each([
  ["export default { reactStrictMode: true };", `serverExternalPackages: ${EXTERNAL}`],
  ["const c: NextConfig = {};\nexport default c;", `serverExternalPackages: ${EXTERNAL}`],
  ["const c = {} satisfies NextConfig;\nmodule.exports = withMdx(c);", `serverExternalPackages: ${EXTERNAL}`],
  ['export default { serverExternalPackages: ["a"] };', '["a", "@protobff/server", "@protobff/runtime"]'],
  ["const c = {\n\ta: 1,\n};\nexport default c;", `\n\tserverExternalPackages: ${EXTERNAL}`],
  ["const c = {\n  a: 1,\n};\nexport default c;", `\n  serverExternalPackages: ${EXTERNAL}`],
  ["const c = {\n    a: 1,\n};\nexport default c;", `\n    serverExternalPackages: ${EXTERNAL}`],
])("%s gets the packages that Next.js must not bundle", (text, expected) => {
  const changed = withExternals(text);
  expect(changed).toContain(expected);
  expect(withExternals(changed ?? "")).toBe(changed);
});

test.each([
  "export default (phase) => ({});",
  "export default { serverExternalPackages: names };",
  "export default await load();",
  "const a = b;\nconst b = a;\nexport default a;",
  "",
])("%s is left to its author", (text) => {
  expect(withExternals(text)).toBeUndefined();
});
