import { describe, expect, it } from "vitest";
import { callFailure } from "../call/call-failure.ts";
import { ExpressionError } from "../expressions/value/error.ts";
import { asFailure, Code, invalid, refusal } from "../failure.ts";
import { permitFailure } from "./permit-failure.ts";

describe("a permit without a decision", () => {
  it("the permit refuses with the fixed text if an expression fails, and the log gets the reason", () => {
    const failure = permitFailure(asFailure(new ExpressionError("no such key")));
    expect(failure).toMatchObject({ clientCode: Code.PERMISSION_DENIED, clientMessage: "permission denied" });
    expect(failure.refusal).toBe(true);
    expect(failure.message).toContain("no such key");
  });
  it("the permit refuses with the fixed text if a function of the user throws", () => {
    expect(permitFailure(asFailure("anything")).clientCode).toBe(Code.PERMISSION_DENIED);
  });
  it.each([Code.NOT_FOUND, Code.UNAUTHENTICATED, Code.PERMISSION_DENIED, Code.INVALID_ARGUMENT, Code.INTERNAL])(
    "the permit is UNAVAILABLE if the deciding upstream answers %i",
    (code) => {
      const failure = permitFailure(callFailure({ kind: "status", code, message: "its own words" }, "p.S/M"));
      expect(failure).toMatchObject({
        clientCode: Code.UNAVAILABLE,
        clientMessage: "unavailable",
        method: "p.S/M",
        code,
      });
    },
  );
  it("the permit is UNAVAILABLE if the upstream's answer does not decode", () => {
    expect(permitFailure(invalid("p.S/M", "no message")).clientCode).toBe(Code.UNAVAILABLE);
  });
  it("the permit keeps a deliberate refusal and a timeout", () => {
    const failure = refusal(Code.NOT_FOUND, "no page");
    expect(permitFailure(failure)).toBe(failure);
    const late = callFailure({ kind: "status", code: Code.DEADLINE_EXCEEDED, message: "" }, "p.S/M");
    expect(permitFailure(late)).toBe(late);
  });
});
