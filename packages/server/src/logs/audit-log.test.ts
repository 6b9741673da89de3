import { chmodSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AuditEvent } from "@protobff/runtime/internal/observer-requests";
import { expect, onTestFinished, test } from "vitest";
import { AuditLog, appendingTo, appendingToStream } from "./audit-log.ts";

const EVENT: AuditEvent = {
  event: "denied",
  at: new Date("2026-11-21T02:16:00Z"),
  reason: "a scope is missing",
  method: "web.v1.Web/Get",
  source: "user",
  issuer: "https://id",
  subject: "ann",
  id: "k1",
  address: "192.0.2.1",
};
function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "bff-audit-"));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}
const objects = (text: string): unknown[] =>
  text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));

test("each event has a line, in order", async () => {
  const path = join(folder(), "audit.log");
  const faults: unknown[] = [];
  const log = new AuditLog(appendingTo(path), (...fault) => faults.push(fault));
  log.audit(EVENT);
  log.audit({ event: "unauthenticated", at: EVENT.at, reason: "no credential", source: undefined, address: "" });
  await log.flush();
  expect(readFileSync(path, "utf8").split("\n")[0]).toBe(
    '{"time":"2026-11-21T02:16:00.000Z","event":"denied","reason":"a scope is missing","method":"web.v1.Web/Get",' +
      '"source":"user","issuer":"https://id","subject":"ann","id":"k1","address":"192.0.2.1"}',
  );
  expect(objects(readFileSync(path, "utf8"))[1]).toEqual({
    time: "2026-11-21T02:16:00.000Z",
    event: "unauthenticated",
    reason: "no credential",
  });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(faults).toEqual([]);
});

test("a subject with line breaks stays one text, shortened", async () => {
  const lines: string[] = [];
  const log = new AuditLog(async (text) => void lines.push(text), expect.unreachable);
  log.audit({ ...EVENT, subject: `ann\n{"event":"login"}\u2028\u0007${"x".repeat(10_000)}` });
  await log.flush();
  const [only, ...none] = lines.join("").trimEnd().split("\n");
  expect(none).toEqual([]);
  expect(only?.length).toBeLessThan(1000);
});

test("a moved file is created again", async () => {
  const path = join(folder(), "audit.log");
  const log = new AuditLog(appendingTo(path), expect.unreachable);
  log.audit(EVENT);
  await log.flush();
  renameSync(path, `${path}.1`);
  log.audit({ ...EVENT, subject: "eve" });
  await log.flush();
  expect(objects(readFileSync(path, "utf8"))).toMatchObject([{ subject: "eve" }]);
  expect(objects(readFileSync(`${path}.1`, "utf8"))).toMatchObject([{ subject: "ann" }]);
});

test("unwritable events are counted and reported, without an effect on requests", async () => {
  const path = join(folder(), "audit.log");
  mkdirSync(path); // a folder takes no lines
  const faults: string[] = [];
  const log = new AuditLog(appendingTo(path), (what) => faults.push(what));
  for (let i = 0; i < 3; i++) log.audit(EVENT);
  await log.flush();
  expect(faults[0]).toBe("cannot write the audit log");
  rmSync(path, { recursive: true });
  log.audit({ ...EVENT, subject: "eve" });
  await log.flush();
  expect(objects(readFileSync(path, "utf8"))).toMatchObject([{ subject: "eve" }, { event: "lost", count: 3 }]);
  log.audit(EVENT);
  await log.flush();
  expect(objects(readFileSync(path, "utf8"))).toHaveLength(3);
  chmodSync(path, 0o600);
});

test("at most a megabyte waits for a blocked disk", async () => {
  const written: string[] = [];
  const stuck = Promise.withResolvers<void>();
  const log = new AuditLog(async (text) => {
    await stuck.promise;
    written.push(text);
  }, expect.unreachable);
  const many = 20_000;
  for (let i = 0; i < many; i++) log.audit(EVENT);
  await Promise.resolve();
  stuck.resolve();
  await log.flush();
  const all = objects(written.join(""));
  const lost = all.filter((line) => (line as { event: string }).event === "lost") as { count: number }[];
  const kept = all.length - lost.length;
  expect(kept).toBeGreaterThan(1000);
  expect(written.join("").length).toBeLessThan(3 << 20);
  log.audit(EVENT);
  await log.flush();
  const reports = objects(written.join("")).filter((line) => (line as { event: string }).event === "lost");
  expect(kept + (reports as { count: number }[]).reduce((sum, { count }) => sum + count, 0)).toBe(many);
});

test("a bounded part waits for an unread standard error, and a closing server does not wait for it", async () => {
  let length = 0;
  const taken: (() => void)[] = [];
  const unread = {
    writableLength: 0,
    destroyed: false,
    write: (text: string, done: () => void = () => {}) => {
      length += text.length;
      taken.push(done);
      return false;
    },
  };
  const log = new AuditLog(appendingToStream(unread), () => {});
  for (let i = 0; i < 20_000; i++) log.audit(EVENT);
  await log.flush(1);
  expect(length).toBeLessThan(1_000);
  // Somebody reads again: what was kept, and how much was not.
  let text = "";
  unread.write = (more, done = () => {}) => {
    text += more;
    queueMicrotask(done);
    return true;
  };
  taken[0]?.();
  await log.flush();
  expect(text.length).toBeLessThan(1.1 * (1 << 20));
  const lines = objects(text);
  expect(lines.at(-1)).toMatchObject({ event: "lost", count: 20_000 - 1 - (lines.length - 1) });
});
