import type { Message } from "@bufbuild/protobuf";
import { Failure } from "../failure.ts";
import { FIELDS_HEADER, type Masks } from "../selection/masks.ts";
import type { Gate } from "./gates.ts";

/** Writes the header `bff-fields` into the request, before any other gate reads the request. */
export function maskHeaderGate<App, Args extends Message, Principal>(masks: Masks): Gate<App, Args, Principal> {
  return { pass: ({ exchange }, args) => masks.join(args, exchange.headers.get(FIELDS_HEADER)) };
}

/** Selects the fields of the answer. */
export function maskGate<App, Args extends Message, Principal>(masks: Masks): Gate<App, Args, Principal> {
  return {
    pass: ({ exchange }, args): Failure | undefined => {
      const chosen = masks.chosen(args);
      if (chosen instanceof Failure) return chosen;
      exchange.gates.chosen = chosen;
      return undefined;
    },
  };
}
