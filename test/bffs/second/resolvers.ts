// The functions of the second BFF: pure, so that the oracle can run them too. `BFF_RESOLVERS` of its servers leads here.
import { isReflectMessage } from "@bufbuild/protobuf/reflect";
import type { Resolvers } from "../../proofs/oracle/response.ts";

interface Column {
  readonly args: { readonly id: string };
  readonly steps: {
    readonly rating: { readonly count: number } | undefined;
    readonly verdict: string | undefined;
  };
}

export const resolvers = {
  productColumnBlurb({ args, steps: { rating, verdict } }: Column): string | undefined {
    if (args.id.endsWith("3")) throw new Error("nobody writes about these");
    return rating === undefined ? undefined : `${args.id}: ${verdict ?? "no verdict"} of ${rating.count}`;
  },
};

/** The same over the oracle's values. */
export const oracleResolvers: Resolvers = new Map<string, ReturnType<Resolvers["get"]> & object>([
  [
    "shop.v1.ProductColumn.blurb",
    (args, steps) => resolvers.productColumnBlurb({ args: plain(args), steps: plain(steps) } as unknown as Column),
  ],
]);

function plain(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const all = Object.entries(values);
  return Object.fromEntries(all.map(([name, of]) => [name, isReflectMessage(of) ? of.message : of]));
}
