// Rows that people write into the tables of operators by hand, in a real SQLite file.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { Overrides } from "../../environment/overrides.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { SqliteKeys } from "../api-key/sqlite-keys.ts";

async function openedFile() {
  const folder = mkdtempSync(join(tmpdir(), "faulty-rows-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "keys.db");
  const clock = new FakeClock();
  const faults: string[] = [];
  const overrides = await Overrides.open(await SqliteKeys.at(path), clock);
  overrides.watch((message) => void faults.push(message));
  const database = new DatabaseSync(path);
  onTestFinished(async () => {
    database.close();
    await overrides.close();
  });
  return { clock, faults, overrides, database };
}

const FAULTY: readonly (readonly [string, string])[] = [
  ["insert into bff_limit_override values ('a.v1/l', 'k', 9223372036854775807, null, null)", "its rate is no whole"],
  ["insert into bff_limit_override values ('a.v1/l', 'k', -5, null, null)", "its rate is no whole number"],
  ["insert into bff_limit_override values ('a.v1/l', 'k', 0, 0, null)", "its rate is no whole number"],
  ["insert into bff_limit_override values ('a.v1/l', 'k', 'abc', null, null)", "its rate is no whole number"],
  ["insert into bff_limit_override values ('a.v1/l', 'k', 1.5, null, null)", "its rate is no whole number"],
  ["insert into bff_limit_override values ('a.v1/l', 'k', 5, 0.5, null)", "its burst is no whole number"],
  ["insert into bff_limit_override values ('a.v1/l', 'k', 5, null, 'never')", "its until_at is no whole number"],
  ["insert into bff_limit_override values ('', '', 1, 1, null)", "its limit is no text"],
  ["insert into bff_deny values ('nonsense', 'k', null, '')", "its kind is not subject, address or key"],
  ["insert into bff_deny values ('address', 'not-an-address', null, 'x')", "neither an address nor a network"],
  ["insert into bff_deny values ('address', '10.0.0.0/33', null, 'x')", "neither an address nor a network"],
  ["insert into bff_deny values ('subject', '', null, 'empty')", "its value is no text"],
  ["insert into bff_deny values ('subject', x'00ff', null, 'x')", "its value is no text"],
  ["insert into bff_deny values ('subject', 'k', 'never', 'x')", "its until_at is no whole number"],
];

test.each(FAULTY)("%s is reported, and does not stop a later denial", async (sql, why) => {
  const { clock, faults, overrides, database } = await openedFile();
  database.exec(sql);
  database.exec("insert into bff_deny values ('address', '192.0.2.7', null, 'scans')");
  await clock.advance(5_000);
  expect(overrides.denylist.refusedAddress("192.0.2.7")?.message).toBe("address is on the denylist: scans");
  expect(overrides.denylist.refusedAddress("192.0.2.8")).toBeUndefined();
  expect(faults).toEqual([expect.stringContaining(why)]);
  expect(overrides.faultyRows.reduce((sum, [, count]) => sum + count, 0)).toBe(1);
});

test("ends above 2^53 and reasons that are no text do not hide a denial", async () => {
  const { clock, faults, overrides, database } = await openedFile();
  database.exec("insert into bff_deny values ('address', '192.0.2.7', 4611686018427387904, 'scans')");
  database.exec("insert into bff_deny values ('address', '2001:0DB8::0:7', null, x'00ff')");
  await clock.advance(5_000);
  for (const address of ["192.0.2.7", "2001:db8::7"])
    expect(overrides.denylist.refusedAddress(address)?.message).toMatch(/^address is on the denylist/);
  expect(faults).toEqual([]);
});

test("a table of limits that cannot be read does not stop denials", async () => {
  const { clock, faults, overrides, database } = await openedFile();
  database.exec("drop table bff_limit_override; create table bff_limit_override (other text)");
  database.exec("insert into bff_deny values ('address', '192.0.2.7', null, 'scans')");
  await clock.advance(5_000);
  expect(overrides.denylist.refusedAddress("192.0.2.7")?.message).toBe("address is on the denylist: scans");
  expect(faults).toEqual([expect.stringContaining("the overrides of limits cannot be read")]);
});
