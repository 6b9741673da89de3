// Expressions held against cel-go, which is built with Go; PROTOBFF_WITHOUT_GO=1 says that there is none.
import { expect, test } from "vitest";
import { seedOf } from "../../../support/seed/seed.ts";
import { generateAll } from "./generated-files.ts";

const COUNT = Number(process.env.PROTOBFF_CEL_EXPRESSIONS ?? 5_000);
const SEED = Number(seedOf("PROTOBFF_CEL_SEED"));

/** Fresh random expressions still find something new now and then (test/proofs/corpora/README.md): about one in 20,000. */
const NEW_FAULTS = COUNT / 5000;

const corpus = process.env.PROTOBFF_WITHOUT_GO === "1" ? test.skip : test;

corpus(
  `${COUNT} expressions of seed ${SEED} are as in cel-go, or a known deviation, and what is printed type-checks, but for 1 in 5,000`,
  async () => {
    generateAll();
    // They import what is generated.
    const { hold, report } = await import("./hold.ts");
    const { questions } = await import("./expressions/generate.ts");
    const result = await hold(questions(SEED, COUNT), { types: true });
    const text = report(result);
    console.log(`seed ${SEED}: ${text}`);
    expect(result.functions).toBeGreaterThan(COUNT / 3);
    // No other error than an ExpressionError, and none that the compiler has not announced.
    expect(result.faults.filter((fault) => /^[^:]*\b(crash|unannounced|malformed)\b/.test(fault))).toEqual([]);
    expect(result.faults.length, text).toBeLessThanOrEqual(NEW_FAULTS);
  },
  600_000,
);
