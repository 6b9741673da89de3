import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { buildImage, type Image } from "../project/buf.ts";
import { readGenConfig } from "../project/gen-config.ts";
import { OtherPlugins } from "./other-plugins.ts";
import type { OutputFile } from "./outputs.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const config = readGenConfig(root);
const template = config.others ?? "";
let image: Image;
beforeAll(() => {
  image = buildImage({ cwd: root, excludePaths: config.inputs.flatMap(({ excludePaths }) => excludePaths) });
});

const sorted = (files: readonly OutputFile[]) => files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
const onDisk = (files: readonly OutputFile[]) =>
  files.map(({ path }) => ({ path, content: readFileSync(join(root, path), "utf8") }));

test("protoc-gen-es returns the same files as under buf", () => {
  const files = new OtherPlugins(root).run(image, template);
  expect(files.length).toBeGreaterThan(10);
  expect(files).toEqual(onDisk(files));
  const managed = `managed: { enabled: true, disable: [{ path: proto }] }\n${template}`;
  const byBuf = new OtherPlugins(root).run(image, managed);
  expect(sorted(byBuf).map(({ path }) => path)).toEqual(sorted(files).map(({ path }) => path));
});

test("a change regenerates only its dependents, and all files are returned", () => {
  const plugins = new OtherPlugins(root);
  const before = plugins.run(image, template);
  const name = "billing/v1/billing.proto";
  const files = image.files.map((file) =>
    file.name === name ? { ...file, messageType: file.messageType.slice(0, -1), service: [] } : file,
  );
  const changed = plugins.run({ ...image, files }, template);
  expect(changed.length).toBe(before.length);
  const differing = changed.filter(({ content }, i) => before[i]?.content !== content).map(({ path }) => path);
  expect(differing).toEqual(["generated/billing/v1/billing_pb.ts"]);
  expect(plugins.run(image, template)).toEqual(before);
});
