/** Why a connection has ended. Several addresses that have all failed are an AggregateError, whose own message is empty. */
export function described(error: Error | undefined): string {
  if (error instanceof AggregateError && error.message === "") return error.errors.map(String).join(", ");
  return error?.message ?? "the connection was closed";
}
