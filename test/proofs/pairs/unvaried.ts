const LIVE =
  "a live answer has no end, and rows wait for the end of each answer; live-answers.processes.test.ts has each protocol";

// Options and variables that no level sets, by name, with the reason. The list only shrinks.
export const UNVARIED: Readonly<Record<string, string>> = {
  BFF_MCP_HEADERS: "headers of requests over standard input; the servers of rows have clients over the network only",
  "Live.every": LIVE,
  "Live.follow": LIVE,
  "Live.jitter": LIVE,
  "Live.on": LIVE,
  NATS_CREDS:
    "a file with a login at NATS: once connected, nothing differs from a login by NATS_TOKEN, which rows have",
  "Stream.live": LIVE,
};
