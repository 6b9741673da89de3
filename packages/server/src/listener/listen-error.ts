export const LISTEN_VARIABLES = { host: "HOST", port: "PORT" };
export const ADMIN_VARIABLES = { host: "BFF_ADMIN_HOST", port: "BFF_ADMIN_PORT" };

/** Address on which listening failed, and the variables that set it. */
export interface RequestedPort {
  readonly host: string;
  readonly port: number;
  readonly variables: { readonly host: string; readonly port: string };
}

/** Why it could not, and what to do. */
export function explainListenError(error: unknown, { host, port, variables }: RequestedPort): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "EADDRINUSE":
      return `port ${port} of ${host} is already in use; set ${variables.port} to another one (0 picks a free port)`;
    case "EACCES":
      return `port ${port} of ${host} may not be used by this user; set ${variables.port} to one above 1023`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `${host} is not an address of this machine; set ${variables.host} to one, or to 0.0.0.0 for all`;
    default:
      return `cannot listen on port ${port} of ${host}: ${error instanceof Error ? error.message : String(error)}`;
  }
}
