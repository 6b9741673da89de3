// Settings of every peer's process: the composition's name as its argument, addresses in the variables of the generated
// servers.
import type { DescService } from "@bufbuild/protobuf";
import type { AnyComposition } from "./composition.ts";
import { compositions } from "./compositions.ts";

export function chosenComposition(): AnyComposition {
  const name = process.argv[2] ?? "";
  const chosen = compositions[name];
  if (chosen === undefined) throw new Error(`"${name}" is none of ${Object.keys(compositions).join(", ")}`);
  return chosen;
}

/** Returns the address of an upstream, from `<FULL_SERVICE_NAME>_URL`. */
export function addressOf(service: DescService): URL {
  const name = `${service.typeName.toUpperCase().replaceAll(".", "_")}_URL`;
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return new URL(value);
}

export const host = process.env.HOST ?? "127.0.0.1";
export const port = Number(process.env.PORT ?? 0);

export function ready(boundPort: number): void {
  process.stdout.write(`listening on http://${host}:${boundPort}\n`);
}

process.once("SIGTERM", () => process.exit(0));
