import { expect, test } from "vitest";
import { AnswerTime } from "./answer-time.ts";

function answersOf(ms: number): AnswerTime {
  const answers = new AnswerTime();
  for (let i = 0; i < 64; i++) answers.took(ms);
  return answers;
}

test.each([
  ["as fast as others", 4, 4, 1],
  ["that a busy machine delays", 4, 29, 1],
  ["that takes ten times as long, beyond noise", 100, 1_000, 9.75],
  ["slower by more than noise, of a fast method", 4, 65, 10],
  ["twice as fast as others", 100, 50, 0.5],
  ["of a method faster than this process", 0.5, 1, 0.25],
])("the slowness of an answer %s", (_, meanMs, tookMs, slowness) => {
  expect(answersOf(meanMs).slowness(tookMs)).toBeCloseTo(slowness);
});
