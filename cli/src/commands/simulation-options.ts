// Options of the size of a simulation.
import { type Command, InvalidArgumentError } from "commander";
import { Refusal } from "../terminal.ts";

export interface SizeOptions {
  readonly requests: number;
  readonly runs: number;
  readonly seed: number;
  readonly json?: boolean;
}

/** Adds the options. */
export function addSize(command: Command, requests: number): Command {
  return command
    .option("--requests <count>", "number of simulated requests of each file with services", count, requests)
    .option("--runs <count>", "number of independent runs, for the intervals", count, 10)
    .option("--seed <number>", "seed of the random numbers", count, 1)
    .option("--json", "print JSON")
    .addHelpText("after", "\nExit codes: 0 a prediction; 1 a fault of the project; 2 a fault of the arguments.");
}

function count(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError("a whole number above 0 is needed, as in 1000");
  return Number(text);
}

/** Throws a `Refusal` if a run would have no request. */
export function checkSize({ requests, runs }: SizeOptions): void {
  if (requests < runs) throw new Refusal(`--requests ${requests} is below --runs ${runs}: write at least as many`, 2);
}
