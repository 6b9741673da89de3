// Expressions held against cel-go, which is built with Go; PROTOBFF_WITHOUT_GO=1 says that there is none.
import { expect, test } from "vitest";
import { generateAll } from "./cel-go/generated.ts";

const COUNT = Number(process.env.PROTOBFF_CEL_EXPRESSIONS ?? 20_000);
const SEED = Number(process.env.PROTOBFF_CEL_SEED ?? Date.now() % 2 ** 31);

const corpus = process.env.PROTOBFF_WITHOUT_GO === "1" ? test.skip : test;

corpus(
  `${COUNT} expressions of seed ${SEED} are as in cel-go, or a known deviation, and what is printed type-checks`,
  async () => {
    generateAll();
    // They import what is generated.
    const { hold, report } = await import("./cel-go/hold.ts");
    const { questions } = await import("./cel-go/generate.ts");
    const result = await hold(questions(SEED, COUNT), { types: true });
    const text = report(result);
    console.log(`seed ${SEED}: ${text}`);
    expect(result.functions).toBeGreaterThan(COUNT / 3);
    expect(result.faults, text).toEqual([]);
  },
  600_000,
);
