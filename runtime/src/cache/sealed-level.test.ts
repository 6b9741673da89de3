import { expect, test } from "vitest";
import { Sealer } from "../sealing/sealer.ts";
import { SealedLevel } from "./sealed-level.ts";
import type { Found, SecondLevel } from "./second-level.ts";

const [OLD, NEW] = [7, 8].map((fill) => Buffer.alloc(32, fill)) as [Buffer, Buffer];
const VALUE = Buffer.from("ann@example.org \xff\x00", "latin1");

function levels() {
  const kept = new Map<string, Found>();
  const level: SecondLevel = {
    get: async (key) => kept.get(key),
    set: async (key, bytes, lifeMs) => void kept.set(key, { bytes, ageMs: lifeMs }),
  };
  return { kept, sealed: (...keys: Buffer[]) => new SealedLevel(level, new Sealer(keys)) };
}

test("an entry has another name and other bytes, and opens with its age for every process with the key", async () => {
  const { kept, sealed } = levels();
  await sealed(OLD).set("digest", VALUE, 5);
  const [[name = "", { bytes } = { bytes: VALUE }] = []] = [...kept];
  expect(name).not.toContain("digest");
  expect(Buffer.from(bytes).includes("ann")).toBe(false);
  for (const keys of [[OLD], [NEW, OLD], [OLD, NEW]])
    expect(await sealed(...keys).get("digest")).toEqual({ bytes: VALUE, ageMs: 5 });
  expect([await sealed(NEW).get("digest"), await sealed(OLD).get("other")]).toEqual([undefined, undefined]);
});

test("the first key names and seals", async () => {
  const { kept, sealed } = levels();
  await sealed(NEW, OLD).set("digest", VALUE, 5);
  expect(kept.size).toBe(1);
  expect([await sealed(OLD).get("digest"), await sealed(NEW).get("digest")]).toMatchObject([
    undefined,
    { bytes: VALUE },
  ]);
});

test("no changed bit, no shorter bytes and no entry of another name open", async () => {
  const { kept, sealed } = levels();
  await sealed(OLD).set("other", VALUE, 5);
  const [other] = kept.values();
  await sealed(OLD).set("digest", VALUE, 5);
  const name = [...kept.keys()][1] ?? "";
  const { bytes } = kept.get(name) ?? { bytes: VALUE };
  const changed = [
    other?.bytes ?? VALUE,
    ...Array.from({ length: bytes.length * 8 }, (_, bit) =>
      bytes.map((byte, i) => byte ^ (i === bit >> 3 ? 1 << (bit & 7) : 0)),
    ),
    ...Array.from(bytes, (_, length) => bytes.subarray(0, length)),
  ];
  for (const value of changed) {
    kept.set(name, { bytes: value, ageMs: 0 });
    expect(await sealed(OLD).get("digest")).toBeUndefined();
  }
});
