// `protobff contract uses`: what an upstream's team may not break, from the lock.
import { resolve } from "node:path";
import type { Command } from "commander";
import { describeUses, parseLock, tryRead } from "protoc-gen-bff/compiler";
import { Refusal, type Terminal } from "../terminal.ts";

/** `protobff contract uses --upstream billing.v1.BillingService` */
export function addUses(contract: Command, terminal: Terminal): void {
  contract
    .command("uses")
    .description("lists the parts of an upstream that BFFs use, which its team must not break")
    .requiredOption("--upstream <service>", "name of the service, as in billing.v1.BillingService")
    .option("--lock <file>", "lock file that `buf generate` writes", "bff.lock.json")
    .action(({ upstream, lock }: { readonly upstream: string; readonly lock: string }) => {
      terminal.write(uses(upstream, lock, terminal.cwd));
    });
}

function uses(upstream: string, path: string, cwd: string): string {
  const text = tryRead(resolve(cwd, path));
  if (text === undefined)
    throw new Refusal(`there is no "${path}": run \`buf generate\`, or name the lock with --lock`);
  const lock = parseLock(text, path);
  if ("message" in lock)
    throw new Refusal(`${path}:${lock.at.line}:${lock.at.column}: "${path}" cannot be read: ${lock.message}`);
  const found = describeUses(lock, upstream);
  if (found.text !== undefined) return found.text;
  const uses = found.known.length === 0 ? "none" : found.known.join(", ");
  const hint = found.like === undefined ? `it uses ${uses}` : `did you mean "${found.like}"?`;
  throw new Refusal(`"${path}" has no use of "${upstream}": ${hint}`);
}
