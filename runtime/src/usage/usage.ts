import { type UsageEvent, type UsageEvents, usageJson } from "./usage-event.ts";
import type { UsageQueue } from "./usage-queue.ts";

/** Usage events of a process: those with a subject for JetStream, others for a file. */
export class Usage implements UsageEvents {
  readonly #stream: UsageQueue | undefined;
  readonly #file: UsageQueue | undefined;

  /** @param queues Without `stream`, events with a subject are for the file. Without both, they are dropped. */
  constructor({ stream, file }: { readonly stream?: UsageQueue; readonly file?: UsageQueue }) {
    this.#stream = stream;
    this.#file = file;
  }
  record(event: UsageEvent, subject: string | undefined): void {
    const queue = (subject === undefined ? undefined : this.#stream) ?? this.#file;
    queue?.add({ id: event.id, subject: subject ?? "", text: usageJson(event) });
  }
  get lost(): number {
    return (this.#stream?.lost ?? 0) + (this.#file?.lost ?? 0);
  }
  async close(withinMs: number): Promise<void> {
    await Promise.all([this.#stream?.close(withinMs), this.#file?.close(withinMs)]);
  }
}
