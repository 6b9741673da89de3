import { create, createFileRegistry, type JsonValue, toBinary } from "@bufbuild/protobuf";
import {
  type FieldDescriptorProto,
  FieldDescriptorProtoSchema,
  FieldOptionsSchema,
  FileDescriptorSetSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import { DegradationSchema } from "@protobff/messages/bff/v1/degradation_pb.js";
import { systemClock } from "@protobff/runtime/internal/clock";
import { Code, Failure, Reason } from "@protobff/runtime/internal/failure";
import { expect, it } from "vitest";
import { holdsRedacted, isSecretField, masked, shownHeader, shownHeaders, shownMessage } from "./masks.ts";
import { MASK } from "./page-data.ts";
import { Recorder } from "./recorder.ts";
import { skeletonOf } from "./skeleton.ts";

function field(number: number, name: string, more: Partial<FieldDescriptorProto> = {}): FieldDescriptorProto {
  const plain = { name, number, type: Type.STRING, label: Label.OPTIONAL, jsonName: name };
  return create(FieldDescriptorProtoSchema, { ...plain, ...more } as never);
}
const secret = { options: create(FieldOptionsSchema, { debugRedact: true }) };
const login = { type: Type.MESSAGE, typeName: ".a.Login" };
const registry = createFileRegistry(
  create(FileDescriptorSetSchema, {
    file: [
      {
        name: "a.proto",
        package: "a",
        syntax: "proto3",
        messageType: [
          {
            name: "Login",
            field: [
              field(1, "user"),
              field(2, "password", secret),
              field(3, "inner", login),
              field(4, "all", { ...login, label: Label.REPEATED }),
              field(5, "by_name", {
                type: Type.MESSAGE,
                typeName: ".a.Login.ByNameEntry",
                label: Label.REPEATED,
                jsonName: "byName",
              }),
              field(6, "keys", { ...login, ...secret, label: Label.REPEATED }),
            ],
            nestedType: [
              {
                name: "ByNameEntry",
                field: [field(1, "key"), field(2, "value", login)],
                options: { mapEntry: true },
              },
            ],
          },
        ],
      },
    ],
  }),
);
const desc = registry.getMessage("a.Login")!;
const item = { user: "ann", password: "s3cret" };
const shown = { user: "ann", password: MASK };

it("fields with debug_redact are masked in every position", () => {
  const json: JsonValue = { ...item, inner: item, all: [item, item], byName: { password: item }, keys: [item] };
  expect(masked(json, desc, registry)).toEqual({
    ...shown,
    inner: shown,
    all: [shown, shown],
    byName: { password: shown },
    keys: MASK,
  });
  // as a field is called in the proto, too, which JSON may have
  expect(masked({ by_name: { x: item } }, desc, registry)).toEqual({ by_name: { x: shown } });
  expect(masked({ "[a.extension]": "s3cret" }, desc, registry)).toEqual({ "[a.extension]": MASK });
});

it("a google.protobuf.Any is masked by field if its type is known, and otherwise entirely", () => {
  const any = { typeName: "google.protobuf.Any" } as never;
  expect(masked({ "@type": "x/a.Login", ...item }, any, registry)).toEqual({ "@type": "x/a.Login", ...shown });
  expect(masked({ "@type": "x/a.Other", ...item }, any, registry)).toEqual({ "@type": "x/a.Other", value: MASK });
  expect(masked({ ...item }, any, registry)).toEqual({ "@type": null, value: MASK });
});

it("masking handles deep nesting in bounded depth", () => {
  let json: JsonValue = item;
  for (let i = 0; i < 1_000; i++) json = { inner: json };
  expect(JSON.stringify(masked(json, desc, registry))).not.toContain("s3cret");
});

it("messages are shown as JSON, or with the reason why they cannot be shown", () => {
  const bytes = toBinary(desc, create(desc, item as never));
  expect(JSON.parse(shownMessage(desc, bytes, registry))).toEqual(shown);
  expect(shownMessage(desc, Uint8Array.of(10, 200, 1), registry)).toMatch(/^cannot be shown: /);
});

it("few headers are shown, and secret ones only by name", () => {
  const all = { authorization: "s3cret", cookie: "s3cret", "x-other": "s3cret", "user-agent": "u".repeat(1_000) };
  expect(shownHeaders((name) => (all as Record<string, string>)[name] ?? "")).toEqual([
    ["user-agent", "u".repeat(500)],
    ["authorization", MASK],
    ["cookie", MASK],
  ]);
  for (const name of ["Set-Cookie", "Authorization", "x-session-token", "client-SECRET"])
    expect(shownHeader(name, "s3cret")).toBe(MASK);
  expect(shownHeader("content-type", "a")).toBe("a");
});

it("the sample request of a recursive message is finite", () => {
  const login = { user: "", password: "", all: [], byName: {}, keys: [] };
  expect(JSON.parse(skeletonOf(desc))).toEqual({ ...login, inner: { ...login, inner: { ...login, inner: {} } } });
});

const CALLEE = { service: "a.S", method: "a.S/M" };
const header = () => "";

it("the recorder keeps 200 requests, 300 spans each, 20 attempts per call, and a maximum of bytes", () => {
  const recorder = new Recorder();
  const requests = Array.from({ length: 201 }, () => ({}));
  for (const request of requests) recorder.responseStart({ request, method: "a.S/M", startedAt: 0, header });
  const kept = recorder.since(0);
  expect([kept.length, kept[0]?.id, kept.at(-1)?.id]).toEqual([200, 2, 201]);
  const show = (_: string, __: string, bytes: Uint8Array) => `${bytes.length}`;
  expect(recorder.detail(1, show)).toBeUndefined();
  const request = requests[200]!;
  for (let i = 0; i < 305; i++) {
    const call = {};
    recorder.callStart({ request, call, ...CALLEE, startedAt: 0 });
    if (i > 5) continue;
    for (let number = 1; number <= 25; number++)
      recorder.attempt({ call, ...CALLEE, number, hedge: false, startedAt: 0, endedAt: 1, outcome: "ok" });
    const message = new Uint8Array(i === 0 ? (16 << 10) + 1 : 16 << 10);
    const outcome = { ok: true, message: new Uint8Array(1) } as const;
    recorder.call({ request, call, header, ...CALLEE, message, startedAt: 0, endedAt: 1, attempts: 25, outcome });
  }
  const detail = recorder.detail(201, show)!;
  expect([detail.spans.length, detail.dropped, detail.calls]).toEqual([300, 5, 305]);
  const calls = detail.spans.flatMap((span) => (span.kind === "call" ? [span] : []));
  expect(calls[0]?.attempts).toHaveLength(20);
  expect(calls.slice(0, 6).map((call) => call.request)).toEqual([
    "too large to be kept",
    ...["16384", "16384", "16384"],
    ...["too large to be kept", "too large to be kept"],
  ]);
});

it("the recorder ignores events of requests that it does not keep", () => {
  const recorder = new Recorder();
  const call = {};
  recorder.callStart({ request: {}, call, ...CALLEE, startedAt: 0 });
  recorder.attempt({ call, ...CALLEE, number: 1, hedge: false, startedAt: 0, endedAt: 1, outcome: "ok" });
  recorder.cache({ request: {}, ...CALLEE, outcome: "fresh" });
  expect(recorder.since(0)).toEqual([]);
});

it("failures and degradations show no value of an invalid request and no key of a map", () => {
  const shownFor = (secret: string, refusal: boolean) => {
    const recorder = new Recorder({ ...systemClock, now: () => 0, date: () => new Date(0) });
    const request = {};
    const event = { request, method: "a.S/M", header, startedAt: 0, endedAt: 1 };
    const code = Code.INVALID_ARGUMENT;
    const init = { code, clientCode: code, reason: Reason.INVALID, callee: "" };
    const failure = new Failure({ ...init, message: `"${secret}"`, refusal });
    recorder.responseStart({ ...event });
    const degraded = [create(DegradationSchema, { path: `all["${secret}"].user` })];
    recorder.streamDegraded({ ...event, degraded, failures: [] } as never);
    recorder.response({ ...event, outcome: { ok: false, failure } } as never);
    return recorder.detail(
      1,
      () => "",
      () => holdsRedacted(desc),
    )!;
  };
  expect(shownFor("ann", false)).toEqual(shownFor("bea", false));
  expect(shownFor("ann", false)).toMatchObject({
    failure: MASK,
    degradation: [{ path: "all[*].user" }],
  });
  // A guard's text has been checked.
  expect(shownFor("ann", true).failure).toBe('INVALID_ARGUMENT: "ann"');
  expect(shownMessage(desc, Uint8Array.of(10, 200, 1), registry)).toBe("cannot be shown: no valid a.Login");
});

it("counts a field with `reveal` as secret, and one with other options of the compiler not", () => {
  // (bff.v1.field) = { fallback: "a" reveal: "b" }, and { fallback: "a" }
  const [revealed, other] = [
    [6, 0x3a, 1, 0x61, 0x4a, 1, 0x62],
    [3, 0x3a, 1, 0x61],
  ].map((data) => {
    const options = create(FieldOptionsSchema, {});
    options.$unknown = [{ no: 61_001, wireType: 2, data: Uint8Array.from(data) }];
    return isSecretField({ proto: field(1, "a", { options }) } as never);
  });
  expect([revealed, other]).toEqual([true, false]);
});
