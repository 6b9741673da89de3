import { expect, test } from "vitest";
import type { Diagnostic } from "../../diagnostic/diagnostic.ts";
import { checkHeaderName } from "./header-name.ts";

const at = { file: "a.proto", line: 1, column: 1, length: 1 } as never;
function faultsOf(value: string): readonly Diagnostic[] {
  const faults: Diagnostic[] = [];
  checkHeaderName({ value, at } as never, (fault) => faults.push(fault));
  return faults;
}

test.each([
  ["Fetch, forbidden response-header names", "set-cookie set-cookie2"],
  [
    "Fetch, CORS-safelisted response-header names",
    "cache-control content-language content-length content-type expires last-modified pragma",
  ],
  ["Fetch, CORS protocol", "access-control-allow-origin access-control-expose-headers origin timing-allow-origin"],
  ["RFC 9113, 8.2.2", "connection proxy-connection keep-alive transfer-encoding upgrade"],
  [
    "RFC 9110",
    "accept-ranges allow authentication-info content-range date etag location proxy-authenticate retry-after server trailer vary via www-authenticate",
  ],
  ["RFC 9111", "age warning"],
  ["gRPC over HTTP/2", "grpc-status grpc-message grpc-encoding grpc-accept-encoding te content-type"],
  ["Connect's protocol", "connect-protocol-version trailer-x content-encoding"],
  ["W3C Trace Context and Baggage", "traceparent tracestate baggage"],
  [
    "limits, versions and answers of a BFF",
    "ratelimit ratelimit-policy deprecation sunset link bff-degraded bff-resume",
  ],
  ["security headers", "strict-transport-security content-security-policy x-content-type-options x-frame-options"],
])("%s: the names are reserved", (_, names) => {
  for (const name of names.split(" ")) expect(faultsOf(name)[0]?.message, name).toMatch(/is reserved for/);
});

test.each(["", "x cost", "x:cost", ":status", "größe", "x-cost\n"])("%j is no name", (name) => {
  expect(faultsOf(name)[0]?.message).toMatch(/is not the name of a header$/);
});

test.each(["x-cost", "server-timing", "x_cost.total-2", "x-ratelimit-cost", "etag-of-item", "0"])(
  "%j is a name",
  (name) => {
    expect(faultsOf(name)).toEqual([]);
  },
);
