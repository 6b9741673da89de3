import { describe, expect, test } from "vitest";
import { namePattern } from "./names.ts";

describe("patterns of certificate names", () => {
  test.each([
    ["spiffe://acme.example/ns/*", "spiffe://acme.example/ns/web", true],
    ["spiffe://acme.example/ns/*", "spiffe://acme.example/ns/web/sa/x", false],
    ["spiffe://acme.example/ns/*", "spiffe://acme.example/ns/", false],
    ["spiffe://acme.example/ns/*", "spiffe://acme.example/ns", false],
    ["spiffe://acme.example/ns/*", "spiffe://acme.example.evil.example/ns/web", false],
    ["spiffe://acme.example/ns/*", "spiffe://acme.example/ns/..", false],
    ["spiffe://acme.example/ns/*", "spiffe://acme.example/ns/*", false],
    ["spiffe://acme.example/ns/*", "spiffe://acme.example/ns/%2e%2e", false],
    ["spiffe://acme.example/ns/*", "spiffe://acme.example/ns/web%2Fadmin", false],
    ["spiffe://acme.example/ns/*", "spiffe://acme.example/ns/web?x", false],
    ["spiffe://acme.example/ns/*", "spiffe://acme.example/ns/web#x", false],
    ["spiffe://*/ns/web", "spiffe://user@evil.example:80/ns/web", false],
    ["spiffe://*/ns/web", "spiffe://acme.example/ns/web", true],
    ["spiffe://acme.example/ns/*", "SPIFFE://acme.example/ns/web", false],
    ["spiffe://acme.example/ns/*", "spiffe://acme.example/NS/web", false],
    ["spiffe://acme.example/ns/*/sa/*", "spiffe://acme.example/ns/a/sa/b", true],
    ["spiffe://acme.example/ns/*/sa/*", "spiffe://acme.example/ns/a/b/sa/c", false],
    ["spiffe://acme.example/web", "spiffe://acme.example/web", true],
    ["spiffe://acme.example/web", "spiffe://acme.example/webx", false],
    ["spiffe://acme.example/web*", "spiffe://acme.example/web2", false],
    ["gateway.internal", "gateway.internal", true],
    ["gateway.internal", "GATEWAY.Internal.", true],
    ["*.internal", "gateway.internal", true],
    ["*.internal", "a.gateway.internal", false],
    ["*.internal", "internal", false],
    ["*.internal", "*.internal", false],
    ["*.internal", "spiffe://x.internal", false],
    ["gateway.internal", "gateway.internal.evil.example", false],
    ["gateway.internal", "gatewayxinternal", false],
  ])("the pattern %s and the name %s: %s", (pattern, name, matches) =>
    expect(namePattern(pattern)(name)).toBe(matches),
  );
});
