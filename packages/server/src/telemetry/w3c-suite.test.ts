// Runs the cases of W3C's test suite for Trace Context (github.com/w3c/trace-context, test/test.py, levels 1 and 2,
// strict). A server receives them over HTTP/1.1 unchanged: headers in any case, several of one name, space around
// values. Names are the suite's.
import { once } from "node:events";
import * as net from "node:net";
import { create } from "@bufbuild/protobuf";
import { Upstream } from "@protobff/runtime/internal/call/upstream";
import { systemClock } from "@protobff/runtime/internal/clock";
import { endpoint } from "@protobff/runtime/internal/endpoint/endpoint";
import { FakeClient } from "@protobff/runtime/internal/testing/fake-client";
import { Front, PageSchema, Upstream as UpstreamService } from "@protobff/runtime/internal/testing/gen/test_pb";
import { describe, expect, onTestFinished, test } from "vitest";
import { listen } from "../listen.ts";
import { CollectingSink, tracingTo } from "../testing/trace-rig.ts";

type Header = readonly [name: string, value: string];
const T = "12345678901234567890123456789012";
const S = "1234567890123456";
const PARENT: Header = ["traceparent", `00-${T}-${S}-00`];

/** Sends a request with these headers. Returns the headers that the upstream receives in each of `calls` calls. */
async function send(headers: readonly Header[], calls = 1) {
  const client = new FakeClient();
  client.answer = (sent) => sent.thing();
  const observer = tracingTo(new CollectingSink(), systemClock);
  const get = new Upstream("test.v1.Upstream", client, {}, { observer }).unary(UpstreamService.method.get, {});
  const served = endpoint(Front.method.show, undefined, {
    timeoutMs: 5_000,
    observer,
    compose: async (cx) => {
      for (let i = 0; i < calls; i++) await cx.call(get, { id: `${i}` });
      return create(PageSchema);
    },
  });
  const server = await listen([served]);
  onTestFinished(() => server.close(0));
  const socket = net.connect(server.port, "127.0.0.1");
  const lines = [
    ["POST /test.v1.Front/Show HTTP/1.1"],
    ["host: a"],
    ["content-type: application/json"],
    ["content-length: 2"],
    ["connection: close"],
  ];
  socket.write(`${[...lines.flat(), ...headers.map(([name, value]) => `${name}: ${value}`)].join("\r\n")}\r\n\r\n{}`);
  socket.resume();
  await once(socket, "close");
  expect(client.sent).toHaveLength(calls);
  return client.sent.map(({ headers: { traceparent = "", tracestate } }) => {
    const [, version, traceId, parentId, flags] =
      /^(00)-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(traceparent) ?? [];
    expect([version, traceId === "0".repeat(32), parentId === "0".repeat(16)]).toEqual(["00", false, false]);
    return { traceId, parentId, flags, tracestate };
  });
}
async function single(headers: readonly Header[]) {
  const [found] = await send(headers);
  if (found === undefined) throw new Error("no call");
  return found;
}
const parent = (value: string): Header => ["traceparent", value];
const state = (...values: string[]): Header[] => [PARENT, ...values.map((value): Header => ["tracestate", value])];

describe("traceparent", () => {
  test.each<[string, Header[]]>([
    ["test_traceparent_included_tracestate_missing", [parent(`00-${T}-${S}-01`)]],
    ["test_traceparent_header_name_valid_casing", [["TraceParent", `00-${T}-${S}-01`]]],
    ["test_traceparent_header_name_valid_casing 2", [["TrAcEpArEnT", `00-${T}-${S}-01`]]],
    ["test_traceparent_header_name_valid_casing 3", [["TRACEPARENT", `00-${T}-${S}-01`]]],
    ["test_traceparent_version_0xcc", [parent(`cc-${T}-${S}-01`)]],
    ["test_traceparent_version_0xcc 2", [parent(`cc-${T}-${S}-01-what-the-future-will-be-like`)]],
    ["test_traceparent_ows_handling", [parent(` 00-${T}-${S}-01`)]],
    ["test_traceparent_ows_handling 2", [parent(`\t00-${T}-${S}-01`)]],
    ["test_traceparent_ows_handling 3", [parent(`00-${T}-${S}-01 `)]],
    ["test_traceparent_ows_handling 4", [parent(`00-${T}-${S}-01\t`)]],
    ["test_traceparent_ows_handling 5", [parent(`\t 00-${T}-${S}-01 \t`)]],
  ])("%s: the same trace, another parent", async (_, headers) => {
    const { traceId, parentId } = await single(headers);
    expect(traceId).toBe(T);
    expect(parentId).not.toBe(S);
  });
  test.each<[string, Header[]]>([
    ["test_both_traceparent_and_tracestate_missing", []],
    ["test_traceparent_duplicated", [parent(`00-${T.slice(0, -1)}1-${S}-01`), parent(`00-${T}-${S}-01`)]],
    ["test_traceparent_header_name", [["trace-parent", `00-${T}-${S}-01`]]],
    ["test_traceparent_header_name 2", [["trace.parent", `00-${T}-${S}-01`]]],
    ["test_traceparent_version_0x00", [parent(`00-${T}-${S}-01.`)]],
    ["test_traceparent_version_0x00 2", [parent(`00-${T}-${S}-01-what-the-future-will-be-like`)]],
    ["test_traceparent_version_0xcc 3", [parent(`cc-${T}-${S}-01.what-the-future-will-be-like`)]],
    ["test_traceparent_version_0xff", [parent(`ff-${T}-${S}-01`)]],
    ["test_traceparent_version_illegal_characters", [parent(`.0-${T}-${S}-01`)]],
    ["test_traceparent_version_illegal_characters 2", [parent(`0.-${T}-${S}-01`)]],
    ["test_traceparent_version_too_long", [parent(`000-${T}-${S}-01`)]],
    ["test_traceparent_version_too_long 2", [parent(`0000-${T}-${S}-01`)]],
    ["test_traceparent_version_too_short", [parent(`0-${T}-${S}-01`)]],
    ["test_traceparent_trace_id_all_zero", [parent(`00-${"0".repeat(32)}-${S}-01`)]],
    ["test_traceparent_trace_id_illegal_characters", [parent(`00-.${T.slice(1)}-${S}-01`)]],
    ["test_traceparent_trace_id_illegal_characters 2", [parent(`00-${T.slice(0, -1)}.-${S}-01`)]],
    ["test_traceparent_trace_id_too_long", [parent(`00-${T}3-${S}-01`)]],
    ["test_traceparent_trace_id_too_short", [parent(`00-${T.slice(0, -1)}-${S}-01`)]],
    ["test_traceparent_parent_id_all_zero", [parent(`00-${T}-${"0".repeat(16)}-01`)]],
    ["test_traceparent_parent_id_illegal_characters", [parent(`00-${T}-.${S.slice(1)}-01`)]],
    ["test_traceparent_parent_id_illegal_characters 2", [parent(`00-${T}-${S.slice(0, -1)}.-01`)]],
    ["test_traceparent_parent_id_too_long", [parent(`00-${T}-${S}7-01`)]],
    ["test_traceparent_parent_id_too_short", [parent(`00-${T}-${S.slice(0, -1)}-01`)]],
    ["test_traceparent_trace_flags_illegal_characters", [parent(`00-${T}-${S}-.0`)]],
    ["test_traceparent_trace_flags_illegal_characters 2", [parent(`00-${T}-${S}-0.`)]],
    ["test_traceparent_trace_flags_too_long", [parent(`00-${T}-${S}-001`)]],
    ["test_traceparent_trace_flags_too_short", [parent(`00-${T}-${S}-1`)]],
  ])("%s: a new trace", async (_, headers) => {
    const { traceId } = await single(headers);
    expect(traceId?.slice(0, 31)).not.toBe(T.slice(0, 31));
    expect(traceId).not.toContain(T.slice(1, -1));
  });
  test("test_propagates_random_flag (level 2)", async () => {
    const { traceId, parentId, flags } = await single([parent(`00-${T}-${S}-02`)]);
    expect([traceId, flags]).toEqual([T, "02"]);
    expect(parentId).not.toBe(S);
  });
  test("test_multiple_requests_*: the calls of a request share a trace, with a separate parent each", async () => {
    for (const headers of [[parent(`00-${T}-${S}-01`)], [], [parent(`00-${"0".repeat(32)}-${S}-01`)]]) {
      const all = await send(headers, 3);
      expect(new Set(all.map(({ parentId }) => parentId)).size).toBe(3);
      expect(new Set(all.map(({ traceId }) => traceId)).size).toBe(1);
    }
  });
});

describe("tracestate", () => {
  const MANY = [0, 10, 20].map((from) =>
    Array.from(
      { length: 10 },
      (_, i) => `bar${String(from + i + 1).padStart(2, "0")}=${String(from + i + 1).padStart(2, "0")}`,
    ).join(","),
  );
  const without = `${"abcdefghijklmnopqrstuvwxyz"}0123456789_-*/`;
  const value = Array.from({ length: 0x7f - 0x20 }, (_, i) => String.fromCharCode(0x20 + i))
    .filter((c) => c !== "," && c !== "=")
    .join("");
  test.each<[string, Header[], string]>([
    ["test_tracestate_included_traceparent_included", state("foo=1,bar=2"), "foo=1,bar=2"],
    ["test_tracestate_header_name_valid_casing", [PARENT, ["TraceState", "foo=1"]], "foo=1"],
    ["test_tracestate_header_name_valid_casing 2", [PARENT, ["TRACESTATE", "foo=1"]], "foo=1"],
    ["test_tracestate_empty_header 2", state("foo=1", ""), "foo=1"],
    ["test_tracestate_empty_header 3", state("", "foo=1"), "foo=1"],
    [
      "test_tracestate_multiple_headers_different_keys",
      state("foo=1,bar=2", "rojo=1,congo=2", "baz=3"),
      "foo=1,bar=2,rojo=1,congo=2,baz=3",
    ],
    ["test_tracestate_duplicated_keys", state("foo=1,foo=1"), "foo=1,foo=1"],
    ["test_tracestate_duplicated_keys 2", state("foo=1", "foo=2"), "foo=1,foo=2"],
    ["test_tracestate_all_allowed_characters", state(`${without}=${value}`), `${without}=${value}`],
    [
      "test_tracestate_all_allowed_characters 2",
      state(`${without}@a-z0-9_-*/=${value}`),
      `${without}@a-z0-9_-*/=${value}`,
    ],
    ["test_tracestate_ows_handling", state("foo=1 \t , \t bar=2, \t baz=3"), "foo=1,bar=2,baz=3"],
    ["test_tracestate_ows_handling 2", state("foo=1\t \t,\t \tbar=2,\t \tbaz=3"), "foo=1,bar=2,baz=3"],
    ["test_tracestate_ows_handling 3", state("\t foo=1 \t"), "foo=1"],
    ["test_tracestate_key_illegal_vendor_format", state("foo@=1,bar=2"), "foo@=1,bar=2"],
    ["test_tracestate_key_illegal_vendor_format 3", state("foo@@bar=1,bar=2"), "foo@@bar=1,bar=2"],
    ["test_tracestate_key_illegal_vendor_format 4", state("foo@bar@baz=1,bar=2"), "foo@bar@baz=1,bar=2"],
    ["test_tracestate_member_count_limit", state(...MANY, "bar31=31,bar32=32"), `${MANY.join(",")},bar31=31,bar32=32`],
    ["test_tracestate_key_length_limit", state("foo=1", `${"z".repeat(256)}=1`), `foo=1,${"z".repeat(256)}=1`],
    [
      "test_tracestate_key_length_limit 3",
      state("foo=1", `${"t".repeat(241)}@${"v".repeat(14)}=1`),
      `foo=1,${"t".repeat(241)}@${"v".repeat(14)}=1`,
    ],
    ["test_tracestate_key_length_limit 4", state("foo=1", `${"t".repeat(242)}@v=1`), `foo=1,${"t".repeat(242)}@v=1`],
    ["test_tracestate_key_length_limit 5", state("foo=1", `t@${"v".repeat(15)}=1`), `foo=1,t@${"v".repeat(15)}=1`],
  ])("%s: inherited", async (_, headers, expected) => {
    const { traceId, tracestate } = await single(headers);
    expect([traceId, tracestate]).toEqual([T, expected]);
  });
  test.each<[string, Header[]]>([
    ["test_tracestate_included_traceparent_missing", [["tracestate", "foo=1"]]],
    ["test_tracestate_header_name", [PARENT, ["trace-state", "foo=1"]]],
    ["test_tracestate_header_name 2", [PARENT, ["trace.state", "foo=1"]]],
    ["test_tracestate_empty_header", state("")],
    ["test_tracestate_key_illegal_characters", state("foo =1")],
    ["test_tracestate_key_illegal_characters 2", state("FOO=1")],
    ["test_tracestate_key_illegal_characters 3", state("foo.bar=1")],
    ["test_tracestate_key_illegal_vendor_format 2", state("@foo=1,bar=2")],
    ["test_tracestate_member_count_limit 2", state(...MANY, "bar31=31,bar32=32,bar33=33")],
    ["test_tracestate_key_length_limit 2", state("foo=1", `${"z".repeat(257)}=1`)],
    ["test_tracestate_value_illegal_characters", state("foo=bar=baz")],
    ["test_tracestate_value_illegal_characters 2", state("foo=,bar=3")],
  ])("%s: left out", async (_, headers) => {
    expect((await single(headers)).tracestate).toBeUndefined();
  });
});
