const CONFORMANCE = "only CEL's conformance suite turns on what this is about";

/**
 * Sites whose diagnostics no golden can show, each with the reason. A site is named as in `npm run checks:mutate`. An
 * entry must be removed when a golden notices its site, or when the site no longer exists.
 */
export const SILENT: Readonly<Record<string, string>> = {
  "cel/syntax/parse.ts #unsupported BFF301": CONFORMANCE,
  "cel/check/call.ts local BFF302": CONFORMANCE,
  "cel/check/call.ts checkExtension BFF303": CONFORMANCE,
  "cel/check/name.ts extensionOf BFF303": CONFORMANCE,
  "cel/check/enum.ts checkOpenEnum BFF305": CONFORMANCE,
  "cel/check/enum.ts checkOpenEnum BFF305 (2)": CONFORMANCE,
  "cel/check/call.ts checkExtension BFF313": CONFORMANCE,
  "cel/syntax/parse.ts parseExpression BFF301": "an empty expression is told when its option is read, with BFF109",
};
