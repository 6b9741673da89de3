// Another version of the plugin writes the digests of the goldens: an upgrade empties no cache.
import { expect, test, vi } from "vitest";
import { compileCase, goldenCases, requestOf, textsIn, UPSTREAMS } from "../../support/golden.ts";

vi.mock("../../../plugin/src/package/version.ts", () => ({ VERSION: "99.0.0" }));

const digestsIn = (texts: readonly string[]): readonly string[] =>
  texts.flatMap((text) => text.match(/\bplan: "[\w-]{16}"/g) ?? []).sort();
const cases = goldenCases("emit").map((golden) => ({
  golden,
  name: golden.name,
  digests: digestsIn(Object.values(textsIn(golden, "expected"))),
}));

test.each(cases.filter(({ digests }) => digests.length > 0))("version 99 writes digests of $name", (found) => {
  const { golden, digests } = found;
  const { response } = compileCase(requestOf(golden), { ...UPSTREAMS, ...golden.protos });
  const written = response.file.map(({ content }) => content);
  expect(written.join("\n")).toContain("protoc-gen-bff 99.0.0");
  expect(digestsIn(written)).toEqual(digests);
});
