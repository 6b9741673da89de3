// APIs of others, mirrored, with all outputs of the plugin: many of their messages hold each other.
import { expect, test } from "vitest";
import { compileMirror } from "./build-mirror.ts";
import { FAMILIES, MORE_FAMILIES } from "./packages.ts";

const ALL =
  "import_extension=ts,server=true,mock=true,faults=vitest,explorer=true,plan=json+text+faults+mermaid+weight,openapi=true,dashboards=grafana+prometheus,deploy=kubernetes+docker+gateway-api";

test.each([...FAMILIES, ...MORE_FAMILIES])(
  "$name has all outputs",
  (family) => {
    // Tools of these APIs have their own test.
    const { response } = compileMirror(family, undefined, ALL);
    expect(response.file.length).toBeGreaterThan(10);
  },
  120_000,
);
