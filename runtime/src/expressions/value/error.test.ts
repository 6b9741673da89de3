import { expect, it } from "vitest";
import * as expressions from "../index.ts";
import { matches } from "../patterns.ts";
import { ExpressionError } from "./error.ts";

const VALUE = "bea@example.org";

/** Evaluations that fail because of the value. */
const FAILING: Readonly<Record<string, () => unknown>> = {
  "an int": () => expressions.toInt(VALUE),
  "a uint": () => expressions.toUint(VALUE),
  "a double": () => expressions.toDouble(VALUE),
  "a bool": () => expressions.toBool(VALUE),
  "a duration": () => expressions.toDuration(VALUE),
  "a timestamp": () => expressions.toTimestamp(VALUE),
  "a value of an enum": () => expressions.enumNumber({}, VALUE),
  "a pattern": () => matches("", `(${VALUE}`),
};

it.each(Object.entries(FAILING))("the error of a text that is not %s does not contain the text", (_, evaluate) => {
  const failure = (): unknown => {
    try {
      return evaluate();
    } catch (thrown) {
      return thrown;
    }
  };
  expect(failure()).toBeInstanceOf(ExpressionError);
  expect(String(failure())).not.toContain("bea");
});
