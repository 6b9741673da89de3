import { expect, test } from "vitest";
import { hostFaults } from "./host-faults.ts";

const faulty = (hosts: readonly string[], env: unknown) =>
  hostFaults([{ hosts }, {}], env).map(({ variable, problem }) => [variable, problem]);

test("well-formed hosts have no fault", () => {
  expect(faulty(["shop.example", "*.stores.example"], { HOST: "" })).toEqual([]);
});

test.each([
  ["https://shop.example", { HOST: "https://shop.example", OTHER: "x" }, "HOST"],
  ["eu.Shop.Example", { HOST: "Shop.Example" }, "HOST"],
  ["shop.example:443", { shopV1: { HOST: "shop.example:443" }, webV1: { ANY: "any" } }, "HOST"],
  ["eu.", { HOST: "", LIMIT: 3n }, "HOST"],
  ["a_b.example", { PREFIX: "a_b" }, "PREFIX"],
])("%j names the variable that makes it", (host, env, variable) => {
  expect(faulty([host], env)).toEqual([[variable, `makes the host ${JSON.stringify(host)}, which is none`]]);
});
