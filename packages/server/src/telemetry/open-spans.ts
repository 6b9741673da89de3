// Where kept spans go, by the configuration. Nothing of it is loaded where there are no traces, and of the two ways only the one that is taken.
import type { OpenSpans, OpenSpansOptions, OtlpConfig } from "./otlp.ts";

export async function openSpans(
  to: { readonly to: "otlp"; readonly otlp: OtlpConfig } | { readonly to: "sdk" },
  options: OpenSpansOptions,
): Promise<OpenSpans> {
  if (to.to === "sdk") return (await import("./sdk.ts")).openSdk(options);
  return (await import("./otlp.ts")).openOtlp(to.otlp, options);
}
