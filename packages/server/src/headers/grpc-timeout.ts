/** Milliseconds of each unit of `grpc-timeout`. */
const UNITS: ReadonlyMap<string, number> = new Map([
  ["H", 3_600_000],
  ["M", 60_000],
  ["S", 1_000],
  ["m", 1],
  ["u", 0.001],
  ["n", 0.000_001],
]);
const MAX_DIGITS = 8;

/**
 * Reads `grpc-timeout` (gRPC over HTTP/2, "Timeout"), in milliseconds. Undefined: malformed. Equals Connect's
 * `parseTimeout`, without a regular expression and an object for each request.
 */
export function grpcTimeoutMs(text: string): number | undefined {
  const digits = text.length - 1;
  if (digits < 1 || digits > MAX_DIGITS) return undefined;
  let amount = 0;
  for (let i = 0; i < digits; i++) {
    const digit = text.charCodeAt(i) - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    amount = 10 * amount + digit;
  }
  const unit = UNITS.get(text.charAt(digits));
  return unit === undefined ? undefined : unit * amount;
}
const ZERO = 0x30;
