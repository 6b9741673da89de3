import type { DescField, DescMessage, Message } from "@bufbuild/protobuf";
import type { Clock } from "../clock.ts";
import { clientFault, type Failure } from "../failure.ts";
import { PageTokens } from "../sealing/page-tokens.ts";
import type { Sealer } from "../sealing/sealer.ts";
import { fieldValue } from "../selection/field-value.ts";
import type { Masks } from "../selection/masks.ts";
import type { Gate } from "./gates.ts";

/** Pages of an RPC's answers. */
export interface Pages {
  /** Undefined: only page sizes. */
  readonly sealer?: Sealer | undefined;
  /** Fields of the request with page sizes, by their proto names. */
  readonly sizes?: readonly string[] | undefined;
  /** Fields of the request with page tokens. */
  readonly tokens?: readonly string[] | undefined;
  /** Fields of the principal that tokens are bound to, in proto names. Default: the whole principal. */
  readonly caller?: readonly string[] | undefined;
  /** True for an RPC that is public and does not read its caller: its tokens open for every caller. */
  readonly public?: boolean | undefined;
}

/** Checks the page sizes and page tokens of a request, with one text for every bad token. */
export function pagesGate<App, Args extends Message, Principal>(
  { sealer, sizes = [], tokens = [], caller: fields, public: open = false }: Pages,
  {
    method,
    input,
    clock,
    masks,
  }: {
    readonly method: string;
    readonly input: DescMessage;
    readonly clock: Clock;
    readonly masks: Masks | undefined;
  },
): Gate<App, Args, Principal> {
  const [sizeFields, tokenFields] = [sizes, tokens].map((names) => names.map((name) => fieldOf(input, name)));
  if (sizeFields === undefined || tokenFields === undefined) throw new TypeError("pages without fields");
  const binding = sealer && { sealer, method, input, free: [...sizeFields, ...tokenFields], fields, clock };
  return {
    pass: ({ exchange }, args): Failure | undefined => {
      for (const field of sizeFields)
        if (Number(fieldValue(args, field) ?? 0) < 0) return clientFault(`${field.name}: must not be negative`);
      if (binding === undefined) return undefined;
      // The mask may differ from page to page.
      const pages = new PageTokens(
        binding,
        masks?.without(args) ?? args,
        open ? undefined : exchange.headers.authentication?.caller,
      );
      exchange.gates.pages = pages;
      for (const field of tokenFields)
        if (pages.open(String(fieldValue(args, field) ?? "")) === undefined) return clientFault("page_token");
      return undefined;
    },
  };
}

function fieldOf(input: DescMessage, name: string): DescField {
  const field = input.fields.find((candidate) => candidate.name === name);
  if (field === undefined) throw new TypeError(`"${input.typeName}" has no field "${name}"`);
  return field;
}
