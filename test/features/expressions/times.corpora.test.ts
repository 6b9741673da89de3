// Times as text, truncated and reckoned by the calendar, held against java.time; PROTOBFF_WITHOUT_JAVA=1 says that there is no JDK.
import { expect, test } from "vitest";
import { seedOf } from "../../support/seed/seed.ts";
import { java, line, ours, questions } from "./times/questions.ts";

const COUNT = Number(process.env.PROTOBFF_TIMES ?? 20_000);
const SEED = Number(seedOf("PROTOBFF_TIMES_SEED"));

const corpus = process.env.PROTOBFF_WITHOUT_JAVA === "1" ? test.skip : test;

corpus(`${COUNT} times of seed ${SEED} are as java.time has them`, { timeout: 120_000 }, () => {
  const all = questions(SEED, COUNT);
  const answers = java(all);
  const different = all.flatMap((question, index) => {
    const [mine, theirs] = [ours(question), answers[index]];
    return mine === theirs ? [] : [`${line(question)}: ${mine}, java.time ${theirs}`];
  });
  expect(answers).toHaveLength(COUNT);
  expect(different.slice(0, 20)).toEqual([]);
});
