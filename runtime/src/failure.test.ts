// Compares the numbers that clients read with their sources: the proto, and gRPC's own numbers.
import { readFileSync } from "node:fs";
import { Code as ConnectCode } from "@connectrpc/connect";
import { status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { callFailure } from "./call/call-failure.ts";
import { blamed, Code, type Fault, invalid, MASKED, Misfit, masked, Reason } from "./failure.ts";

const numbers = (found: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(found).filter(([name]) => Number.isNaN(Number(name))));

test("a reason has the number of bff.v1.Degradation.Reason", () => {
  const proto = readFileSync(new URL("../../proto/bff/v1/degradation.proto", import.meta.url), "utf8");
  const declared = [...proto.matchAll(/^ *REASON_(\w+) = (\d+);/gm)].map(([, name = "", number]) => [
    name,
    Number(number),
  ]);
  expect(declared.length).toBeGreaterThan(6);
  expect({ UNSPECIFIED: 0, ...Reason }).toEqual(Object.fromEntries(declared));
});

test("a code has gRPC's number", () => {
  expect(Code).toEqual(numbers(status));
  expect(Object.values(Code).filter((code) => code !== Code.OK)).toEqual(Object.values(numbers(ConnectCode)));
});

test("a value that cannot be sent is the client's fault if its fields are named, and otherwise an internal error", () => {
  const failure = (part: string) => {
    const misfit = new Misfit(part, "does not fit /* of the path", "a path of another form");
    return invalid("", misfit.message, misfit);
  };
  const fields = { name: "shelf or book" };
  expect(blamed(failure("name"), fields)).toMatchObject({
    clientCode: Code.INVALID_ARGUMENT,
    reason: Reason.INVALID,
    message: "name does not fit /* of the path",
    clientMessage: "the value of shelf or book is not accepted here: it results in a path of another form",
  });
  // Every object has a member of this name.
  for (const ours of [failure("parent"), failure("constructor"), invalid("", "another cause")]) {
    expect(blamed(ours, fields)).toBe(ours);
    expect(blamed(ours, undefined)).toBe(ours);
  }
});

test("texts of upstreams and of codecs are masked for logs, and rules still read an upstream's text", () => {
  const fault = (kind: Fault["kind"], upstreamText?: string): Fault => ({
    kind,
    code: Code.NOT_FOUND,
    message: "no ann",
    upstreamText,
  });
  const failure = (of: Fault) => callFailure(masked(of), "a.v1.A/Get").forWaiter();
  expect(failure(fault("status", "no ann"))).toMatchObject({ message: "no ann", logText: MASKED });
  expect(failure(fault("status", "no ann")).asItCame.message).toBe("no ann");
  for (const kind of ["invalid", "unsendable"] as const)
    expect(failure(fault(kind))).toMatchObject({ message: MASKED, logText: MASKED });
  // These texts are ours.
  for (const kind of ["status", "transport", "unprocessed"] as const)
    expect(failure(fault(kind)).logText).toBe("no ann");
  expect(callFailure(fault("status", "no ann"), "a.v1.A/Get")).toMatchObject({ message: "no ann", logText: "no ann" });
});
