import { expect, test } from "vitest";
import { partsOf, RestMatcher } from "./matcher.ts";

const matcher = new RestMatcher<string>();
for (const [segments, verb] of [
  ["v1/*", "b:c"],
  ["v1/*", "c"],
  ["v1/*", undefined],
  ["v2/a:b", "c"],
  ["v2/x:y/*", undefined],
  ["v3/**", "b:c"],
] as const)
  matcher.add({ method: "GET", segments: segments.split("/"), verb }, `${segments} ${verb}`);

// As grpc-gateway's ServeMux, which looks for each verb at the end of the path.
test.each([
  ["/v1/x:b:c", "v1/* b:c", "x"],
  ["/v1/x:a:b:c", "v1/* b:c", "x:a"],
  ["/v1/x:b%3Ac", "v1/* b:c", "x"],
  ["/v1/x:d:c", "v1/* c", "x:d"],
  ["/v1/b:c", "v1/* c", "b"],
  ["/v1/:b:c", "v1/* c", ":b"],
  ["/v1/x:c:b", "v1/* undefined", "x:c:b"],
  ["/v1/x%3Ab%3Ac", "v1/* undefined", "x:b:c"],
  ["/v2/a:b:c", "v2/a:b c", "a:b"],
  ["/v2/a%3Ab:c", "v2/a:b c", "a:b"],
  ["/v2/x:y/z:q", "v2/x:y/* undefined", "z:q"],
  ["/v3/x/y:b:c", "v3/** b:c", "y"],
])("%s is for the rule %s, and its last segment is %s", (path, rule, last) => {
  const parts = partsOf(path);
  const match = parts && matcher.match("GET", parts);
  expect([match?.value, match?.decoded.at(-1)]).toEqual([rule, last]);
});

test.each(["/v2/a:b", "/v2/a", "/v3/x:c:d/", "/v4/x:b:c"])("%s is for no rule", (path) => {
  const parts = partsOf(path);
  expect(parts && matcher.match("GET", parts)).toBeUndefined();
});
