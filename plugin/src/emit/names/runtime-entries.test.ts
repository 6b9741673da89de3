import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { celObject, runtimeEntry } from "./runtime-entries.ts";

const runtime = new URL("../../../../runtime/", import.meta.url);
const { exports } = JSON.parse(readFileSync(new URL("package.json", runtime), "utf8"));
const exported = (entry: string): string[] => {
  const text = readFileSync(new URL(exports[entry], runtime), "utf8");
  return [...text.matchAll(/[{,]\s*(?:type )?(\w+)(?=[\s,}])|\* as (\w+)|export class (\w+)/g)].flatMap(
    ([, listed, namespace, declared]) => listed ?? namespace ?? declared ?? [],
  );
};

test.each(Object.keys(exports).filter((entry) => !/internal|validate|verify|routes|http-json|connect/.test(entry)))(
  "the names of %s lead back to it",
  (entry) => {
    const names = exported(entry);
    expect(names.length).toBeGreaterThan(0);
    if (entry === ".") for (const name of names) expect(runtimeEntry(name), name).toBe("@protobff/runtime");
    else expect(names.map(runtimeEntry)).toContain(`@protobff/runtime/${entry.slice(2)}`);
  },
);

test("each name with a row is exported by its entry", () => {
  const names = [
    ...["cel", "customFunctions", "FairShare", "IdentitySpec", "jwt", "Limits", "RateLimit", "Sealer", "patterns"],
    ...[
      "StreamEndpoint",
      "callSource",
      "partsEndpoint",
      "streamEndpoint",
      "Topic",
      "Topics",
      "topicSource",
      "UsageEvents",
    ],
  ];
  for (const name of names)
    expect(exported(runtimeEntry(name).replace("@protobff/runtime", ".")), name).toContain(name);
});

test("functions with regular expressions are apart", () => {
  expect(celObject("matches")).toBe("patterns");
  expect(celObject("at")).toBe("cel");
});
