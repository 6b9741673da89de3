// Environment variables under their names in generated code.

import type { PlanEnvVar } from "../../plan/model/inputs.ts";
import type { Line } from "../text/lines.ts";
import { type FileNames, protoType } from "./file-names.ts";

export function envName({ variable }: PlanEnvVar): string {
  return variable.name.slice("env.".length);
}

/** `REGION: string` */
export function envProperty(entry: PlanEnvVar, names: FileNames): Line {
  const { proto } = entry.variable;
  return [`${envName(entry)}: `, ...(proto === undefined ? ["unknown"] : protoType(proto, names))];
}
