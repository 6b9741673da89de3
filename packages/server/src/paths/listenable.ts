import type { Endpoint } from "@protobff/runtime/internal/endpoint/endpoint-options";

/** The parts of a unary endpoint that `listen` needs. Connect's adapter alone serves an endpoint without `run`. */
export type Listenable = Pick<Endpoint, "method" | "codec" | "maxElements" | "hosts" | "http" | "rest" | "version"> &
  Pick<Endpoint, "route" | "headerNames" | "priority" | "behind" | "share"> &
  Partial<Pick<Endpoint, "run" | "authenticate" | "refused" | "traffic">>;
