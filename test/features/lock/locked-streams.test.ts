// What the lock keeps of streams: the methods that are followed, what is set in their requests, and what is read of their items.
import { expect, test } from "vitest";
import { compile } from "../../../plugin/src/compile.ts";
import { parseLock } from "../../../plugin/src/lock/document.ts";
import { describeUses } from "../../../plugin/src/lock/uses.ts";
import { goldenCases, requestOf, UPSTREAMS } from "../../support/golden.ts";

interface Locked {
  readonly files: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;
}

function lockOf(name: string): string {
  const golden = goldenCases("emit").find((candidate) => candidate.name === name);
  if (golden === undefined) throw new Error(`no golden ${name}`);
  const request = { ...requestOf(golden), parameter: "import_extension=ts,lock=bff.lock.json" };
  const { lock, response } = compile(request, (file) => ({ ...UPSTREAMS, ...golden.protos })[file], {
    text: undefined,
    ci: false,
  });
  expect(response.error).toBe("");
  return lock ?? "{}";
}
function locked(name: string): Locked["files"][string] {
  return (JSON.parse(lockOf(name)) as Locked).files["web/v1/web.proto"] ?? {};
}

test("a method that a stream follows is in the lock, with the fields that it sets and reads", () => {
  const found = locked("stream");
  expect(found["agent.v1.AgentService/WatchRun"]).toMatchObject({
    streaming: "server",
    sets: ["agent.v1.WatchRunRequest.after_seq", "agent.v1.WatchRunRequest.run_id"],
    reads: ["actor_id", "final", "internal", "percent", "seq", "text"].map((field) => `agent.v1.RunEvent.${field}`),
    used_by: ["web.v1.RunService/FollowRun stream.call.method"],
  });
  expect(found["agent.v1.RunEvent.seq"]).toMatchObject({ used_by: ["web.v1.RunService/FollowRun stream.position"] });
  expect(found["agent.v1.AgentService/GetRun"]?.used_by).toContain("web.v1.RunUpdate let.run.call.method");
});

test("a topic is in the lock with its call, and with the type of its items", () => {
  const found = locked("topics");
  expect(found["agent.v1.AgentService/WatchRun"]).toMatchObject({
    used_by: ["web.v1.RunService topic.run.call.method"],
  });
  expect(found["agent.v1.RunEvent.final"]).toMatchObject({ used_by: ["web.v1.RunService topic.run.until"] });
  expect(found["agent.v1.Notice.text"]?.used_by).toEqual([
    "web.v1.NoticeCard.text by",
    "web.v1.NoticeUpdate.text by",
    "web.v1.Words.text by",
  ]);
});

test("`uses` marks the methods that return streams", () => {
  const lock = parseLock(lockOf("stream"), "bff.lock.json");
  if ("message" in lock) throw new Error(lock.message);
  const { text = "" } = describeUses(lock, "agent.v1.AgentService");
  expect(text).toMatch(
    /^agent\.v1\.AgentService\/WatchRun {2}\(agent\.v1\.WatchRunRequest\) returns \(stream agent\.v1\.RunEvent\), /m,
  );
  expect(text).toMatch(/^agent\.v1\.AgentService\/GetRun {2}\(\S+\) returns \(agent\.v1\.Run\), /m);
});
