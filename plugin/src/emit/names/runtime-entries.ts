const RUNTIME = "@protobff/runtime";

/** Names that generated code imports, by their entry point of the runtime. A process loads only those that its BFF uses. */
const ENTRIES = {
  expressions: ["cel", "customFunctions"],
  "fair-share": ["FairShare"],
  identity: ["Identity", "IdentitySpec", "apiKey", "assertion", "identity", "jwt", "peer", "trusted"],
  limits: ["Limits", "RateLimit"],
  live: ["liveEndpoint"],
  pages: ["Sealer"],
  patterns: ["patterns"],
  stream: ["StreamEndpoint", "callSource", "partsEndpoint", "streamEndpoint"],
  topic: ["Topic", "Topics", "topicSource"],
  usage: ["UsageEvents"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

const entryOf = new Map<string, string>(
  Object.entries(ENTRIES).flatMap(([entry, names]) => names.map((name) => [name, `${RUNTIME}/${entry}`] as const)),
);

/** Functions of expressions with regular expressions. */
const PATTERNS: ReadonlySet<string> = new Set(["extract", "extractAll", "matches", "pattern", "replacePattern"]);

/** Returns the entry point that exports a name; the main one exports all names without a row. */
export const runtimeEntry = (name: string): string => entryOf.get(name) ?? RUNTIME;

/** Returns the object that has a function of expressions. */
export const celObject = (fn: string): "cel" | "patterns" => (PATTERNS.has(fn) ? "patterns" : "cel");
