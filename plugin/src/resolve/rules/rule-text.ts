// Values as messages of violations show them.
import type { Time } from "../../model/rules.ts";

/** A double as CEL's `%s` writes it. */
export const numberText = (value: number): string => String(value);

/** `3600s`, `1.5s`; or a moment, as RFC 3339 writes it. */
export function timeText(kind: "duration" | "timestamp", { seconds, nanos }: Time): string {
  const fraction = (digits: number): string => String(Math.abs(digits)).padStart(9, "0").replace(/0+$/, "");
  if (kind === "duration") {
    const sign = seconds < 0n || nanos < 0 ? "-" : "";
    const whole = seconds < 0n ? -seconds : seconds;
    return `${sign}${whole}${nanos === 0 ? "" : `.${fraction(nanos)}`}s`;
  }
  const date = new Date(Number(seconds) * 1000);
  const text = Number.isNaN(date.getTime()) ? `${seconds}s` : date.toISOString().replace(/\.\d+Z$/, "");
  return `${text}${nanos === 0 ? "" : `.${fraction(nanos)}`}Z`;
}
