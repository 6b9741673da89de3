import { assertion } from "@protobff/runtime/internal/identity/assertion/assertion";
import { jwt } from "@protobff/runtime/internal/identity/jwt/jwt";
import { expect, test } from "vitest";
import { session } from "./session.ts";

test.each([
  ["jwt", (variables: string[]) => jwt({ name: "user", issuer: "", issuerVariables: variables, audience: ["a"] })],
  [
    "session",
    (variables: string[]) => session({ name: "user", issuer: "", issuerVariables: variables, clientId: "a" }),
  ],
  [
    "assertion",
    (variables: string[]) =>
      assertion({
        name: "user",
        issuer: "",
        issuerVariables: variables,
        keys: "https://id.example/keys",
        audience: ["a"],
      }),
  ],
])("an empty issuer of a %s is reported by the name of its variable", async (_, source) => {
  const named = async (variables: string[]) => {
    const faults: string[] = [];
    const settings = { optional: () => undefined, fault: (variable: string) => faults.push(variable) };
    await source(variables).configure?.(settings as never);
    return faults;
  };
  expect(await named(["OIDC_ISSUER"])).toContain("OIDC_ISSUER");
  expect(await named([])).toContain("issuer of source user");
});
