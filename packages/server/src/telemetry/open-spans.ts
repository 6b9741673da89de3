// Opens the configured sink of kept spans. A module is imported only when traces are on, and only the module of the
// configured way.
import type { OpenSpans, OpenSpansOptions, OtlpConfig } from "./otlp.ts";

export async function openSpans(
  to: { readonly to: "otlp"; readonly otlp: OtlpConfig } | { readonly to: "sdk" },
  options: OpenSpansOptions,
): Promise<OpenSpans> {
  if (to.to === "sdk") return (await import("./sdk.ts")).openSdk(options);
  return (await import("./otlp.ts")).openOtlp(to.otlp, options);
}
