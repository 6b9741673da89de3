import { describe, expect, test } from "vitest";
import { moduleRoots } from "./module-roots.ts";

describe("module roots", () => {
  test.each([
    ["no files", undefined, undefined, [".", "proto"]],
    ["a v1 module", "version: v1\nname: buf.build/a/b\n", undefined, [".", "proto"]],
    [
      "a v2 workspace",
      "version: v2\nmodules:\n  - path: app # ours\n    name: x\n  - name: y\n    path: 'vendor/up stream'\n    excludes: [vendor/path]\nlint: {}\n",
      undefined,
      ["app", "vendor/up stream", ".", "proto"],
    ],
    ["flow style", 'version: v2\nmodules: [{path: proto}, {path: "app"}]\n', undefined, ["proto", "app", "."]],
    [
      "a v1 workspace",
      undefined,
      'version: v1\ndirectories:\n  - a # b\n  - "c d"\nother:\n  - e\n',
      ["a", "c d", ".", "proto"],
    ],
    ["a v1 workspace in flow style", undefined, "directories: [a, b/c]\nversion: v1\n", ["a", "b/c", ".", "proto"]],
    ["CRLF", "version: v2\r\nmodules:\r\n  - path: app\r\n", undefined, ["app", ".", "proto"]],
  ])("%s", (_title, bufYaml, bufWorkYaml, expected) => {
    expect(moduleRoots(bufYaml, bufWorkYaml)).toEqual(expected);
  });
});
