import { fromJson } from "@bufbuild/protobuf";
import { TimestampSchema, timestampMs } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { listen } from "../listen.ts";
import { kindEndpoint, PATH } from "../testing/test-kinds.ts";
import { leftUntil } from "./request-deadline.ts";

const NOW = Date.parse("2026-11-21T06:00:00Z");

describe("a deadline", () => {
  test.each([
    // Of RFC 3339, 5.8, the examples as of a year and a half before.
    ["1985-04-12T23:20:50.52Z", Date.parse("1985-04-12T23:20:50.520Z")],
    ["1996-12-19T16:39:57-08:00", Date.parse("1996-12-20T00:39:57Z")],
    ["1990-12-31T23:59:60Z", Date.parse("1991-01-01T00:00:00Z")],
    ["1990-12-31T15:59:60-08:00", Date.parse("1991-01-01T00:00:00Z")],
    ["1937-01-01T12:00:27.87+00:20", Date.parse("1937-01-01T11:40:27.870Z")],
    ["2026-11-21t06:00:01z", NOW + 1_000],
    ["0001-01-01T00:00:00Z", -62_135_596_800_000],
  ])("%s is a time", (text, at) => {
    expect(leftUntil(text, at - 1_500)).toBeCloseTo(1_500, 3);
    expect(leftUntil(text, at + 1)).toBe(0);
  });
  test.each(["0", "1", "2000", "9999999999"])("%s is the remaining time, whatever the clock", (text) => {
    expect(leftUntil(text, NOW)).toBe(Number(text));
  });
  test.each([
    ...[
      "",
      " ",
      "soon",
      "-1",
      "+1",
      "1.5",
      "1e3",
      "0x10",
      "1s",
      "1000ms",
      "12345678901",
      String(NOW),
      "1000, 2000",
      "١٢",
    ],
    ...["2026-11-21", "2026-11-21T06:00:00", "2026-11-21 06:00:00Z", "2026-11-21T06:00Z", "2026-13-01T00:00:00Z"],
    ...["2026-02-29T00:00:00Z", "2026-00-10T00:00:00Z", "2026-11-21T24:00:00Z", "2026-11-21T06:60:00Z"],
    ...["2026-11-21T06:00:61Z", "2026-11-21T06:00:00+24:00", "2026-11-21T06:00:00.Z", "20261-11-21T06:00:00Z"],
    ...["2026-11-21T06:00:00.1234567890Z", "2026-11-21T06:00:00Z\n", `${"9".repeat(5_000)}`],
  ])("%j is not a deadline", (text) => {
    expect(leftUntil(text, NOW)).toBeUndefined();
  });
  test("a deadline is parsed like a Timestamp's JSON, which is RFC 3339", () => {
    const two = (most: number) => fc.integer({ min: 0, max: most }).map((n) => String(n).padStart(2, "0"));
    const time = fc
      .tuple(
        fc.integer({ min: 1900, max: 2100 }),
        two(13),
        two(32),
        two(25),
        two(60),
        two(61),
        fc.constantFrom("", ".5", ".123", ".123456789"),
        fc.constantFrom("Z", "+00:00", "-08:30", "+14:00"),
      )
      .map(([y, mo, d, h, mi, s, f, z]) => `${y}-${mo}-${d}T${h}:${mi}:${s}${f}${z}`);
    const theirs = (text: string): number | undefined => {
      // Date.parse, which is behind it, takes the 31st of February and 24:00.
      const [, month = "", day = "", hour = "", minute = "", second = ""] =
        /^\d+-(\d+)-(\d+)T(\d+):(\d+):(\d+)/.exec(text) ?? [];
      const days = new Date(Date.UTC(Number(text.slice(0, 4)), Number(month), 0)).getUTCDate();
      if (month === "00" || day === "00" || Number(day) > days || Number(hour) > 23 || Number(minute) > 59) return;
      if (second === "60" || second === "61") return;
      try {
        return timestampMs(fromJson(TimestampSchema, text));
      } catch {
        return undefined;
      }
    };
    fc.assert(
      fc.property(time, (text) => {
        fc.pre(!/:60(\.|Z|[+-])/.test(text.slice(16)));
        const expected = theirs(text);
        const found = leftUntil(text, -3e12);
        if (expected === undefined) expect(found).toBeUndefined();
        else expect(Math.abs((found ?? Number.NaN) - 3e12 - expected)).toBeLessThan(1);
      }),
      { numRuns: 5_000 },
    );
  });
});

describe("a request with x-request-deadline", () => {
  const request = async (deadline: string, body: object, init: RequestInit = {}) => {
    const server = await listen([kindEndpoint(false)]);
    onTestFinished(() => server.close(0));
    const headers = { "content-type": "application/json", "x-request-deadline": deadline, ...init.headers };
    const answer = await fetch(server.url + PATH, { method: "POST", body: JSON.stringify(body), ...init, headers });
    return { status: answer.status, body: (await answer.json()) as { code?: string; message?: string } };
  };
  test("the request ends at its deadline", async () => {
    const soon = new Date(Date.now() + 60).toISOString();
    for (const deadline of ["30", soon]) {
      const { status, body } = await request(deadline, { fileName: "wait" });
      expect([status, body.code]).toEqual([504, "deadline_exceeded"]);
    }
  });
  test("a malformed deadline is refused with an explanation", async () => {
    const { status, body } = await request(String(NOW), { fileName: "x" });
    expect([status, body.code]).toEqual([400, "invalid_argument"]);
    expect(body.message).toBe(
      'x-request-deadline "1795240800000" is neither a time (RFC 3339) nor at most 10 digits of milliseconds that are left',
    );
  });
});
