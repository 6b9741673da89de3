// Checks of MCP's conformance suite that this server cannot pass, with the reason.

export interface Exception {
  readonly scenario: RegExp;
  /** Undefined: every check of the scenario. */
  readonly check?: RegExp;
  readonly reason: string;
}

const NO_CAPABILITY = "The server offers tools alone, and declares no other capability.";
const OTHER_CONTENT = "Tools return JSON and its text, no images, sounds and embedded resources.";
const FIXED_TOOL = "The suite prescribes the tool's schema or question, which protos and confirmations do not have.";
const SESSIONS = "The server is stateless: it has no session ids and sends no requests to clients.";

export const EXCEPTIONS: readonly Exception[] = [
  { scenario: /^(?:prompts|resources|completion|logging)-/, reason: NO_CAPABILITY },
  { scenario: /^sep-2164-resource-not-found$/, reason: NO_CAPABILITY },
  { scenario: /^caching$/, check: /^sep-2549-(?:prompts|resources)-/, reason: NO_CAPABILITY },
  { scenario: /^input-required-result-non-tool-request$/, reason: NO_CAPABILITY },
  { scenario: /^tools-call-with-logging$/, reason: NO_CAPABILITY },
  { scenario: /^tasks-/, reason: "Tasks are an extension, and streams report progress instead." },
  { scenario: /^tools-call-(?:image|audio|embedded-resource|mixed-content)$/, reason: OTHER_CONTENT },
  { scenario: /^tools-call-(?:sampling|elicitation)$/, reason: SESSIONS },
  { scenario: /^elicitation-sep\d+-(?:defaults|enums)$/, reason: SESSIONS },
  { scenario: /^server-sse-(?:polling|multiple-streams)$/, check: /-session$/, reason: SESSIONS },
  { scenario: /^server-session-lifecycle$/, reason: SESSIONS },
  { scenario: /^json-schema-2020-12$/, reason: FIXED_TOOL },
  { scenario: /^http-custom-header-server-validation$/, reason: "No schema has x-mcp-header." },
  { scenario: /^input-required-result-(?:basic-elicitation|multi-round|request-state)$/, reason: FIXED_TOOL },
  { scenario: /^input-required-result-multiple-input-requests$/, reason: FIXED_TOOL },
  { scenario: /^input-required-result-basic-(?:sampling|list-roots)$/, reason: "Questions are forms alone." },
  {
    scenario: /^input-required-result-capability-check$/,
    reason: "The check wants a question by sampling. Without elicitation the server returns -32021 instead.",
  },
  {
    scenario: /^input-required-result-ignore-extra-params$/,
    reason: "The check wants a run without a state, which would be a run without its user.",
  },
  {
    scenario: /^server-stateless$/,
    check: /^sep-2575-(?:server-rejects-undeclared-capability|missing-capability-http-400)$/,
    reason: "The check wants -32021 for sampling, which no tool needs. Another test has it for elicitation.",
  },
  {
    scenario: /^server-stateless$/,
    check: /-(?:subscription|subscription-id|subscription-ack|notification-filter)$/,
    reason: NO_CAPABILITY,
  },
];
