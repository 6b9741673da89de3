import { describe, expect, test } from "vitest";
import { compiledPlay, fanOut } from "../../../../test/features/whatif/played-bff.ts";
import { requestFor } from "../../../../test/support/request.ts";
import type { PlanEdit } from "./edit-plan.ts";

const request = requestFor(fanOut(2, "retry: { attempts: 2 }"), ["web.proto"]);
const compiled = (...edits: readonly PlanEdit[]) => compiledPlay(request, edits);
const textOf = (...edits: readonly PlanEdit[]): string =>
  compiled(...edits).response.file.find(({ name }) => name === "web_bff.ts")?.content ?? "";
const edit = (target: string | undefined, key: string, value: string): PlanEdit => ({ target, key, value });

describe("changes of a plan", () => {
  test.each([
    [edit("up.v1", "timeout", "50ms"), "timeoutMs: 50"],
    [edit(undefined, "timeout", "×2"), "timeoutMs: 60_000"],
    [edit("up.v1.Up1/Get", "hedge.delay", "7ms"), "hedge: { delayMs: 7, max: 1 }"],
    [edit("up.v1.Up1/Get", "cache.ttl", "5s"), "cache: { ttlMs: 5_000 }"],
    [edit("up", "retry.attempts", "4"), "retry: { attempts: 4,"],
    [edit("up.v1.Up0", "limit.concurrent", "3"), "limit: { concurrent: 3,"],
    [edit("up.v1.Up0", "breaker.error_rate", "20%"), "breaker: { errorRate: 0.2,"],
    [edit("web.v1.Web/GetPage", "timeout", "9s"), "timeoutMs: 9_000"],
  ])("%o is in the generated code", (change, text) => {
    expect(textOf()).not.toContain(text);
    expect(textOf(change)).toContain(text);
  });
  test("a setting that is off is left out", () => {
    expect(textOf(edit("up.v1", "retry.attempts", "off"))).not.toContain("retry:");
    expect(textOf(edit("up.v1", "breaker.error_rate", "off"))).toContain("breaker: undefined");
  });
  test.each([
    [edit("ap.v1", "timeout", "1s"), 'nothing in the plan is "ap.v1": did you mean "up.v1"?'],
    [edit("up.v1", "timeuot", "1s"), '"timeuot" is no setting of up.v1: did you mean "timeout"?'],
    [edit("up.v1", "colour", "1s"), "write one of latency, errors, rate, timeout, retry.attempts"],
    [
      edit("up.v1.Up0/Get", "timeout", "1"),
      'timeout of up.v1.Up0/Get cannot be "1": the duration is malformed: write the unit',
    ],
    [edit("up.v1.Up0/Get", "hedge.max", "2"), "it has no hedge: set hedge.delay first"],
    [edit("up.v1.Up0/Get", "cache.ttl", "×2"), "it is not set: write a value in place of a factor"],
    [
      edit(undefined, "cache.ttl", "5s"),
      'nothing has cache.ttl: name an rpc or a service, as in "up.v1.Up0/Get: cache.ttl 5s"',
    ],
    [edit("web.v1.Web/GetPage", "cache.ttl", "5s"), "declare `cache` in its options"],
  ])("%o is refused", (change, fault) => {
    const { response } = compiled(change);
    expect(response.file).toEqual([]);
    expect(response.error).toContain(fault);
  });
  test("settings have values and places", () => {
    const { settings } = compiled(edit("up.v1.Up0/Get", "timeout", "1s"));
    const of = (item: string, key: string) => settings.find((setting) => setting.item === item && setting.key === key);
    expect(of("up.v1.Up0/Get", "timeout")).toMatchObject({ kind: "call", unit: "ms", value: 1_000, at: "web.proto:5" });
    expect(of("up.v1.Up1/Get", "timeout")).toMatchObject({ value: 30_000 });
    expect(of("up.v1.Up0/Get", "cache.ttl")).toMatchObject({ value: null });
    expect(of("up.v1.Up0", "limit.queued")).toEqual({
      kind: "upstream",
      item: "up.v1.Up0",
      key: "limit.queued",
      unit: "count",
      value: 1_000,
    });
    expect(of("web.v1.Web/GetPage", "timeout")).toMatchObject({ kind: "rpc", value: 40_000 });
  });
});
