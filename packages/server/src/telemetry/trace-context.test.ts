import { defaultTextMapGetter, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseTraceparent, parseTracestate } from "./trace-context.ts";

const TRACE = "12345678901234567890123456789012";
const SPAN = "1234567890123456";

describe("traceparent", () => {
  test("a traceparent has a trace, a span and the known flags", () => {
    const found = { traceId: TRACE, spanId: SPAN };
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-01`)).toEqual({ ...found, flags: 1 });
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-02`)).toEqual({ ...found, flags: 2 });
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-fe`)).toEqual({ ...found, flags: 2 });
    expect(parseTraceparent(`\t 00-${TRACE}-${SPAN}-01 \t`)).toEqual({ ...found, flags: 1 });
    expect(parseTraceparent(`cc-${TRACE}-${SPAN}-01-what.comes`)).toEqual({ ...found, flags: 1 });
  });
  test.each([
    "",
    `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01-`,
    `ff-${TRACE}-${SPAN}-01`,
    `cc-${TRACE}-${SPAN}-01.what`,
    `00-${"0".repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${"0".repeat(16)}-01`,
    `00-${TRACE.replace("1", "A")}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01\n`,
  ])("%j is not a traceparent", (header) => {
    expect(parseTraceparent(header)).toBeUndefined();
  });

  const digits = (length: number): fc.Arbitrary<string> =>
    fc.oneof(
      {
        weight: 8,
        arbitrary: fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: length, maxLength: length }),
      },
      fc.constant("0".repeat(length)),
      fc.string({ unit: fc.constantFrom(..."0123456789abcdefABg-."), minLength: length - 1, maxLength: length + 1 }),
    );
  const version = fc.oneof({ weight: 4, arbitrary: fc.constant("00") }, digits(2), fc.constant("ff"));
  const more = fc.oneof({ weight: 6, arbitrary: fc.constant("") }, fc.constantFrom("-", "-x", ".x", " ", ",", "-00-"));
  const header = fc
    .tuple(version, digits(32), digits(16), digits(2), more)
    .map(([first, traceId, spanId, flags, rest]) => `${first}-${traceId}-${spanId}-${flags}${rest}`);
  test("a traceparent is parsed as by OpenTelemetry's propagator", () => {
    const propagator = new W3CTraceContextPropagator();
    fc.assert(
      fc.property(header, (traceparent) => {
        const context = propagator.extract(ROOT_CONTEXT, { traceparent }, defaultTextMapGetter);
        const theirs = trace.getSpanContext(context);
        const ours = parseTraceparent(traceparent);
        expect(ours && { ...ours, flags: ours.flags & 1 }).toEqual(
          theirs && { traceId: theirs.traceId, spanId: theirs.spanId, flags: theirs.traceFlags & 1 },
        );
      }),
      { numRuns: 5_000 },
    );
  });
});

describe("tracestate", () => {
  test("a tracestate is forwarded in order, without spaces and empty members", () => {
    expect(parseTracestate("foo=1 \t , \t bar=2,,  ,baz@v=a b")).toBe("foo=1,bar=2,baz@v=a b");
    expect(parseTracestate("")).toBe("");
    expect(parseTracestate(" , ,")).toBe("");
  });
  test.each([
    "foo =1",
    "FOO=1",
    "foo.bar=1",
    "@foo=1,bar=2",
    "foo=bar=baz",
    "foo=,bar=3",
    "foo",
    "a=1,\u00e4=2",
    "a=\u00e4",
  ])("%j is dropped entirely", (header) => {
    expect(parseTracestate(header)).toBe("");
  });
  test("a tracestate has at most 32 members and 512 characters", () => {
    const members = (count: number): string => Array.from({ length: count }, (_, i) => `k${i}=v`).join(",");
    expect(parseTracestate(members(32))).toBe(members(32));
    expect(parseTracestate(members(33))).toBe("");
    expect(parseTracestate(`${members(3)}${",".repeat(200)}`)).toBe("");
    const long = `long=${"x".repeat(200)}`;
    expect(parseTracestate(`a=1,${long},b=2`)).toBe(`a=1,${long},b=2`);
    expect(parseTracestate(`a=1,${long},${long.replace("long", "more")},${long.replace("long", "most")},b=2`)).toBe(
      "a=1,b=2",
    );
    const short = (i: number): string => `k${i}=${"x".repeat(96)}`;
    expect(parseTracestate([0, 1, 2, 3, 4, 5].map(short).join(","))).toBe([0, 1, 2, 3, 4].map(short).join(","));
  });

  const member = fc
    .tuple(
      fc.string({ unit: fc.constantFrom(..."abz019_-*/@"), minLength: 1, maxLength: 6 }),
      fc.string({ unit: fc.constantFrom(..."aZ09 !~;"), minLength: 1, maxLength: 6 }),
    )
    .map(([key, value]) => `${key}=${value}`);
  test("a valid tracestate is parsed as by OpenTelemetry, which drops single members", () => {
    const propagator = new W3CTraceContextPropagator();
    fc.assert(
      fc.property(fc.array(member, { maxLength: 8 }), (members) => {
        const tracestate = members.join(" ,\t");
        const headers = { traceparent: `00-${TRACE}-${SPAN}-00`, tracestate };
        const theirs = trace.getSpanContext(propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter));
        const ours = parseTracestate(tracestate);
        if (ours === "") return;
        for (const part of ours.split(",")) {
          const key = part.slice(0, part.indexOf("="));
          // If a key occurs twice, their parser keeps the value that it set last.
          const same = members
            .filter((each) => each.startsWith(`${key}=`))
            .map((each) => each.slice(key.length + 1).trim());
          const value = theirs?.traceState?.get(key);
          if (value !== undefined) expect(same).toContain(value.trim());
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
