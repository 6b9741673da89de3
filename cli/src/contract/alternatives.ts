// Alternatives to a change that breaks a consumer, for the team of the upstream.
import type { DriftCode, Facts } from "protoc-gen-bff/compiler";

export const INSTEAD = {
  gone: (consumer: string): string =>
    `keep it, mark it \`deprecated = true\`, and remove it once a contract of ${consumer} no longer has it`,
  renamed: (name: string): string =>
    `keep the name "${name}": consumers that build with the new protos no longer find it, and JSON uses names`,
  change: (code: DriftCode, facts: Facts, consumer: string): string => {
    const alternative = BY_CODE[code];
    const kind = facts.kind === "value" ? "value" : facts.kind;
    return (
      alternative ??
      `leave this ${kind} as it is, add another one beside it, and drop this one once a contract of ${consumer} no longer has it`
    );
  },
} as const;

const BY_CODE: Partial<Readonly<Record<DriftCode, string>>> = {
  BFF913: "restore its number, and use a new number for the new one: the wire format contains only the number",
  BFF917: "leave this method as it is, and add another one that streams",
  BFF918: "restore the level, or add another method for the side effects",
  BFF921: "keep the old path too, in `additional_bindings`: servers that are running call it",
  BFF922: "restore the old default: consumers that leave the field out mean that value",
  BFF923: "restore its old `json_name`",
};
