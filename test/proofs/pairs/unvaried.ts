// Options and variables that no level sets, by name, with the reason. The list only shrinks.
export const UNVARIED: Readonly<Record<string, string>> = {
  BFF_MCP_HEADERS: "headers of requests over standard input; the servers of rows have clients over the network only",
  NATS_CREDS:
    "a file with a login at NATS: once connected, nothing differs from a login by NATS_TOKEN, which rows have",
};
