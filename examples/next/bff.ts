import type { Bff } from "@protobff/server/embed";
import { openBff } from "./gen/shop/v1/bff";

const kept = globalThis as { bff?: Promise<Bff> };

/** Returns the BFF of this process: one for all routes, and over reloads of `next dev`. */
export const bff = (): Promise<Bff> => {
  kept.bff ??= openBff({ basePath: "/api" });
  return kept.bff;
};
