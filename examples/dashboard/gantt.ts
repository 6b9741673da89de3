/** One bar of a chart; times are milliseconds of one clock. */
export interface Span {
  readonly label: string;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Behind the times; an outcome other than good. */
  readonly note?: string;
}

/**
 * Draws one line per span in order of start, relative to `from`:
 *
 * ```
 * agent.GetSummary   ███████                     2 →  31 ms
 * user.BatchGetUsers        ████                32 →  46 ms
 * ```
 */
export function gantt(spans: readonly Span[], from: number, to: number, width = 40): string[] {
  const total = Math.max(to - from, 1);
  const column = (at: number) => Math.min(width, Math.max(0, Math.round(((at - from) / total) * width)));
  const labelWidth = Math.max(0, ...spans.map((span) => span.label.length));
  const digits = String(Math.round(total)).length;
  const ms = (at: number) => String(Math.max(0, Math.round(at - from))).padStart(digits);
  return [...spans]
    .sort((a, b) => a.startedAt - b.startedAt)
    .map((span) => {
      const start = Math.min(column(span.startedAt), width - 1);
      const bar = "█".repeat(Math.max(1, column(span.endedAt) - start));
      const line = `${span.label.padEnd(labelWidth)}  ${(" ".repeat(start) + bar).padEnd(width)}  ${ms(span.startedAt)} → ${ms(span.endedAt)} ms`;
      return span.note === undefined ? line : `${line}  ${span.note}`;
    });
}
