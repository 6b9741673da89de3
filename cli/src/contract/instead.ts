// Alternatives to a change that breaks a consumer, for the team of the upstream.
import type { DriftCode, Facts } from "protoc-gen-bff/compiler";

export const INSTEAD = {
  gone: (consumer: string): string =>
    `keep it, mark it \`deprecated = true\`, and take it out once a contract of ${consumer} no longer has it`,
  renamed: (name: string): string =>
    `keep the name "${name}": who builds with the new protos no longer finds it, and JSON goes by names`,
  change: (code: DriftCode, facts: Facts, consumer: string): string => {
    const given = BY_CODE[code];
    const kind = facts.kind === "value" ? "value" : facts.kind;
    return (
      given ??
      `leave this ${kind} as it is, add another one beside it, and drop this one once a contract of ${consumer} no longer has it`
    );
  },
} as const;

const BY_CODE: Partial<Readonly<Record<DriftCode, string>>> = {
  BFF913: "give it its number back, and take a new number for what is new: on the wire the number is all that there is",
  BFF917: "leave this method as it is, and add another one that streams",
  BFF918: "give the level back, or add another method for what has side effects",
  BFF921: "keep the old path too, in `additional_bindings`: servers that are running call it",
  BFF922: "give it the old default back: who leaves the field out means that value",
  BFF923: "give it its old `json_name` back",
};
