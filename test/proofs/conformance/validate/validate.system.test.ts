// buf.validate's official conformance runner, which is built with Go; PROTOBFF_WITHOUT_GO=1 says that there is none.
import { describe, expect, test } from "vitest";
import { runConformance } from "./conformance.ts";

describe.skipIf(process.env.PROTOBFF_WITHOUT_GO === "1")("buf.validate's conformance", () => {
  test("emitted code passes all cases, at least 2800", async () => {
    const { passed, failed, text, samples } = await runConformance();
    expect(failed, text.slice(0, 20_000)).toBe(0);
    expect(passed).toBeGreaterThanOrEqual(2_800);
    // Those of its messages that can be valid: where a rule is in CEL, as 130 of them have it, a sample may break it.
    expect(samples.flatMap(({ wrong }) => wrong)).toEqual([]);
    const broken = samples.flatMap(({ broken }) => broken);
    const sum = samples.reduce((total, { messages }) => total + messages, 0);
    console.log(`${sum - broken.length} of ${sum} messages that can be valid have a valid sample`);
    expect(sum).toBeGreaterThan(700);
    expect(broken.length).toBeLessThan(140);
    // What is near to now cannot be told.
    const WITHOUT_CEL =
      /\[(string|bytes|bool|enum|u?int(32|64)|s?fixed(32|64)|float|double|duration|timestamp|repeated|map|field_mask)\.(?!within)[a-z_]+\]/;
    expect(broken.filter((line) => WITHOUT_CEL.test(line) && !line.includes("Predefined"))).toEqual([]);
  }, 600_000);
});
