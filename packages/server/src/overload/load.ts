/** `shedding`: some requests are refused; `overloaded`: most are, and balancers must choose another server. */
export type Load = "calm" | "shedding" | "overloaded";

/** Readiness of a server. `overloaded` only with BFF_SHED_READYZ. */
export type ReadyState = "starting" | "ready" | "overloaded" | "draining";

/** Returns status and body of `/readyz`. */
export function readyAnswer(state: ReadyState, load: Load): { readonly status: number; readonly body: string } {
  if (state !== "ready") return { status: 503, body: `${state}\n` };
  return { status: 200, body: load === "calm" ? "ok\n" : "ok, shedding\n" };
}
