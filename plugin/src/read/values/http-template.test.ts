import { expect, test } from "vitest";
import { readHttpTemplate } from "./http-template.ts";

// The table of grpc-gateway's TestTokenize (internal/httprule/parse_test.go), its templates with a second colon first.
test.each([
  ["/v1/a/{endpoint}:b:c", "v1/a/*", "b:c"],
  ["/v1/a=b&c=d;e=f:g/endpoint.rdf", "v1/a=b&c=d;e=f:g/endpoint.rdf", undefined],
  ["/v1/a=b&c=d;e=f:g/endpoint.rdf:LOCK", "v1/a=b&c=d;e=f:g/endpoint.rdf", "LOCK"],
  ["/v1/endpoint/*:LOCK", "v1/endpoint/*", "LOCK"],
  ["/v1/endpoint/**:LOCK", "v1/endpoint/**", "LOCK"],
  ["/v1/b/{bucket_name=buckets/*}/o/{name}:LOCK", "v1/b/buckets/*/o/*", "LOCK"],
  // The same rule for other places of colons.
  ["/v1/a:b:c", "v1/a:b", "c"],
  ["/v1/a::b", "v1/a:", "b"],
  ["/v1/:a/b", "v1/:a/b", undefined],
  ["/v1/{name=a:b/*}:c:d:e", "v1/a:b/*", "c:d:e"],
  ["/v1/{name=a:b}", "v1/a:b", undefined],
  ["/v1/{name}::b", "v1/*", ":b"],
  ["/v1/{name}:b%3Ac", "v1/*", "b:c"],
])("%s has the segments %s and the verb %s", (text, segments, verb) => {
  expect(readHttpTemplate(text)).toMatchObject({ ok: true, template: { segments: segments.split("/"), verb } });
});

test.each(["/v1/a:", "/v1/:a", "/v1/a:b:", "/v1/{a}:", "/v1/*:a:b", "/v1/{a=*:b}", "/v1/{a=b/**:c}", "/v1/%2A%3Ab"])(
  "%s is refused",
  (text) => {
    expect(readHttpTemplate(text).ok).toBe(false);
  },
);
